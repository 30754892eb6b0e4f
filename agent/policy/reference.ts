/**
 * The reference verdict: what the rules mean, told a second time and as plainly as possible. The conformance suite
 * holds the kernel programs to it. It reads raw frames and the configuration as written, and shares neither parsers,
 * nor tables, nor the packed form with them.
 *
 * Order for a packet: loopback, absolute failsafe, ban, malformed, flow, blocked connection, opener, management failsafe, rules, mode.
 * What passes advances state, what is dropped or would be does not, so that detect and prevent walk the same way.
 */

import type { Action } from "./rule.ts";
import type { Mode, Verdict } from "../values/traffic.ts";
import { rejectionFor, type Rejection } from "./reference/rejection.ts";
import { EMPTY_HOST, type Arrival, type Host } from "./reference/arrival.ts";
import { carriesFailsafe, innerAtDevice } from "./reference/tunnel-failsafe.ts";
import { connectionKey, type ConnectionKey } from "./reference/connection.ts";
import { isBanned, isDiscoveryOrDhcp, isManagement, isTrustedPeer } from "./reference/failsafe.ts";
import { isBareSyn, SYN } from "./reference/flags.ts";
import { type Blocked, type Flow, Flows } from "./reference/flows.ts";
import { advance, isFromItsSide, isOffer, isSucceeded, sentBy } from "./reference/following.ts";
import { Fragments } from "./reference/fragments.ts";
import {
  askAboutInvalid,
  askRules,
  conditionsOn,
  prepareRules,
  type Decision,
  type Policy,
  type PreparedRules,
  type Question,
} from "./reference/rules.ts";
import { connectionsKey, identityOf, Meters } from "./reference/meters.ts";
import { findOpener, senderOf, type Opener } from "./reference/opener.ts";
import type { Conversation, Inner, Packet, Reason, TransportHeader } from "./reference/packet.ts";
import { type EndNumber, Segments } from "./reference/segments.ts";
import { viewSets } from "./reference/sets.ts";
import { parseFrame, parseInner, type NotIp, type ParsedFrame } from "./reference/parse.ts";
import { type Relation, stateOf } from "./reference/relation.ts";
import { isReply, isError, TCP } from "./reference/transport.ts";
import type { Counted, SetView, Subject } from "./subject.ts";

export type { Rejection } from "./reference/rejection.ts";
export type { Arrival, Host, OwnEnds } from "./reference/arrival.ts";
export type { Policy } from "./reference/rules.ts";
export type { Reason } from "./reference/packet.ts";

export interface Outcome {
  verdict: Verdict;
  /** The operator's name, or `default`, `failsafe`, `ban`, `on_error`. */
  rule: string;
  /** The first rule before it that would drop if it were enforced. */
  staged: string | null;
  /** Why the packet could not be decided. */
  reason: Reason | null;
  /** What the sender of a dropped packet is told, unless too many were told in this second. */
  answer: Rejection | null;
}

/** What a verdict rests on: a question put to the rules, or what answered before they were asked. */
export type VerdictStep =
  | { asked: Subject; answer: Pick<Decision, "rule" | "staged"> }
  | { passedAs: "loopback" | "not_ip" | "discovery_or_dhcp" | "trusted_peer" | "tunnel_failsafe" | "management" }
  | { followed: "blocked" };

/** An outcome before the mode is read. */
interface Judgement extends Omit<Outcome, "verdict" | "answer"> {
  action: Action;
  answer?: Rejection | null;
  /** Prevent would never have met it. */
  isCarried?: true;
}

const ETHERTYPE_ARP = 0x0806;
const FAILSAFE: Judgement = { action: "allow", rule: "failsafe", staged: null, reason: null };
const BANNED: Judgement = { action: "block", rule: "ban", staged: null, reason: null };
/** Of a packet that is no part of a known connection. */
const UNRELATED: Relation = { state: "new", age: 0, settled: [] };
const NOT_JUDGED: Judgement = { ...FAILSAFE, rule: "default" };

export class Reference {
  readonly #host: Host;
  #flows = new Flows();
  #fragments = new Fragments();
  #meters = new Meters();
  #policy: Policy;
  #rules: PreparedRules;
  #sets: SetView;
  /** Of the packet that is judged. */
  #dscp: number | undefined;
  #vlan: number | undefined;
  #generation = 1;
  readonly #now: () => number;
  #onStep: (step: VerdictStep) => void = () => {};

  /** `now`: the time, in milliseconds since the epoch. */
  constructor(policy: Policy, host: Partial<Host> = {}, now: () => number = Date.now) {
    this.#now = now;
    this.#host = { ...EMPTY_HOST, ...host };
    this.#policy = policy;
    this.#rules = prepareRules(policy);
    this.#sets = viewSets(policy, this.#host);
  }

  /** Other rules from the next packet on; connections go on under them. */
  reload(policy: Policy): void {
    this.#policy = policy;
    this.#rules = prepareRules(policy);
    this.#sets = viewSets(policy, this.#host);
    this.#generation++;
    this.#flows.keepHeld(new Set(policy.rules.map(identityOf)));
  }

  /** After members of sets changed: connections ask again. */
  refresh(): void {
    this.#generation++;
  }

  /** As if no packet had been judged. */
  forget(): void {
    this.#flows = new Flows();
    this.#fragments = new Fragments();
    this.#meters = new Meters();
  }

  setMode(mode: Mode): void {
    this.#policy = { ...this.#policy, mode };
  }

  /** `onStep` is called with each step towards the verdict. */
  judge(arrival: Arrival, onStep: (step: VerdictStep) => void = () => {}): Outcome {
    this.#onStep = onStep;
    const { action, answer = null, isCarried, ...rest } = this.#judgeFrame(arrival);
    if (action === "allow") return { verdict: rest.reason === null ? "passed" : "undecided", ...rest, answer: null };
    const drops = this.#policy.mode === "prevent";
    return { verdict: drops ? "dropped" : isCarried ? "carried" : "would_drop", ...rest, answer: drops ? answer : null };
  }

  #judgeFrame(arrival: Arrival): Judgement {
    if (this.#host.loopback.includes(arrival.interface)) return this.#pass("loopback");
    const seen = parseFrame(arrival, this.#fragments);
    if (isNotIp(seen)) return this.#pass("not_ip", seen.etherType === ETHERTYPE_ARP ? FAILSAFE : NOT_JUDGED);
    const carried = seen.packet && (seen.packet.transport?.inner ?? innerAtDevice(seen.packet, this.#host));
    const safe = carried != null && seen.problem === undefined && carriesFailsafe(seen.packet!, carried, arrival, this.#policy, this.#host);
    const outer = this.#judgePacket(seen, arrival, safe);
    if (outer.action === "block" && seen.packet !== undefined && this.#rejects(outer.rule))
      return { ...outer, answer: rejectionFor(seen.packet, arrival) };
    const inner = seen.packet?.transport?.inner;
    if (outer === FAILSAFE || outer.action === "block" || outer.reason !== null || inner == null || !this.#policy.inspect_tunnels)
      return outer;
    return worse(outer, this.#judgeInner(seen.packet!, inner, arrival));
  }

  /** What a tunnel carries, or nothing to say where that is not IP. */
  #judgeInner(outer: Packet, inner: Inner, arrival: Arrival): Judgement {
    const seen = parseInner(outer, inner, arrival, this.#fragments);
    if (isNotIp(seen)) return NOT_JUDGED;
    const judgement = this.#judgePacket(seen, arrival);
    const deeper = seen.packet?.transport?.inner != null && judgement.action === "allow" && judgement.reason === null;
    return deeper ? { ...this.#undecided("tunnel_depth", arrival), staged: judgement.staged } : judgement;
  }

  /** One packet, be it the outer or the inner one of a tunnel. */
  #judgePacket({ packet, problem, place, vlan, inTunnel }: ParsedFrame, arrival: Arrival, carriesFailsafe = false): Judgement {
    if (packet !== undefined && !inTunnel) {
      if (problem === undefined && isDiscoveryOrDhcp(packet, arrival)) return this.#pass("discovery_or_dhcp");
      if (carriesFailsafe || isTrustedPeer(packet, arrival, this.#policy, this.#host)) {
        if (problem === undefined) this.#followTrusted(packet, place, arrival);
        return this.#pass(carriesFailsafe ? "tunnel_failsafe" : "trusted_peer");
      }
    }
    if (packet !== undefined && isBanned(packet, arrival, this.#host))
      return problem === undefined ? this.#judgeBanned(packet, place, arrival) : BANNED;
    if (packet === undefined || problem !== undefined) return this.#undecided(problem ?? "ethernet_truncated", arrival);
    this.#dscp = packet.dscp;
    this.#vlan = vlan;
    if (packet.transport === undefined) return this.#judgeWithoutTransport(packet, arrival);
    if (isIcmpError(packet.transport)) return this.#judgeError(packet, packet.transport, place, arrival, inTunnel);
    return this.#judgeConversation(packet, packet.transport, place, arrival, inTunnel);
  }

  /** A later fragment whose first was not seen: ports, messages and flags are unknown; of IPv6 the protocol too. */
  #judgeWithoutTransport(packet: Packet, arrival: Arrival): Judgement {
    const counted = new Map<string, Counted>();
    const subject: Subject = {
      direction: arrival.hook,
      interface: arrival.interface,
      source: packet.source,
      destination: packet.destination,
      protocol: packet.headerProtocol ?? undefined,
      ports: undefined,
      icmp: undefined,
      tcpFlags: undefined,
      state: undefined,
      vlan: undefined,
      dscp: undefined, // a rule that asks each packet is in doubt about a connection that is not known
      age: undefined,
      process: arrival.process,
      sets: this.#sets,
      now: this.#now(),
      counted,
    };
    const answer = this.#askRules({ subject, counted });
    if (answer.action === undefined) return this.#undecided("fragment_without_first", arrival);
    return { ...answer, action: answer.action, reason: null };
  }

  /** In detect its connection goes on, as one that prevent would not let begin. */
  #judgeBanned(packet: Packet, place: string, arrival: Arrival): Judgement {
    const { transport } = packet;
    if (!this.#detects || transport === undefined || isLaterFragment(packet) || isIcmpError(transport)) return BANNED;
    const conversation = conversationOf(packet, transport);
    const key = connectionKey(conversation, place);
    const flow = this.#flowOf(key);
    if (flow !== undefined && !(hasEnded(flow) && isBareSyn(transport.tcpFlags))) return BANNED;
    const blocked = this.#flows.blockedOf(key);
    if (blocked !== undefined && isCarried(blocked, key, transport)) {
      this.#flows.block(key, { ...blocked, ...this.#said(BANNED) });
      return { ...BANNED, isCarried: true };
    }
    this.#keepBlocked(key, senderOf(conversation, arrival), packet, transport, BANNED);
    return BANNED;
  }

  /** A blocked connection comes before a flow that had ended when that began. */
  #flowOf(key: ConnectionKey): Flow | undefined {
    const flow = this.#flows.find(key);
    return hasEnded(flow) && this.#detects && this.#flows.blockedOf(key)?.isMet === false ? undefined : flow;
  }

  get #detects(): boolean {
    return this.#policy.mode === "detect";
  }

  /** A packet that prevent would have met, and dropped. */
  #keepBlocked(
    key: ConnectionKey,
    { conversation, direction, isSender }: Opener,
    packet: Packet,
    transport: TransportHeader,
    judgement: Judgement,
    opens = opensFlow(packet, transport),
  ): void {
    const said = this.#said(judgement);
    const isOpening = opens && isSender && (transport.protocol !== TCP || isBareSyn(transport.tcpFlags));
    const openerIsLow = isSender === key.sourceIsLow;
    const blocked = this.#flows.blockedOf(key);
    if (blocked !== undefined && !(isOpening && (blocked.isMet || blocked.openerIsLow !== openerIsLow)))
      this.#flows.block(key, { ...blocked, ...said });
    else if (!isLaterFragment(packet) && !isIcmpError(transport))
      this.#flows.block(key, { ...said, openerIsLow, opener: conversation, direction, isMet: !isOpening });
  }

  /** A blocked connection keeps this part of the judgement that blocks it. */
  #said({ rule, reason }: Pick<Judgement, "rule" | "reason">): Pick<Blocked, "generation" | "rule" | "held" | "reason"> {
    const found = this.#policy.rules.find(({ name }) => name === rule);
    return { generation: this.#generation, rule, held: found && identityOf(found), reason };
  }

  /** A packet that prevent would have met, and let pass: what it opens is no blocked connection. */
  #passBlocked(key: ConnectionKey): void {
    if (this.#flows.blockedOf(key)?.isMet === false) this.#flows.unblock(key);
  }

  /** A packet that prevent would never have met, because it would have dropped the connection before; undefined if it has to be judged. */
  #follow(blocked: Blocked, key: ConnectionKey, arrival: Arrival, inTunnel: boolean): Judgement | undefined {
    const now = this.#isCurrent(blocked) ? blocked : this.#judgeAgain(blocked, arrival, inTunnel);
    if (now === undefined) {
      this.#flows.unblock(key);
      return undefined;
    }
    this.#onStep({ followed: "blocked" });
    this.#flows.block(key, now);
    return carried(now);
  }

  #isCurrent({ generation, rule }: Blocked): boolean {
    return generation === this.#generation && rule !== BANNED.rule;
  }

  /**
   * Asks other rules about the packet that would open the connection now, and counts it nowhere. The answer is undefined if they
   * would let it pass. A rule that blocked the connection, and is still the same, blocks it whatever its rate is by now.
   */
  #judgeAgain(blocked: Blocked, arrival: Arrival, inTunnel: boolean): Blocked | undefined {
    const { opener, direction, held } = blocked;
    if (!inTunnel && isManagement(opener, direction === "ingress", arrival.local !== false, this.#policy)) return undefined;
    const tcpFlags = opener.protocol === TCP ? SYN : null;
    const question = this.#questionOf(
      { conversation: opener, direction, isSender: true },
      tcpFlags,
      { ...UNRELATED, opens: [] },
      arrival,
      true,
    );
    const { action, rule } = this.#askRules({ ...question, held: held === undefined ? undefined : blocked.rule });
    const judgement =
      action === undefined ? this.#undecided("process_unknown", { ...arrival, hook: direction }) : { action, rule, reason: null };
    return judgement.action === "block" ? { ...blocked, ...this.#said(judgement) } : undefined;
  }

  /** An error belongs to the connection it is about, without being one of its packets. It opens nothing. */
  #judgeError(packet: Packet, transport: TransportHeader, place: string, arrival: Arrival, inTunnel: boolean): Judgement {
    const key = transport.quoted && transport.quoted.source === packet.destination ? connectionKey(transport.quoted, place) : undefined;
    const flow = key && this.#flows.find(key);
    if (key && flow && comesBack(flow, key, arrival)) {
      const relation: Relation = { state: "related", ...this.#partOf(flow) };
      return this.#ask({ conversation: flow.opener, direction: flow.direction, isSender: false }, null, relation, arrival, inTunnel);
    }
    const blocked = key && flow === undefined && this.#detects ? this.#flows.blockedOf(key) : undefined;
    if (key && blocked && !blocked.isMet && this.#isCurrent(blocked) && comesBack(blocked, key, arrival)) return carried(blocked);
    return this.#ask(senderOf(conversationOf(packet, transport), arrival), null, UNRELATED, arrival, inTunnel);
  }

  #judgeConversation(packet: Packet, transport: TransportHeader, place: string, arrival: Arrival, inTunnel: boolean): Judgement {
    const conversation = conversationOf(packet, transport);
    const key = connectionKey(conversation, place);
    const opens = isBareSyn(transport.tcpFlags);

    const sent = sentBy(packet, transport);
    const flow = this.#flowOf(key);
    const byOpener = flow?.openerIsLow === key.sourceIsLow;
    const succeeds = flow !== undefined && byOpener && isSucceeded(flow, sent, arrival);
    if (flow !== undefined && !succeeds && !(opens && hasEnded(flow))) {
      const offers = opens && byOpener && isOffer(flow, sent);
      // Opening towards an opener is a connection of its own, and says nothing about the one that stands.
      if (offers || (opens && !byOpener)) {
        const judgement = this.#ask(senderOf(conversation, arrival), transport.tcpFlags, UNRELATED, arrival, inTunnel);
        if (offers && judgement.action === "allow" && isFromItsSide(flow, 0, arrival)) flow.segments!.offer(sent!);
        if (judgement.action === "allow" && judgement.reason === null) this.#noteSyn(conversation, transport, arrival);
        return judgement;
      }
      const opener = { conversation: flow.opener, direction: flow.direction, isSender: byOpener };
      const relation: Relation = { state: stateOf(transport.protocol, transport.tcpFlags, byOpener, flow), ...this.#partOf(flow) };
      const judgement = this.#ask(opener, transport.tcpFlags, relation, arrival, inTunnel);
      flow.counts = this.#countsOf(opener, arrival, inTunnel);
      if (judgement.action === "allow") this.#advance(flow, byOpener, packet, transport, arrival);
      return judgement;
    }
    const replaced = this.#flows.find(key);
    this.#flows.forget(key);
    const judgement = this.#judgeWithoutFlow(conversation, key, packet, transport, arrival, inTunnel, succeeds);
    // It takes the place of another connection only if it passes.
    if (replaced !== undefined && judgement.action === "block") this.#flows.open(key, replaced);
    return judgement;
  }

  #judgeWithoutFlow(
    conversation: Conversation,
    key: ConnectionKey,
    packet: Packet,
    transport: TransportHeader,
    arrival: Arrival,
    inTunnel: boolean,
    succeeds: boolean,
  ): Judgement {
    const blocked = this.#detects && !succeeds ? this.#flows.blockedOf(key) : undefined;
    if (blocked !== undefined && isCarried(blocked, key, transport)) {
      const carried = this.#follow(blocked, key, arrival, inTunnel);
      if (carried !== undefined) return carried;
    }
    return this.#judgeUnknown(conversation, key, packet, transport, arrival, inTunnel, succeeds);
  }

  /** A packet of no connection that stands: it may open one. */
  #judgeUnknown(
    conversation: Conversation,
    key: ConnectionKey,
    packet: Packet,
    transport: TransportHeader,
    arrival: Arrival,
    inTunnel: boolean,
    isSender: boolean,
  ): Judgement {
    const opener = isSender ? senderOf(conversation, arrival) : this.#findOpener(conversation, transport, arrival, inTunnel);
    const opens = opener !== undefined && opensFlow(packet, transport);
    const settled: string[] = [];
    const judgement =
      opener === undefined
        ? this.#judgeInvalid(conversation, transport, arrival)
        : this.#askToOpen(opener, transport, opens ? settled : undefined, arrival, inTunnel);
    const isTooDeep = inTunnel && transport.inner != null && judgement.action === "allow"; // undecided in the end
    const final = isTooDeep ? this.#undecided("tunnel_depth", arrival) : judgement;
    if (this.#detects && final.action === "block")
      this.#keepBlocked(key, opener ?? senderOf(conversation, arrival), packet, transport, final, opens && !isTooDeep);
    if (this.#detects && final.action === "allow") this.#passBlocked(key);
    if (final.action === "allow" && final.reason === null) this.#noteSyn(conversation, transport, arrival);
    // What is undecided opens nothing.
    if (opener === undefined || !opens || final.action === "block" || final.reason !== null) return judgement;
    this.#flows.open(
      key,
      this.#newFlow(opener, opener.isSender === key.sourceIsLow, packet, transport, settled, this.#countsOf(opener, arrival, inTunnel)),
    );
    return judgement;
  }

  #askToOpen(
    opener: Opener,
    { protocol, tcpFlags }: TransportHeader,
    opens: string[] | undefined,
    arrival: Arrival,
    inTunnel: boolean,
  ): Judgement {
    const relation: Relation = { ...UNRELATED, state: stateOf(protocol, tcpFlags, opener.isSender, undefined), ...(opens && { opens }) };
    return this.#ask(opener, tcpFlags, relation, arrival, inTunnel);
  }

  /** TCP that belongs to nothing, as if its sender had opened something: rules that ask for just that may speak. */
  #judgeInvalid(conversation: Conversation, { tcpFlags }: TransportHeader, arrival: Arrival): Judgement {
    const question = this.#questionOf(senderOf(conversation, arrival), tcpFlags, { ...UNRELATED, state: "invalid" }, arrival);
    const answer = askAboutInvalid(this.#rules, question);
    if (answer === undefined) return this.#undecided("opener_unknown", arrival);
    this.#onStep({ asked: question.subject, answer });
    if (answer.action === undefined) return { ...this.#undecided("opener_unknown", arrival), staged: answer.staged };
    return { ...answer, action: answer.action, reason: null };
  }

  /** The flow is known from then on, should the peer lose its privilege. */
  #followTrusted(packet: Packet, place: string, arrival: Arrival): void {
    const { transport } = packet;
    if (transport === undefined || isIcmpError(transport)) return;
    const conversation = conversationOf(packet, transport);
    const key = connectionKey(conversation, place);
    const opens = isBareSyn(transport.tcpFlags);
    const sent = sentBy(packet, transport);
    const flow = this.#flowOf(key);
    if (flow === undefined) this.#flows.forget(key);
    if (this.#detects && flow === undefined) this.#passBlocked(key);
    if (!opensFlow(packet, transport)) return;
    const byOpener = flow?.openerIsLow === key.sourceIsLow;
    const succeeds = flow !== undefined && byOpener && isSucceeded(flow, sent, arrival);
    if (flow !== undefined && !succeeds && !(opens && hasEnded(flow))) {
      if (opens && byOpener && isOffer(flow, sent)) {
        if (isFromItsSide(flow, 0, arrival)) flow.segments!.offer(sent!);
        this.#noteSyn(conversation, transport, arrival);
      } else if (!opens || byOpener) {
        this.#advance(flow, byOpener, packet, transport, arrival);
      } else {
        this.#noteSyn(conversation, transport, arrival);
      }
      return;
    }
    this.#noteSyn(conversation, transport, arrival);
    const opener = succeeds ? senderOf(conversation, arrival) : this.#findOpener(conversation, transport, arrival, false);
    if (opener) this.#flows.open(key, this.#newFlow(opener, opener.isSender === key.sourceIsLow, packet, transport, [], []));
  }

  #findOpener(conversation: Opener["conversation"], transport: TransportHeader, arrival: Arrival, inTunnel: boolean): Opener | undefined {
    // Sockets and management ports are those of the host, which is no end of what a tunnel carries.
    const host = inTunnel ? EMPTY_HOST : this.#host;
    const managementPorts = inTunnel || arrival.local === false ? [] : this.#policy.failsafe.management_ports;
    return findOpener(conversation, transport.tcpFlags, arrival, host, managementPorts, this.#flows.isAskedFor(conversation, transport));
  }

  /** A packet that passes as part of the flow. */
  #advance(flow: Flow, byOpener: boolean, packet: Packet, transport: TransportHeader, arrival: Arrival): void {
    advance(flow, byOpener, packet, transport, arrival);
    if (byOpener && isFromItsSide(flow, 0, arrival)) this.#noteSyn(conversationOf(packet, transport), transport, arrival);
  }

  /** It passes. One that comes is noted only where nobody may see it leave. */
  #noteSyn(conversation: Conversation, transport: TransportHeader, { hook }: Arrival): void {
    if (hook === "egress" || this.#host.leavesUnseen) this.#flows.noteSyn(conversation, transport);
  }

  #ask(opener: Opener, tcpFlags: number | null, relation: Relation, arrival: Arrival, inTunnel: boolean): Judgement {
    const { conversation, direction } = opener;
    if (!inTunnel && isManagement(conversation, direction === "ingress", arrival.local !== false, this.#policy))
      return this.#pass("management");
    const question = this.#questionOf(opener, tcpFlags, relation, arrival);
    const { action, rule, staged } = this.#askRules(question);
    if (action === undefined) return { ...this.#undecided("process_unknown", arrival), staged };
    relation.opens?.push(...[...question.counted].filter(([, { settled }]) => settled).map(([name]) => name));
    return { action, rule, staged, reason: null };
  }

  #questionOf(
    { conversation, direction, isSender }: Opener,
    tcpFlags: number | null,
    { state, age, settled, opens }: Relation,
    arrival: Arrival,
    isSupposed = false,
  ): Question {
    const counted = new Map<string, Counted>(settled.map((rule) => [rule, { settled: true }]));
    const subject: Subject = {
      ...conversation,
      direction,
      interface: arrival.interface,
      tcpFlags: isSender ? tcpFlags : null,
      state,
      vlan: this.#vlan,
      dscp: this.#dscp,
      age,
      counted,
      process: arrival.process,
      sets: this.#sets,
      now: this.#now(),
    };
    const packet = {
      opener: conversation,
      byOpener: isSender,
      opens: opens !== undefined,
      isSupposed,
      openFor: (key: string) => this.#flows.openFor(key),
      now: this.#now(),
    };
    return { subject, counted, count: (rule) => this.#meters.ask(rule, packet) };
  }

  #askRules(question: Question): Decision {
    const answer = askRules(this.#rules, this.#policy.defaults.action, question);
    this.#onStep({ asked: question.subject, answer });
    return answer;
  }

  #rejects(name: string): boolean {
    return this.#policy.rules.find((rule) => rule.name === name)?.reject === true;
  }

  #partOf(flow: Flow): Omit<Relation, "state"> {
    return { age: (this.#now() - flow.opened) / 1000, settled: flow.settled.generation === this.#generation ? flow.settled.rules : [] };
  }

  /** What a connection counts for as it is judged now. */
  #countsOf(opener: Opener, arrival: Arrival, inTunnel: boolean): string[] {
    const { conversation, direction } = opener;
    if (!inTunnel && isManagement(conversation, direction === "ingress", arrival.local !== false, this.#policy)) return [];
    const { subject } = this.#questionOf(opener, null, UNRELATED, arrival);
    return conditionsOn(this.#rules, subject)
      .map((rule) => connectionsKey(rule, conversation))
      .filter((key) => key !== undefined);
  }

  #newFlow(
    { conversation, direction, isSender }: Opener,
    openerIsLow: boolean,
    packet: Packet,
    transport: TransportHeader,
    settled: string[],
    counts: string[],
  ): Flow {
    const by: EndNumber = isSender ? 0 : 1;
    const tcpFlags: [number, number] = [0, 0];
    tcpFlags[by] = transport.tcpFlags ?? 0;
    const sent = sentBy(packet, transport);
    return {
      openerIsLow,
      opener: conversation,
      direction,
      tcpFlags,
      answered: !isSender,
      opened: this.#now(),
      settled: { generation: this.#generation, rules: settled },
      counts,
      segments: sent && new Segments(sent, by),
    };
  }

  #pass(as: Extract<VerdictStep, { passedAs: unknown }>["passedAs"], judgement = FAILSAFE): Judgement {
    this.#onStep({ passedAs: as });
    return judgement;
  }

  #undecided(reason: Reason, { hook }: Arrival): Judgement {
    return { action: this.#policy.defaults.on_error[hook], rule: "on_error", staged: null, reason };
  }
}

function hasEnded(flow: Flow | undefined): boolean {
  return flow?.segments?.closed === true;
}

function isNotIp(seen: ParsedFrame | NotIp): seen is NotIp {
  return "etherType" in seen;
}

function conversationOf({ source, destination }: Packet, { protocol, ports, icmp }: TransportHeader): Conversation {
  return { source, destination, protocol, ports, icmp };
}

/** Later fragments, answers and errors belong to something, or to nothing. */
function opensFlow({ fragment }: Packet, { protocol, icmp }: TransportHeader): boolean {
  if (isLaterFragment({ fragment })) return false;
  return icmp === null || (!isReply(protocol, icmp.type) && !isError(protocol, icmp.type));
}

function isLaterFragment({ fragment }: Pick<Packet, "fragment">): boolean {
  return fragment !== null && fragment.offset > 0;
}

function isIcmpError({ protocol, icmp }: TransportHeader): boolean {
  return icmp !== null && isError(protocol, icmp.type);
}

/** Does an error go against the direction in which the packet that it quotes, whose key this is, went? */
function comesBack(
  { openerIsLow, direction }: Pick<Flow, "openerIsLow" | "direction">,
  { sourceIsLow }: ConnectionKey,
  { hook }: Arrival,
): boolean {
  return (openerIsLow === sourceIsLow) === (direction !== hook);
}

function carried({ rule, reason }: Blocked): Judgement {
  return { action: "block", rule, staged: null, reason, isCarried: true };
}

/** Prevent meets what opens a connection that it drops: the SYN each time, of other protocols each packet of the opener. */
function isCarried({ isMet, openerIsLow }: Blocked, { sourceIsLow }: ConnectionKey, { protocol, tcpFlags }: TransportHeader): boolean {
  if (isMet) return false;
  return protocol === TCP ? !isBareSyn(tcpFlags) : openerIsLow !== sourceIsLow;
}

/** Of the outer and the inner packet the worse verdict wins; what both let pass is told by the outer one's rule. */
function worse(outer: Judgement, inner: Judgement): Judgement {
  const reported = inner.action === "block" || inner.reason !== null ? inner : outer;
  return { ...reported, staged: outer.staged ?? inner.staged };
}
