/**
 * Datagrams in pieces. Only the first fragment has a layer 4 header; a later one stands in for its first and is
 * judged as if it had that header. Which bytes were seen is remembered, because two fragments that claim the same byte
 * are how a datagram is made to look different to the judge and to the receiver.
 */

import { Limit } from "../../generated/layout.ts";
import { Undecidable, type Packet, type Reason, type Transport } from "./packet.ts";

const LONGEST = 65_535;

interface Datagram {
  /** Disjoint, and not adjacent. */
  ranges: { start: number; end: number }[];
  lastSeen: boolean;
  /** Of the first fragment. */
  transport: Transport | undefined;
  /** Why nothing of this datagram can be decided any more. */
  poison: Reason | undefined;
}

export class Fragments {
  readonly #datagrams = new Map<string, Datagram>();

  /** Takes note of a fragment, and lends a later one the header of its first. `place`: interface, tags and tunnel. */
  see(packet: Packet, place: string): void {
    const { fragment } = packet;
    if (fragment === null) return;
    const { id, offset, length, more } = fragment;
    if (length === 0 || offset + length > LONGEST || (more && length % 8 !== 0)) throw new Undecidable("fragment_length");

    // An IPv6 receiver joins fragments whatever next header each of them names (RFC 8200, 4.5): no protocol in its key.
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

/** Adjacent ranges become one, so that fragments in order take one place. */
function addRange(datagram: Datagram, start: number, end: number): Reason | undefined {
  if (datagram.ranges.some((range) => start < range.end && range.start < end)) return "fragment_overlap";
  const before = datagram.ranges.find((range) => range.end === start);
  const after = datagram.ranges.find((range) => range.start === end);
  const others = datagram.ranges.filter((range) => range !== before && range !== after);
  datagram.ranges = [...others, { start: before?.start ?? start, end: after?.end ?? end }];
  return datagram.ranges.length > Limit.FRAGMENT_RANGES ? "fragment_ranges" : undefined;
}

/** What an error quotes and what a tunnel carries is in the first fragment only. */
function lend(transport: Transport | undefined): Transport | undefined {
  return (
    transport && {
      ...transport,
      segment: transport.segment && { ...transport.segment, whole: false },
      quoted: null,
      inner: null,
      datagram: null,
    }
  );
}
