/** The results of the reference, and the packet with the place where it is met. */

import type { Verdict } from "../../values/traffic.ts";
import type { Action } from "../rule.ts";
import type { Subject } from "../subject.ts";
import type { Arrival } from "./arrival.ts";
import type { ConnectionKey } from "./connection.ts";
import type { Flow } from "./flows.ts";
import type { Conversation, Packet, Reason, TransportHeader } from "./packet.ts";
import type { Rejection } from "./rejection.ts";
import type { Decision } from "./rules.ts";
import { isError, isReply } from "./transport.ts";

export interface Outcome {
  verdict: Verdict;
  /** The operator's name of the rule, or `default`, `failsafe`, `ban`, `on_error`. */
  rule: string;
  /** The first rule before it that would drop if it were enforced. */
  staged: string | null;
  /** The reason why the packet could not be decided. */
  reason: Reason | null;
  /** The reject answer to the sender of a dropped packet, unless too many were sent in this second. */
  answer: Rejection | null;
}

/** A step towards a verdict: a question to the rules, or a check that decided before they were asked. */
export type VerdictStep =
  | { asked: Subject; answer: Pick<Decision, "rule" | "staged"> }
  | { passedAs: "loopback" | "not_ip" | "discovery_or_dhcp" | "trusted_peer" | "tunnel_failsafe" | "management" }
  | { followed: "blocked" };

/** An outcome before the mode is read. */
export interface Judgement extends Omit<Outcome, "verdict" | "answer"> {
  action: Action;
  answer?: Rejection | null;
  /** Set if prevent would never have met the packet. */
  isCarried?: true;
}

/** The place where a packet is met, and the marks that only this packet has. */
export interface Meeting {
  arrival: Arrival;
  /** The interface, tags and tunnel. */
  place: string;
  inTunnel: boolean;
  vlan: number | undefined;
  dscp: number | undefined;
}

export const FAILSAFE: Judgement = { action: "allow", rule: "failsafe", staged: null, reason: null };
export const BANNED: Judgement = { action: "block", rule: "ban", staged: null, reason: null };
export const NOT_JUDGED: Judgement = { ...FAILSAFE, rule: "default" };

export function conversationOf({ source, destination }: Packet, { protocol, ports, icmp }: TransportHeader): Conversation {
  return { source, destination, protocol, ports, icmp };
}

/** Returns whether the packet can open a connection. Later fragments, replies and errors belong to a connection, or to none. */
export function opensFlow({ fragment }: Packet, { protocol, icmp }: TransportHeader): boolean {
  if (isLaterFragment({ fragment })) return false;
  return icmp === null || (!isReply(protocol, icmp.type) && !isError(protocol, icmp.type));
}

export function isLaterFragment({ fragment }: Pick<Packet, "fragment">): boolean {
  return fragment !== null && fragment.offset > 0;
}

export function isIcmpError({ protocol, icmp }: TransportHeader): boolean {
  return icmp !== null && isError(protocol, icmp.type);
}

/** Returns whether an ICMP error goes against the direction of the packet that it quotes. `sourceIsLow` is that of the quoted packet. */
export function comesBack(
  { openerIsLow, direction }: Pick<Flow, "openerIsLow" | "direction">,
  { sourceIsLow }: ConnectionKey,
  { hook }: Arrival,
): boolean {
  return (openerIsLow === sourceIsLow) === (direction !== hook);
}
