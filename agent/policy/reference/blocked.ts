/** Follows the connections that detect lets go on although prevent would drop them. */

import type { ConnectionKey } from "./connection.ts";
import { connectionKey } from "./connection.ts";
import { isBareSyn, SYN } from "./flags.ts";
import type { Blocked, Flow, Flows } from "./flows.ts";
import { BANNED, comesBack, conversationOf, isIcmpError, isLaterFragment, opensFlow } from "./judgement.ts";
import type { Judgement, Meeting } from "./judgement.ts";
import { identityOf } from "./meters.ts";
import { type Opener, senderOf } from "./opener.ts";
import type { Packet, TransportHeader } from "./packet.ts";
import type { Questions } from "./questions.ts";
import { TCP } from "./transport.ts";

export class BlockedConnections {
  readonly #flows: Flows;
  readonly #questions: Questions;

  constructor(flows: Flows, questions: Questions) {
    this.#flows = flows;
    this.#questions = questions;
  }

  /** Judges a packet from or to a banned address. In detect its connection goes on, as one that prevent would not let begin. */
  judgeBanned(packet: Packet, { place, arrival }: Meeting): Judgement {
    const { transport } = packet;
    if (!this.#questions.detects || transport === undefined || isLaterFragment(packet) || isIcmpError(transport)) return BANNED;
    const conversation = conversationOf(packet, transport);
    const key = connectionKey(conversation, place);
    const flow = this.flowOf(key);
    if (flow !== undefined && !(hasEnded(flow) && isBareSyn(transport.tcpFlags))) return BANNED;
    const blocked = this.#flows.blockedOf(key);
    if (blocked !== undefined && isCarried(blocked, key, transport)) {
      this.#flows.block(key, { ...blocked, ...this.#causeOf(BANNED) });
      return { ...BANNED, isCarried: true };
    }
    this.keep(key, senderOf(conversation, arrival), packet, transport, BANNED);
    return BANNED;
  }

  /** Returns the flow of a connection. A blocked connection comes before a flow that had ended when the connection began. */
  flowOf(key: ConnectionKey): Flow | undefined {
    const flow = this.#flows.find(key);
    return hasEnded(flow) && this.#questions.detects && this.#flows.blockedOf(key)?.isMet === false ? undefined : flow;
  }

  /** Notes a packet that prevent would have met, and dropped. */
  keep(
    key: ConnectionKey,
    { conversation, direction, isSender }: Opener,
    packet: Packet,
    transport: TransportHeader,
    judgement: Judgement,
    opens = opensFlow(packet, transport),
  ): void {
    const cause = this.#causeOf(judgement);
    const isOpening = opens && isSender && (transport.protocol !== TCP || isBareSyn(transport.tcpFlags));
    const openerIsLow = isSender === key.sourceIsLow;
    const blocked = this.#flows.blockedOf(key);
    if (blocked !== undefined && !(isOpening && (blocked.isMet || blocked.openerIsLow !== openerIsLow)))
      this.#flows.block(key, { ...blocked, ...cause });
    else if (!isLaterFragment(packet) && !isIcmpError(transport))
      this.#flows.block(key, { ...cause, openerIsLow, opener: conversation, direction, isMet: !isOpening });
  }

  /** Notes a packet that prevent would have met, and let pass. The connection that it opens is not blocked. */
  pass(key: ConnectionKey): void {
    if (this.#flows.blockedOf(key)?.isMet === false) this.#flows.unblock(key);
  }

  /** Judges a packet that prevent would never have met, because it would have dropped the connection before; undefined for any other. */
  follow(key: ConnectionKey, transport: TransportHeader, meeting: Meeting): Judgement | undefined {
    const blocked = this.#flows.blockedOf(key);
    if (blocked === undefined || !isCarried(blocked, key, transport)) return undefined;
    const now = this.#isCurrent(blocked) ? blocked : this.#judgeAgain(blocked, meeting);
    if (now === undefined) {
      this.#flows.unblock(key);
      return undefined;
    }
    this.#questions.onStep({ followed: "blocked" });
    this.#flows.block(key, now);
    return carried(now);
  }

  /** Judges an ICMP error about a blocked connection; undefined if it is about no such connection. */
  followError(key: ConnectionKey, { arrival }: Meeting): Judgement | undefined {
    const blocked = this.#flows.blockedOf(key);
    if (blocked === undefined || blocked.isMet || !this.#isCurrent(blocked) || !comesBack(blocked, key, arrival)) return undefined;
    return carried(blocked);
  }

  /** Returns the part of a judgement that a blocked connection keeps. */
  #causeOf({ rule, reason }: Pick<Judgement, "rule" | "reason">): Pick<Blocked, "generation" | "rule" | "held" | "reason"> {
    const found = this.#questions.policy.rules.find(({ name }) => name === rule);
    return { generation: this.#questions.generation, rule, held: found && identityOf(found), reason };
  }

  #isCurrent({ generation, rule }: Blocked): boolean {
    return generation === this.#questions.generation && rule !== BANNED.rule;
  }

  /** Asks the rules of now about the packet that would open the connection. Returns undefined if they would let it pass. */
  #judgeAgain(blocked: Blocked, meeting: Meeting): Blocked | undefined {
    const { opener, direction, held, rule } = blocked;
    const tcpFlags = opener.protocol === TCP ? SYN : null;
    const asked = { conversation: opener, direction, isSender: true };
    const judgement = this.#questions.askAgain(asked, tcpFlags, held === undefined ? undefined : rule, meeting);
    return judgement?.action === "block" ? { ...blocked, ...this.#causeOf(judgement) } : undefined;
  }
}

export function hasEnded(flow: Flow | undefined): boolean {
  return flow?.segments?.closed === true;
}

function carried({ rule, reason }: Blocked): Judgement {
  return { action: "block", rule, staged: null, reason, isCarried: true };
}

/** Prevent meets the packets that open a connection which it drops: each SYN, or for other protocols each packet of the opener. */
function isCarried({ isMet, openerIsLow }: Blocked, { sourceIsLow }: ConnectionKey, { protocol, tcpFlags }: TransportHeader): boolean {
  if (isMet) return false;
  return protocol === TCP ? !isBareSyn(tcpFlags) : openerIsLow !== sourceIsLow;
}
