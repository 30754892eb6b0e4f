/**
 * Parses IPv4 and IPv6 up to layer 4. A parser first reports the addresses and then looks at the rest, so that a failsafe for an
 * address also holds for a packet that is otherwise malformed.
 */

import { Limit } from "../../generated/layout.ts";
import { readTransport, sumsUp } from "./transport.ts";
import { ETHERTYPE_IPV4, Undecidable, type Packet, type Reader, type Surroundings } from "./packet.ts";

const MAPPED = 0xffff_0000_0000n;
const FRAGMENT_HEADER = 44;
const AUTHENTICATION_HEADER = 51;
/** Hop-by-hop, routing, fragment, authentication, destination options, mobility, HIP, shim6. */
const EXTENSION_HEADERS = [0, 43, FRAGMENT_HEADER, AUTHENTICATION_HEADER, 60, 135, 139, 140];

/** Reads an IP packet. `seen` gets the packet as soon as its addresses are known; the packet is filled further afterwards. */
export function readIp(reader: Reader, etherType: number, around: Surroundings, seen: (packet: Packet) => void): void {
  if (etherType === ETHERTYPE_IPV4) readIPv4(reader, around, seen);
  else readIPv6(reader, around, seen);
}

function readIPv4(reader: Reader, around: Surroundings, seen: (packet: Packet) => void): void {
  const room = reader.left;
  const bytes = reader.rest;
  const header = reader.take(20, "ipv4_truncated");
  if (header.getUint8(0) >> 4 !== 4) throw new Undecidable("ipv4_version");
  const packet: Packet = {
    family: 4,
    source: MAPPED | BigInt(header.getUint32(12)),
    destination: MAPPED | BigInt(header.getUint32(16)),
    hopLimit: header.getUint8(8),
    dscp: header.getUint8(1) >> 2,
    headerProtocol: header.getUint8(9),
    fragment: null,
    fragmentHeader: false,
    transport: undefined,
  };
  seen(packet);
  const headerLength = (header.getUint8(0) & 0x0f) * 4;
  if (headerLength < 20) throw new Undecidable("ipv4_header_length");
  const length = header.getUint16(2) || (around.gso ? room : 0);
  if (length < headerLength || headerLength > room || (length > room && !around.partial)) throw new Undecidable("ipv4_total_length");
  reader.cut(length - 20);
  reader.take(headerLength - 20, "ipv4_total_length");

  const offset = (header.getUint16(6) & 0x1fff) * 8;
  const more = (header.getUint16(6) & 0x2000) !== 0;
  if (offset > 0 || more) packet.fragment = { id: header.getUint16(4), offset, more, length: length - headerLength };
  if (offset === 0)
    packet.transport = readTransport(reader, header.getUint8(9), {
      ...around,
      ends: packet,
      firstFragment: more,
      headerIsRight: sumsUp(bytes.subarray(0, headerLength)),
      isBare: headerLength === 20,
      jumbo: false,
    });
}

function readIPv6(reader: Reader, around: Surroundings, seen: (packet: Packet) => void): void {
  const header = reader.take(40, "ipv6_truncated");
  if (header.getUint8(0) >> 4 !== 6) throw new Undecidable("ipv6_version");
  const [source, destination] = [8, 24].map((at) => (header.getBigUint64(at) << 64n) | header.getBigUint64(at + 8)) as [bigint, bigint];
  // An IPv4 address in an IPv6 header would meet the rules and flows of IPv4. No host may send one.
  if ([source, destination].some((address) => address >> 32n === 0xffffn)) throw new Undecidable("ipv6_version");
  const packet: Packet = {
    family: 6,
    source,
    destination,
    hopLimit: header.getUint8(7),
    dscp: (header.getUint16(0) >> 6) & 0x3f,
    headerProtocol: null,
    fragment: null,
    fragmentHeader: false,
    transport: undefined,
  };
  seen(packet);
  const length = header.getUint16(4) || (around.gso ? reader.left : 0);
  if (length > reader.left && !around.partial) throw new Undecidable("ipv6_payload_length");
  const missing = Math.max(0, length - reader.left);
  reader.cut(length);

  const protocol = skipExtensions(reader, header.getUint8(6), packet, missing);
  if (packet.fragment === null || packet.fragment.offset === 0) {
    packet.transport = readTransport(reader, protocol, {
      ...around,
      ends: packet,
      firstFragment: packet.fragment !== null,
      headerIsRight: true,
      isBare: protocol === header.getUint8(6),
      jumbo: true,
    });
  }
}

/** Skips extension headers up to layer 4. It stops behind the header of a later fragment, where only payload follows. */
function skipExtensions(reader: Reader, first: number, packet: Packet, missing: number): number {
  let next = first;
  for (let count = 0; EXTENSION_HEADERS.includes(next); count++) {
    if (count === Limit.EXTENSION_HEADERS) throw new Undecidable("extension_depth");
    if (next === FRAGMENT_HEADER) {
      const header = reader.take(8, "extension_truncated");
      if (packet.fragmentHeader) throw new Undecidable("fragment_nested");
      packet.fragmentHeader = true;
      next = header.getUint8(0);
      const offset = header.getUint16(2) & 0xfff8;
      const more = (header.getUint16(2) & 1) !== 0;
      if (offset > 0 || more) packet.fragment = { id: header.getUint32(4), offset, more, length: reader.left + missing };
      if (offset > 0) return next;
    } else {
      const header = reader.take(2, "extension_truncated");
      const length = next === AUTHENTICATION_HEADER ? (header.getUint8(1) + 2) * 4 : (header.getUint8(1) + 1) * 8;
      reader.take(length - 2, "extension_truncated");
      next = header.getUint8(0);
    }
  }
  return next;
}
