/** One alternative of a rule, as struct matcher will hold it. An absent field is "any". */

import { networkContains, type Network } from "../../config/address.ts";
import type { PortRange } from "../../config/ports.ts";

export interface Matcher {
  slot: number;
  /** Bit 0 ingress, bit 1 egress. */
  directions: number;
  /** Shares a bit with the groups of an interface. */
  interfaceGroups?: bigint;
  source?: Network;
  destination?: Network;
  protocol?: number;
  sourcePorts?: PortRange;
  destinationPorts?: PortRange;
  icmpType?: number;
  icmpCode?: number;
}

/** Whether everything that `inner` matches is matched by `outer` too. */
export function covers(outer: Matcher, inner: Matcher): boolean {
  return (
    (inner.directions & ~outer.directions) === 0 &&
    coversValue(outer.interfaceGroups, inner.interfaceGroups) &&
    coversNetwork(outer.source, inner.source) &&
    coversNetwork(outer.destination, inner.destination) &&
    coversValue(outer.protocol, inner.protocol) &&
    coversPorts(outer.sourcePorts, inner.sourcePorts) &&
    coversPorts(outer.destinationPorts, inner.destinationPorts) &&
    coversValue(outer.icmpType, inner.icmpType) &&
    coversValue(outer.icmpCode, inner.icmpCode)
  );
}

/**
 * What both match, or undefined if nothing is. Two lists of interfaces may always share one, so that their meeting
 * is narrowed to the first; that errs towards too much.
 */
export function meet(one: Matcher, other: Matcher): Matcher | undefined {
  const directions = one.directions & other.directions;
  const interfaceGroups = one.interfaceGroups ?? other.interfaceGroups;
  const source = narrower(one.source, other.source, coversNetwork);
  const destination = narrower(one.destination, other.destination, coversNetwork);
  const protocol = narrower(one.protocol, other.protocol, coversValue);
  const sourcePorts = meetPorts(one.sourcePorts, other.sourcePorts);
  const destinationPorts = meetPorts(one.destinationPorts, other.destinationPorts);
  const icmpType = narrower(one.icmpType, other.icmpType, coversValue);
  const icmpCode = narrower(one.icmpCode, other.icmpCode, coversValue);
  const parts = [source, destination, protocol, sourcePorts, destinationPorts, icmpType, icmpCode];
  if (directions === 0 || parts.includes(NOTHING)) return undefined;
  const fields = { interfaceGroups, source, destination, protocol, sourcePorts, destinationPorts, icmpType, icmpCode };
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return { slot: other.slot, directions, ...Object.fromEntries(present) };
}

const NOTHING = Symbol("nothing");
type Meeting<T> = T | undefined | typeof NOTHING;

/** For values of which one lies in the other or they are apart. */
function narrower<T>(one: T | undefined, other: T | undefined, coversIt: (outer: T | undefined, inner: T | undefined) => boolean): Meeting<T> {
  if (coversIt(one, other)) return other;
  return coversIt(other, one) ? one : NOTHING;
}

function meetPorts(one: PortRange | undefined, other: PortRange | undefined): Meeting<PortRange> {
  if (one === undefined || other === undefined) return one ?? other;
  const meeting = { first: Math.max(one.first, other.first), last: Math.min(one.last, other.last) };
  return meeting.first <= meeting.last ? meeting : NOTHING;
}

function coversValue<T>(outer: T | undefined, inner: T | undefined): boolean {
  return outer === undefined || outer === inner;
}

function coversNetwork(outer: Network | undefined, inner: Network | undefined): boolean {
  if (outer === undefined || inner === undefined) return outer === undefined;
  return outer.family === inner.family && outer.length <= inner.length && networkContains(outer, inner.address);
}

function coversPorts(outer: PortRange | undefined, inner: PortRange | undefined): boolean {
  if (outer === undefined || inner === undefined) return outer === undefined;
  return outer.first <= inner.first && outer.last >= inner.last;
}
