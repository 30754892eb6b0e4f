/**
 * The reference verdict: the meaning of rules, written a second time and as plainly as possible. The conformance suite compares the
 * kernel programs with it. It reads raw frames and the configuration as written, and shares neither parsers, nor tables, nor the
 * packed form with them.
 *
 * The order for a packet is: loopback, absolute failsafe, ban, malformed, flow, blocked connection, opener, management failsafe,
 * rules, mode. A packet that passes advances state; a packet that is or would be dropped does not, so that detect and prevent
 * judge alike.
 */

import type { Mode } from "../values/traffic.ts";
import { EMPTY_HOST, type Arrival, type Host } from "./reference/arrival.ts";
import { BlockedConnections } from "./reference/blocked.ts";
import { Connections } from "./reference/connections.ts";
import { isBanned, isDiscoveryOrDhcp, isTrustedPeer } from "./reference/failsafe.ts";
import { Flows } from "./reference/flows.ts";
import { Fragments } from "./reference/fragments.ts";
import { BANNED, FAILSAFE, isIcmpError, NOT_JUDGED, type Judgement, type Meeting } from "./reference/judgement.ts";
import type { Outcome, VerdictStep } from "./reference/judgement.ts";
import { identityOf } from "./reference/meters.ts";
import type { Inner, Packet } from "./reference/packet.ts";
import { parseFrame, parseInner, type NotIp, type ParsedFrame } from "./reference/parse.ts";
import { Questions } from "./reference/questions.ts";
import { rejectionFor } from "./reference/rejection.ts";
import type { Policy } from "./reference/rules.ts";
import { carriesFailsafe, innerAtDevice } from "./reference/tunnel-failsafe.ts";

export type { Arrival, Host, OwnEnds } from "./reference/arrival.ts";
export type { Outcome, VerdictStep } from "./reference/judgement.ts";
export type { Reason } from "./reference/packet.ts";
export type { Rejection } from "./reference/rejection.ts";
export type { Policy } from "./reference/rules.ts";

const ETHERTYPE_ARP = 0x0806;

export class Reference {
  readonly #host: Host;
  readonly #questions: Questions;
  #flows!: Flows;
  #fragments!: Fragments;
  #blocked!: BlockedConnections;
  #connections!: Connections;

  /** `now` returns the time in milliseconds since the epoch. */
  constructor(policy: Policy, host: Partial<Host> = {}, now: () => number = Date.now) {
    this.#host = { ...EMPTY_HOST, ...host };
    this.#questions = new Questions({ policy, host: this.#host, now, openFor: (key) => this.#flows.openFor(key) });
    this.forget();
  }

  /** Replaces the rules from the next packet on. Connections go on under the new ones. */
  reload(policy: Policy): void {
    this.#questions.replace(policy);
    this.#flows.keepHeld(new Set(policy.rules.map(identityOf)));
  }

  /** Makes connections ask again, after members of sets changed. */
  refresh(): void {
    this.#questions.generation++;
  }

  /** Forgets all packets. */
  forget(): void {
    this.#flows = new Flows();
    this.#fragments = new Fragments();
    this.#questions.forgetCounts();
    this.#blocked = new BlockedConnections(this.#flows, this.#questions);
    this.#connections = new Connections(this.#flows, this.#questions, this.#blocked, this.#host);
  }

  setMode(mode: Mode): void {
    this.#questions.setMode(mode);
  }

  /** `onStep` is called with each step towards the verdict. */
  judge(arrival: Arrival, onStep: (step: VerdictStep) => void = () => {}): Outcome {
    this.#questions.onStep = onStep;
    const { action, answer = null, isCarried, ...rest } = this.#judgeFrame(arrival);
    if (action === "allow") return { verdict: rest.reason === null ? "passed" : "undecided", ...rest, answer: null };
    const drops = this.#policy.mode === "prevent";
    return { verdict: drops ? "dropped" : isCarried ? "carried" : "would_drop", ...rest, answer: drops ? answer : null };
  }

  get #policy(): Policy {
    return this.#questions.policy;
  }

  #judgeFrame(arrival: Arrival): Judgement {
    if (this.#host.loopback.includes(arrival.interface)) return this.#questions.pass("loopback");
    const seen = parseFrame(arrival, this.#fragments);
    if (isNotIp(seen)) return this.#questions.pass("not_ip", seen.etherType === ETHERTYPE_ARP ? FAILSAFE : NOT_JUDGED);
    const outer = this.#judgePacket(seen, arrival, this.#carriesFailsafe(seen, arrival));
    if (outer.action === "block" && seen.packet !== undefined && this.#rejects(outer.rule))
      return { ...outer, answer: rejectionFor(seen.packet, arrival) };
    const inner = seen.packet?.transport?.inner;
    if (outer === FAILSAFE || outer.action === "block" || outer.reason !== null || inner == null || !this.#policy.inspect_tunnels)
      return outer;
    return worse(outer, this.#judgeInner(seen.packet!, inner, arrival));
  }

  #carriesFailsafe({ packet, problem }: ParsedFrame, arrival: Arrival): boolean {
    const inner = packet && (packet.transport?.inner ?? innerAtDevice(packet, this.#host));
    return inner != null && problem === undefined && carriesFailsafe(packet!, inner, arrival, this.#policy, this.#host);
  }

  /** Judges the packet inside a tunnel. An inner frame without IP is not judged. */
  #judgeInner(outer: Packet, inner: Inner, arrival: Arrival): Judgement {
    const seen = parseInner(outer, inner, arrival, this.#fragments);
    if (isNotIp(seen)) return NOT_JUDGED;
    const judgement = this.#judgePacket(seen, arrival);
    const deeper = seen.packet?.transport?.inner != null && judgement.action === "allow" && judgement.reason === null;
    return deeper ? { ...this.#questions.undecided("tunnel_depth", arrival), staged: judgement.staged } : judgement;
  }

  /** Judges one packet, either the outer or the inner one of a tunnel. */
  #judgePacket({ packet, problem, place, vlan, inTunnel }: ParsedFrame, arrival: Arrival, carriesFailsafe = false): Judgement {
    if (packet === undefined) return this.#questions.undecided(problem ?? "ethernet_truncated", arrival);
    const meeting: Meeting = { arrival, place, inTunnel, vlan, dscp: packet.dscp };
    if (!inTunnel) {
      if (problem === undefined && isDiscoveryOrDhcp(packet, arrival)) return this.#questions.pass("discovery_or_dhcp");
      if (carriesFailsafe || isTrustedPeer(packet, arrival, this.#policy, this.#host)) {
        if (problem === undefined) this.#connections.followTrusted(packet, meeting);
        return this.#questions.pass(carriesFailsafe ? "tunnel_failsafe" : "trusted_peer");
      }
    }
    if (isBanned(packet, arrival, this.#host)) return problem === undefined ? this.#blocked.judgeBanned(packet, meeting) : BANNED;
    if (problem !== undefined) return this.#questions.undecided(problem, arrival);
    const { transport } = packet;
    if (transport === undefined) return this.#questions.askWithoutTransport(packet, arrival);
    if (isIcmpError(transport)) return this.#connections.judgeError(packet, transport, meeting);
    return this.#connections.judge(packet, transport, meeting);
  }

  #rejects(name: string): boolean {
    return this.#policy.rules.find((rule) => rule.name === name)?.reject === true;
  }
}

function isNotIp(seen: ParsedFrame | NotIp): seen is NotIp {
  return "etherType" in seen;
}

/** Of the outer and the inner packet the worse verdict wins. If both pass, the rule of the outer one is reported. */
function worse(outer: Judgement, inner: Judgement): Judgement {
  const reported = inner.action === "block" || inner.reason !== null ? inner : outer;
  return { ...reported, staged: outer.staged ?? inner.staged };
}
