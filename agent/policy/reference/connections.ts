/** Judges packets by the connections that they belong to, or open. */

import { EMPTY_HOST, type Arrival, type Host } from "./arrival.ts";
import { type BlockedConnections, hasEnded } from "./blocked.ts";
import { connectionKey, type ConnectionKey } from "./connection.ts";
import { isBareSyn } from "./flags.ts";
import type { Flow, Flows } from "./flows.ts";
import { advance, isFromItsSide, isOffer, isSucceeded, sentBy } from "./following.ts";
import { comesBack, conversationOf, isIcmpError, opensFlow, type Judgement, type Meeting } from "./judgement.ts";
import { findOpener, type Opener, senderOf } from "./opener.ts";
import type { Conversation, Packet, TransportHeader } from "./packet.ts";
import { type Questions, UNRELATED } from "./questions.ts";
import { type Relation, stateOf } from "./relation.ts";
import { type EndNumber, Segments } from "./segments.ts";

export class Connections {
  readonly #flows: Flows;
  readonly #questions: Questions;
  readonly #blocked: BlockedConnections;
  readonly #host: Host;

  constructor(flows: Flows, questions: Questions, blocked: BlockedConnections, host: Host) {
    this.#flows = flows;
    this.#questions = questions;
    this.#blocked = blocked;
    this.#host = host;
  }

  /** An error belongs to the connection it is about, without being one of its packets. It opens nothing. */
  judgeError(packet: Packet, transport: TransportHeader, meeting: Meeting): Judgement {
    const { place, arrival } = meeting;
    const key = transport.quoted && transport.quoted.source === packet.destination ? connectionKey(transport.quoted, place) : undefined;
    const flow = key && this.#flows.find(key);
    if (key && flow && comesBack(flow, key, arrival)) {
      const relation: Relation = { state: "related", ...this.#partOf(flow) };
      return this.#questions.ask({ conversation: flow.opener, direction: flow.direction, isSender: false }, null, relation, meeting);
    }
    const carried = key && flow === undefined && this.#questions.detects ? this.#blocked.followError(key, meeting) : undefined;
    return carried ?? this.#questions.ask(senderOf(conversationOf(packet, transport), arrival), null, UNRELATED, meeting);
  }

  judge(packet: Packet, transport: TransportHeader, meeting: Meeting): Judgement {
    const { arrival } = meeting;
    const conversation = conversationOf(packet, transport);
    const key = connectionKey(conversation, meeting.place);
    const opens = isBareSyn(transport.tcpFlags);
    const sent = sentBy(packet, transport);
    const flow = this.#blocked.flowOf(key);
    const byOpener = flow?.openerIsLow === key.sourceIsLow;
    const succeeds = flow !== undefined && byOpener && isSucceeded(flow, sent, arrival);
    if (flow !== undefined && !succeeds && !(opens && hasEnded(flow))) {
      const offers = opens && byOpener && isOffer(flow, sent);
      // A SYN towards the opener opens another connection, and tells nothing about the existing one.
      if (offers || (opens && !byOpener)) {
        const judgement = this.#questions.ask(senderOf(conversation, arrival), transport.tcpFlags, UNRELATED, meeting);
        if (offers && judgement.action === "allow" && isFromItsSide(flow, 0, arrival)) flow.segments!.offer(sent!);
        if (judgement.action === "allow" && judgement.reason === null) this.#noteSyn(conversation, transport, arrival);
        return judgement;
      }
      const opener = { conversation: flow.opener, direction: flow.direction, isSender: byOpener };
      const relation: Relation = { state: stateOf(transport.protocol, transport.tcpFlags, byOpener, flow), ...this.#partOf(flow) };
      const judgement = this.#questions.ask(opener, transport.tcpFlags, relation, meeting);
      flow.counts = this.#questions.countsOf(opener, meeting);
      if (judgement.action === "allow") this.#advance(flow, byOpener, packet, transport, arrival);
      return judgement;
    }
    const replaced = this.#flows.find(key);
    this.#flows.forget(key);
    const followed = this.#questions.detects && !succeeds ? this.#blocked.follow(key, transport, meeting) : undefined;
    const judgement = followed ?? this.#judgeUnknown(conversation, key, packet, transport, meeting, succeeds);
    // The new connection replaces the old one only if it passes.
    if (replaced !== undefined && judgement.action === "block") this.#flows.open(key, replaced);
    return judgement;
  }

  /** Judges a packet that belongs to no existing connection. It may open one. */
  #judgeUnknown(
    conversation: Conversation,
    key: ConnectionKey,
    packet: Packet,
    transport: TransportHeader,
    meeting: Meeting,
    isSender: boolean,
  ): Judgement {
    const { arrival, inTunnel } = meeting;
    const opener = isSender ? senderOf(conversation, arrival) : this.#findOpener(conversation, transport, meeting);
    const opens = opener !== undefined && opensFlow(packet, transport);
    const settled: string[] = [];
    const judgement =
      opener === undefined
        ? this.#questions.askInvalid(senderOf(conversation, arrival), transport.tcpFlags, meeting)
        : this.#askToOpen(opener, transport, opens ? settled : undefined, meeting);
    const isTooDeep = inTunnel && transport.inner != null && judgement.action === "allow"; // this is undecided in the end
    const final = isTooDeep ? this.#questions.undecided("tunnel_depth", arrival) : judgement;
    if (this.#questions.detects) {
      const by = opener ?? senderOf(conversation, arrival);
      if (final.action === "block") this.#blocked.keep(key, by, packet, transport, final, opens && !isTooDeep);
      else this.#blocked.pass(key);
    }
    if (final.action === "allow" && final.reason === null) this.#noteSyn(conversation, transport, arrival);
    // An undecided packet opens nothing.
    if (opener === undefined || !opens || final.action === "block" || final.reason !== null) return judgement;
    const counts = this.#questions.countsOf(opener, meeting);
    this.#flows.open(key, this.#newFlow(opener, opener.isSender === key.sourceIsLow, packet, transport, settled, counts));
    return judgement;
  }

  #askToOpen(opener: Opener, { protocol, tcpFlags }: TransportHeader, opens: string[] | undefined, meeting: Meeting): Judgement {
    const state = stateOf(protocol, tcpFlags, opener.isSender, undefined);
    return this.#questions.ask(opener, tcpFlags, { ...UNRELATED, state, ...(opens && { opens }) }, meeting);
  }

  /** Follows a packet of a trusted peer, so that its flow is known if the peer is not trusted any more. */
  followTrusted(packet: Packet, meeting: Meeting): void {
    const { transport } = packet;
    const { arrival } = meeting;
    if (transport === undefined || isIcmpError(transport)) return;
    const conversation = conversationOf(packet, transport);
    const key = connectionKey(conversation, meeting.place);
    const opens = isBareSyn(transport.tcpFlags);
    const sent = sentBy(packet, transport);
    const flow = this.#blocked.flowOf(key);
    if (flow === undefined) this.#flows.forget(key);
    if (this.#questions.detects && flow === undefined) this.#blocked.pass(key);
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
    const opener = succeeds ? senderOf(conversation, arrival) : this.#findOpener(conversation, transport, meeting);
    if (opener) this.#flows.open(key, this.#newFlow(opener, opener.isSender === key.sourceIsLow, packet, transport, [], []));
  }

  #findOpener(conversation: Conversation, transport: TransportHeader, { arrival, inTunnel }: Meeting): Opener | undefined {
    // Sockets and management ports belong to the host, which is no end of the packets inside a tunnel.
    const host = inTunnel ? EMPTY_HOST : this.#host;
    const managementPorts = inTunnel || arrival.local === false ? [] : this.#questions.policy.failsafe.management_ports;
    return findOpener(conversation, transport.tcpFlags, arrival, host, managementPorts, this.#flows.isAskedFor(conversation, transport));
  }

  /** Advances the flow by a packet that passes as a part of it. */
  #advance(flow: Flow, byOpener: boolean, packet: Packet, transport: TransportHeader, arrival: Arrival): void {
    advance(flow, byOpener, packet, transport, arrival);
    if (byOpener && isFromItsSide(flow, 0, arrival)) this.#noteSyn(conversationOf(packet, transport), transport, arrival);
  }

  /** Notes a SYN that passes. An arriving one is noted only if weir may not see it leave. */
  #noteSyn(conversation: Conversation, transport: TransportHeader, { hook }: Arrival): void {
    if (hook === "egress" || this.#host.leavesUnseen) this.#flows.noteSyn(conversation, transport);
  }

  #partOf(flow: Flow): Omit<Relation, "state"> {
    const { now, generation } = this.#questions;
    return { age: (now - flow.opened) / 1000, settled: flow.settled.generation === generation ? flow.settled.rules : [] };
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
      opened: this.#questions.now,
      settled: { generation: this.#questions.generation, rules: settled },
      counts,
      segments: sent && new Segments(sent, by),
    };
  }
}
