/** Parses tunnel headers: the inner packet, and the identity that keeps its connections apart from others. */

import { readEthernet, readTags, type EthernetHeader } from "./ethernet.ts";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, Reader, Undecidable, type Inner } from "./packet.ts";

const BRIDGED = 0x6558;
const WCCP = 0x883e;
const ERSPAN = [0x88be, 0x22eb];
/** The bytes of the header before a mirrored frame, by its version. */
const ERSPAN_HEADER: Readonly<Record<number, number>> = { 1: 8, 2: 12 };

const GRE_CHECKSUM = 0x8000;
const GRE_ROUTING = 0x4000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
const GRE_VERSION = 0x0007;
const GRE_OPTIONS = GRE_CHECKSUM | GRE_KEY | GRE_SEQUENCE;

/** VXLAN-GPE has protocol numbers of its own. */
const VXLAN_PROTOCOLS: Readonly<Record<number, number>> = { 1: ETHERTYPE_IPV4, 2: ETHERTYPE_IPV6, 3: BRIDGED };

export interface Opened extends EthernetHeader {
  reader: Reader;
  /** The tunnel's kind and identity, such as `vxlan 7`. */
  tunnel: string;
}

/** Reads the tunnel's own header, and the inner Ethernet header if there is one. `family` is that of the outer packet. */
export function openTunnel(inner: Inner, family: 4 | 6): Opened {
  const reader = new Reader(inner.bytes);
  const { id, etherType } = readTunnelHeader(reader, inner, family);
  const link = etherType === BRIDGED ? readEthernet(reader) : readTags(reader, etherType);
  if (etherType !== BRIDGED && link.etherType !== ETHERTYPE_IPV4 && link.etherType !== ETHERTYPE_IPV6)
    throw new Undecidable("tunnel_payload");
  return { reader, tunnel: `${inner.kind} ${id}`, ...link };
}

function readTunnelHeader(reader: Reader, inner: Inner, family: 4 | 6): { id: number; etherType: number } {
  switch (inner.kind) {
    case "gre":
      return readGre(reader, family);
    case "vxlan":
      return readVxlan(reader);
    case "geneve":
      return readGeneve(reader);
    case "ipip":
      return { id: 0, etherType: inner.etherType };
  }
}

function readGre(reader: Reader, family: 4 | 6): { id: number; etherType: number } {
  const header = reader.take(4, "tunnel_truncated");
  const flags = header.getUint16(0);
  // Receivers discard packets with source routes (RFC 2784). Version 1 (PPTP) has another header.
  if (flags & (GRE_ROUTING | GRE_VERSION)) throw new Undecidable("tunnel_header");
  if (flags & GRE_CHECKSUM) reader.take(4, "tunnel_truncated");
  const key = flags & GRE_KEY ? reader.take(4, "tunnel_truncated").getUint32(0) : 0;
  if (flags & GRE_SEQUENCE) reader.take(4, "tunnel_truncated");
  return { id: key, etherType: payloadOfGre(reader, flags, header.getUint16(2), family) };
}

/** Some types have a header of their own before the inner packet. They are read as Linux reads them. */
function payloadOfGre(reader: Reader, flags: number, type: number, family: 4 | 6): number {
  if (type === WCCP && flags === 0) {
    if (reader.left === 0) throw new Undecidable("tunnel_truncated");
    if (reader.rest[0]! >> 4 !== 4) reader.take(4, "tunnel_truncated");
    return family === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
  }
  if (!ERSPAN.includes(type)) return type;
  if (flags & GRE_OPTIONS) {
    if (reader.left === 0) throw new Undecidable("tunnel_truncated");
    const header = ERSPAN_HEADER[reader.rest[0]! >> 4];
    if (header === undefined) throw new Undecidable("tunnel_header");
    reader.take(header, "tunnel_truncated");
  }
  return BRIDGED;
}

function readVxlan(reader: Reader): { id: number; etherType: number } {
  const header = reader.take(8, "tunnel_truncated");
  const flags = header.getUint8(0);
  if (!(flags & 0x08)) throw new Undecidable("tunnel_header");
  const id = header.getUint32(4) >>> 8;
  if (!(flags & 0x04)) return { id, etherType: BRIDGED };
  // VXLAN-GPE names the type of the inner packet. Other versions, and messages to the tunnel's end itself, are not opened.
  if (flags & 0x31) throw new Undecidable("tunnel_header");
  return { id, etherType: VXLAN_PROTOCOLS[header.getUint8(3)] ?? 0 };
}

function readGeneve(reader: Reader): { id: number; etherType: number } {
  const header = reader.take(8, "tunnel_truncated");
  if (header.getUint8(0) >> 6 !== 0) throw new Undecidable("tunnel_header");
  reader.take((header.getUint8(0) & 0x3f) * 4, "tunnel_truncated");
  return { id: header.getUint32(4) >>> 8, etherType: header.getUint16(2) };
}
