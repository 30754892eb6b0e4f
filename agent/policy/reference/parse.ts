/** Parses a frame as far as it can be read: the whole packet, or its addresses and the reason why the rest is undecidable. */

import type { Arrival } from "./arrival.ts";
import { readEthernet, type EthernetHeader } from "./ethernet.ts";
import type { Fragments } from "./fragments.ts";
import { readIp } from "./ip.ts";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, Reader, Undecidable } from "./packet.ts";
import type { Inner, Packet, Reason, Surroundings } from "./packet.ts";
import { openTunnel } from "./tunnel.ts";

export interface ParsedFrame {
  /** undefined if not even the addresses are known. */
  packet: Packet | undefined;
  problem: Reason | undefined;
  /** The interface, tags and tunnel. The same addresses in another place belong to other hosts. */
  place: string;
  /** The identifier of the outermost tag that has one; 0 if there is none. */
  vlan: number;
  inTunnel: boolean;
}

/** A frame without IP; `etherType` tells what it is. */
export interface NotIp {
  etherType: number;
}

export function parseFrame(arrival: Arrival, fragments: Fragments): ParsedFrame | NotIp {
  const reader = new Reader(arrival.frame);
  const around = { gso: arrival.gso ?? false, partial: false };
  return attempt(arrival.interface, false, () => {
    const link = arrival.ethernet === false ? linkOfBareIp(arrival) : readEthernet(reader, arrival.metadataTags);
    return parseIp(reader, link, around, `${arrival.interface} vlan ${link.vlan.join(".")}`, false, fragments);
  });
}

/** Parses the inner packet of the tunnel packet `outer`. */
export function parseInner(outer: Packet, inner: Inner, arrival: Arrival, fragments: Fragments): ParsedFrame | NotIp {
  const partial = outer.fragment !== null;
  return attempt(arrival.interface, true, () => {
    const { reader, tunnel, ...link } = openTunnel(inner, outer.family);
    const place = `${arrival.interface} ${tunnel} vlan ${link.vlan.join(".")}`;
    return parseIp(reader, link, { gso: arrival.gso ?? false, partial }, place, true, fragments);
  });
}

function parseIp(
  reader: Reader,
  link: EthernetHeader,
  around: Surroundings,
  place: string,
  inTunnel: boolean,
  fragments: Fragments,
): ParsedFrame | NotIp {
  if (link.etherType !== ETHERTYPE_IPV4 && link.etherType !== ETHERTYPE_IPV6) return { etherType: link.etherType };
  const seen: Packet[] = [];
  const vlan = link.vlan.find((identifier) => identifier !== 0) ?? 0;
  try {
    readIp(reader, link.etherType, around, (packet) => seen.push(packet));
    for (const packet of seen) fragments.see(packet, place);
    return { packet: seen[0], problem: undefined, place, vlan, inTunnel };
  } catch (error) {
    return { packet: seen[0], problem: reasonOf(error), place, vlan, inTunnel };
  }
}

function attempt(place: string, inTunnel: boolean, look: () => ParsedFrame | NotIp): ParsedFrame | NotIp {
  try {
    return look();
  } catch (error) {
    return { packet: undefined, problem: reasonOf(error), place, vlan: 0, inTunnel };
  }
}

function reasonOf(error: unknown): Reason {
  if (error instanceof Undecidable) return error.reason;
  throw error;
}

function linkOfBareIp({ frame, metadataTags = [] }: Arrival): EthernetHeader {
  return { etherType: (frame[0] ?? 0) >> 4 === 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4, vlan: [...metadataTags] };
}
