/** Tunnel headers: what is inside, and the identity that keeps its connections apart from others. */

import { readEthernet, type Link } from "./ethernet.ts";
import { Reader, Undecidable, type Inner } from "./packet.ts";

const BRIDGED = 0x6558;

const GRE_CHECKSUM = 0x8000;
const GRE_ROUTING = 0x4000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
const GRE_VERSION = 0x0007;

export interface Opened extends Link {
  reader: Reader;
  /** As `vxlan 7`. */
  tunnel: string;
}

/** Reads the tunnel's own header, and the Ethernet header inside where there is one. */
export function openTunnel(inner: Inner): Opened {
  const reader = new Reader(inner.bytes);
  const { id, etherType } = readTunnelHeader(reader, inner);
  const link = etherType === BRIDGED ? readEthernet(reader) : { etherType, vlan: [] };
  return { reader, tunnel: `${inner.kind} ${id}`, ...link };
}

function readTunnelHeader(reader: Reader, inner: Inner): { id: number; etherType: number } {
  switch (inner.kind) {
    case "gre":
      return readGre(reader);
    case "vxlan":
      return readVxlan(reader);
    case "geneve":
      return readGeneve(reader);
    case "ipip":
      return { id: 0, etherType: inner.etherType };
  }
}

function readGre(reader: Reader): { id: number; etherType: number } {
  const header = reader.take(4, "tunnel_truncated");
  const flags = header.getUint16(0);
  // RFC 2784 has receivers discard source routes; version 1 (PPTP) has another header.
  if (flags & (GRE_ROUTING | GRE_VERSION)) throw new Undecidable("tunnel_header");
  if (flags & GRE_CHECKSUM) reader.take(4, "tunnel_truncated");
  const key = flags & GRE_KEY ? reader.take(4, "tunnel_truncated").getUint32(0) : 0;
  if (flags & GRE_SEQUENCE) reader.take(4, "tunnel_truncated");
  return { id: key & 0xff_ffff, etherType: header.getUint16(2) };
}

function readVxlan(reader: Reader): { id: number; etherType: number } {
  const header = reader.take(8, "tunnel_truncated");
  if (!(header.getUint8(0) & 0x08)) throw new Undecidable("tunnel_header");
  return { id: header.getUint32(4) >>> 8, etherType: BRIDGED };
}

function readGeneve(reader: Reader): { id: number; etherType: number } {
  const header = reader.take(8, "tunnel_truncated");
  if (header.getUint8(0) >> 6 !== 0) throw new Undecidable("tunnel_header");
  reader.take((header.getUint8(0) & 0x3f) * 4, "tunnel_truncated");
  return { id: header.getUint32(4) >>> 8, etherType: header.getUint16(2) };
}
