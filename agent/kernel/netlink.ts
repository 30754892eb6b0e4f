/**
 * Reads and writes the rtnetlink messages that weir needs (rtnetlink(7)). Every length that comes from outside is checked. A part
 * that is cut short is left out rather than guessed.
 */

import { parseTunnel, type TunnelDevice } from "./tunnel-device.ts";

export interface Link {
  ifindex: number;
  name: string;
  /** The hardware type, an ARPHRD_* number: 1 Ethernet, 772 loopback, 65534 none (tun). */
  type: number;
  up: boolean;
  mtu: number;
  /** The kind, such as `veth`, `bridge` or `vxlan`; absent for hardware. */
  kind?: string;
  /** The ifindex of the bridge or bond that the device belongs to. */
  master?: number;
  /** The ifindex of the other end or of the lower device, in `peerNamespace` if that is there. */
  peer?: number;
  peerNamespace?: number;
  /** The hardware address, such as `02:00:00:00:00:01`. */
  address?: string;
  /** The tunnels that the device decapsulates; absent if none. */
  tunnels?: TunnelDevice[];
  xdp?: { mode: "native" | "generic" | "offload" | "several"; program: number };
  /** The device's own counters at the time of the message. */
  packets?: PacketCounts;
}

/** The packets that a device received and sent. */
export interface PacketCounts {
  ingress: number;
  egress: number;
}

export interface InterfaceAddress {
  ifindex: number;
  family: 4 | 6;
  prefixLength: number;
  /** The local address in network order, 4 or 16 bytes. */
  bytes: Uint8Array;
}

export type Change =
  | { what: "link"; link: Link }
  | { what: "link-gone"; ifindex: number; name: string }
  | { what: "address" | "address-gone"; address: InterfaceAddress };

export interface NetlinkMessage {
  type: number;
  sequence: number;
  /** True if the list is not consistent, because it changed while the kernel wrote it. */
  interrupted: boolean;
  body: Uint8Array;
}

export const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_GETROUTE = 26;
export const RTM_NEWTFILTER = 44;
export const RTM_GETTFILTER = 46;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
/** The multicast groups of links, IPv4 addresses and IPv6 addresses. */
export const LINK_GROUPS = 0x1 | 0x10 | 0x100;

const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;
const MESSAGE_HEADER = 16;
const LINK_HEADER = 16;
const ADDRESS_HEADER = 8;
const ATTRIBUTE_TYPE = 0x3fff; // without the bits for "nested" and "network order"
const IFF_UP = 1;
const AF_INET = 2;
const AF_INET6 = 10;

const LinkAttribute = { ADDRESS: 1, NAME: 3, MTU: 4, LINK: 5, MASTER: 10, LINKINFO: 18, STATS64: 23, NETNSID: 37, XDP: 43 } as const;
const INFO_KIND = 1;
const INFO_DATA = 2;
const XDP_ATTACHED = 2;
const XDP_PROG_ID = 4;
const XDP_MODES = [undefined, "native", "generic", "offload", "several"] as const;

/** Writes a request for every object of one type. `body` is the header which that type needs. */
export function dumpRequest(type: number, sequence: number, body: Uint8Array): Buffer {
  return requestOf(type, NLM_F_REQUEST | NLM_F_DUMP, sequence, body);
}

/** Writes a request for the one object that `body` names. */
export function getRequest(type: number, sequence: number, body: Uint8Array): Buffer {
  return requestOf(type, NLM_F_REQUEST, sequence, body);
}

/** Writes an attribute. `type` includes NESTED if the attribute holds others. */
export function attribute(type: number, ...parts: Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  const bytes = Buffer.alloc(align(length));
  bytes.writeUInt16LE(length, 0);
  bytes.writeUInt16LE(type, 2);
  Buffer.concat(parts).copy(bytes, 4);
  return bytes;
}

export const NESTED = 0x8000;

function requestOf(type: number, flags: number, sequence: number, body: Uint8Array): Buffer {
  const request = Buffer.alloc(MESSAGE_HEADER + body.length);
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(type, 4);
  request.writeUInt16LE(flags, 6);
  request.writeUInt32LE(sequence, 8);
  request.set(body, MESSAGE_HEADER);
  return request;
}

/** Yields the messages in one datagram. */
export function* messages(datagram: Uint8Array): Generator<NetlinkMessage> {
  const view = viewOf(datagram);
  for (let at = 0; at + MESSAGE_HEADER <= datagram.length; ) {
    const length = view.getUint32(at, true);
    if (length < MESSAGE_HEADER || at + length > datagram.length) return;
    yield {
      type: view.getUint16(at + 4, true),
      interrupted: (view.getUint16(at + 6, true) & NLM_F_DUMP_INTR) !== 0,
      sequence: view.getUint32(at + 8, true),
      body: datagram.subarray(at + MESSAGE_HEADER, at + length),
    };
    at += align(length);
  }
}

/** Returns the error number of an NLMSG_ERROR or NLMSG_DONE message, 0 for none. */
export function errorOf(message: NetlinkMessage): number {
  return message.body.length >= 4 ? -viewOf(message.body).getInt32(0, true) : 0;
}

export function parseChange(message: NetlinkMessage): Change | undefined {
  switch (message.type) {
    case RTM_NEWLINK: {
      const link = parseLink(message.body);
      return link === undefined ? undefined : { what: "link", link };
    }
    case RTM_DELLINK: {
      const link = parseLink(message.body);
      return link === undefined ? undefined : { what: "link-gone", ifindex: link.ifindex, name: link.name };
    }
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      const address = parseInterfaceAddress(message.body);
      return address === undefined ? undefined : { what: message.type === RTM_NEWADDR ? "address" : "address-gone", address };
    }
    default:
      return undefined;
  }
}

export function parseLink(body: Uint8Array): Link | undefined {
  // Messages of the bridge family report that a port joined or left, and nothing of the device itself.
  if (body.length < LINK_HEADER || body[0] !== 0) return undefined;
  const view = viewOf(body);
  const found = attributes(body.subarray(LINK_HEADER));
  const name = text(found.get(LinkAttribute.NAME));
  if (name === "") return undefined;
  const link: Link = {
    ifindex: view.getInt32(4, true),
    name,
    type: view.getUint16(2, true),
    up: (view.getUint32(8, true) & IFF_UP) !== 0,
    mtu: number(found.get(LinkAttribute.MTU)) ?? 0,
  };
  const info = attributes(found.get(LinkAttribute.LINKINFO));
  const kind = text(info.get(INFO_KIND));
  const tunnels = parseTunnel(kind, attributes(info.get(INFO_DATA)));
  const address = found.get(LinkAttribute.ADDRESS);
  const xdp = parseXdp(found.get(LinkAttribute.XDP));
  const packets = packetCounts(found.get(LinkAttribute.STATS64));
  const master = number(found.get(LinkAttribute.MASTER));
  const peer = number(found.get(LinkAttribute.LINK));
  const peerNamespace = number(found.get(LinkAttribute.NETNSID));
  if (kind !== "") link.kind = kind;
  if (tunnels.length > 0) link.tunnels = tunnels;
  if (address !== undefined && address.length > 0) link.address = [...address].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  if (xdp !== undefined) link.xdp = xdp;
  if (packets !== undefined) link.packets = packets;
  if (master !== undefined) link.master = master;
  if (peer !== undefined) link.peer = peer;
  if (peerNamespace !== undefined) link.peerNamespace = peerNamespace;
  return link;
}

/** Reads a struct rtnl_link_stats64. */
export function packetCounts(bytes: Uint8Array | undefined): PacketCounts | undefined {
  if (bytes === undefined || bytes.length < 16) return undefined;
  const view = viewOf(bytes);
  return { ingress: Number(view.getBigUint64(0, true)), egress: Number(view.getBigUint64(8, true)) };
}

export function parseInterfaceAddress(body: Uint8Array): InterfaceAddress | undefined {
  if (body.length < ADDRESS_HEADER) return undefined;
  const family = body[0] === AF_INET ? 4 : body[0] === AF_INET6 ? 6 : undefined;
  if (family === undefined) return undefined;
  const found = attributes(body.subarray(ADDRESS_HEADER));
  // On a point-to-point link IFA_ADDRESS (1) is the other end, and IFA_LOCAL (2) is the local address.
  const bytes = found.get(2) ?? found.get(1);
  if (bytes?.length !== (family === 4 ? 4 : 16)) return undefined;
  return { ifindex: viewOf(body).getUint32(4, true), family, prefixLength: body[1]!, bytes: Uint8Array.from(bytes) };
}

function parseXdp(bytes: Uint8Array | undefined): Link["xdp"] {
  const found = attributes(bytes);
  const mode = XDP_MODES[found.get(XDP_ATTACHED)?.[0] ?? 0];
  return mode === undefined ? undefined : { mode, program: number(found.get(XDP_PROG_ID)) ?? 0 };
}

/** Returns the attributes by type. If a type comes twice, the last value counts. */
export function attributes(bytes: Uint8Array | undefined): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  if (bytes === undefined) return found;
  const view = viewOf(bytes);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) break;
    found.set(view.getUint16(at + 2, true) & ATTRIBUTE_TYPE, bytes.subarray(at + 4, at + length));
    at += align(length);
  }
  return found;
}

function number(bytes: Uint8Array | undefined): number | undefined {
  return bytes !== undefined && bytes.length >= 4 ? viewOf(bytes).getUint32(0, true) : undefined;
}

function text(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return "";
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function align(length: number): number {
  return (length + 3) & ~3;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
