/**
 * Follows fragmented datagrams. Only the first fragment has a layer 4 header, so a later one borrows that header and is judged
 * with it. The bytes that were seen are remembered: a datagram with two fragments for the same byte could look different to weir
 * and to the receiver.
 */

import { Limit } from "../../generated/layout.ts";
import { Undecidable, type Packet, type Reason, type TransportHeader } from "./packet.ts";

const LONGEST = 65_535;

interface Datagram {
  /** Ranges that neither overlap nor touch. */
  ranges: { start: number; end: number }[];
  lastSeen: boolean;
  /** The layer 4 header of the first fragment. */
  transport: TransportHeader | undefined;
  /** The reason why no fragment of this datagram can be decided any more. */
  poison: Reason | undefined;
}

export class Fragments {
  readonly #datagrams = new Map<string, Datagram>();

  /** Notes a fragment, and gives a later one the header of its first. `place` is the interface, the tags and the tunnel. */
  see(packet: Packet, place: string): void {
    const { fragment } = packet;
    if (fragment === null) return;
    const { id, offset, length, more } = fragment;
    if (length === 0 || offset + length > LONGEST || (more && length % 8 !== 0)) throw new Undecidable("fragment_length");

    // The key has no protocol, because an IPv6 receiver joins fragments whatever next header each of them names (RFC 8200, 4.5).
    const key = [packet.source, packet.destination, id, packet.headerProtocol, place].join(" ");
    let datagram = this.#datagrams.get(key);
    if (datagram === undefined || (offset === 0 && isComplete(datagram))) {
      datagram = { ranges: [], lastSeen: false, transport: undefined, poison: undefined };
      this.#datagrams.set(key, datagram);
    }
    datagram.poison ??= addRange(datagram, offset, offset + length);
    if (datagram.poison !== undefined) throw new Undecidable(datagram.poison);
    datagram.lastSeen ||= !more;
    if (offset === 0) datagram.transport = packet.transport;
    else packet.transport = lend(datagram.transport);
  }
}

function isComplete({ ranges, lastSeen }: Datagram): boolean {
  return lastSeen && ranges.length === 1 && ranges[0]?.start === 0;
}

/** Adds a range and joins ranges that touch, so that fragments in order take one range. */
function addRange(datagram: Datagram, start: number, end: number): Reason | undefined {
  if (datagram.ranges.some((range) => start < range.end && range.start < end)) return "fragment_overlap";
  const before = datagram.ranges.find((range) => range.end === start);
  const after = datagram.ranges.find((range) => range.start === end);
  const others = datagram.ranges.filter((range) => range !== before && range !== after);
  datagram.ranges = [...others, { start: before?.start ?? start, end: after?.end ?? end }];
  return datagram.ranges.length > Limit.FRAGMENT_RANGES ? "fragment_ranges" : undefined;
}

/**
 * A later fragment does not get the quoted packet of an ICMP error or the inner packet of a tunnel: these are in the first
 * fragment only.
 */
function lend(transport: TransportHeader | undefined): TransportHeader | undefined {
  return (
    transport && {
      ...transport,
      segment: transport.segment && { ...transport.segment, whole: false },
      quoted: null,
      inner: null,
      payload: null,
      datagram: null,
    }
  );
}
