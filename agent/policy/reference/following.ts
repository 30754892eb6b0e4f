/** Advances a connection by the packets that belong to it. */

import type { Arrival } from "./arrival.ts";
import { SYN } from "./flags.ts";
import type { Flow } from "./flows.ts";
import type { Packet, TransportHeader } from "./packet.ts";
import type { EndNumber, Sent } from "./segments.ts";

/** Advances the flow by a packet that passes as a part of it. */
export function advance(flow: Flow, byOpener: boolean, packet: Packet, transport: TransportHeader, arrival: Arrival): void {
  const by: EndNumber = byOpener ? 0 : 1;
  flow.answered ||= !byOpener;
  if (packet.fragment !== null && packet.fragment.offset > 0) return;
  flow.tcpFlags[by] |= transport.tcpFlags ?? 0;
  const sent = sentBy(packet, transport);
  if (sent !== undefined && isFromItsSide(flow, by, arrival)) flow.segments?.follow(sent, by, (flow.tcpFlags[0] & SYN) !== 0);
}

export function sentBy({ hopLimit }: Packet, { tcpFlags, segment }: TransportHeader): Sent | undefined {
  return tcpFlags === null || segment === null ? undefined : { flags: tcpFlags, segment, hopLimit };
}

/** Returns whether this is another SYN of the opener than the one that opened the connection and that the other end has answered. */
export function isOffer({ tcpFlags, segments }: Flow, sent: Sent | undefined): boolean {
  return tcpFlags[1] !== 0 && sent !== undefined && segments?.isOther(sent) === true;
}

/** Returns whether the packet comes from the side of this end: a neighbour of one end cannot speak for the other. */
export function isFromItsSide({ direction }: Flow, by: EndNumber, { hook }: Arrival): boolean {
  return (direction === hook) === (by === 0);
}

/** Returns whether the opener goes on with a new connection, whose SYN it sent while this one was alive. */
export function isSucceeded(flow: Flow, sent: Sent | undefined, arrival: Arrival): boolean {
  return sent !== undefined && isFromItsSide(flow, 0, arrival) && flow.segments?.isSucceededBy(sent) === true;
}
