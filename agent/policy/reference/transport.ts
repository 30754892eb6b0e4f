/** Parses TCP, UDP, ICMP and ICMPv6. The protocol number alone tells which of them it is. */

import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, Undecidable } from "./packet.ts";
import { FIN, RST, SYN } from "./flags.ts";
import type { Addresses, Conversation, Inner, IcmpMessage, Reader, Reason, Segment, Surroundings, TransportHeader } from "./packet.ts";

export const ICMP = 1;
export const IGMP = 2;
export const TCP = 6;
export const UDP = 17;
export const ICMPV6 = 58;

const IPIP = 4;
const IPV6_IN_IP = 41;
const GRE = 47;
const VXLAN_PORT = 4789;
/** The default of Linux, which is older than the registered port. */
const VXLAN_PORT_LINUX = 8472;
const VXLAN_GPE_PORT = 4790;
const GENEVE_PORT = 6081;
/** A longer reset does not count. */
const LONGEST_RESET = 508;
/** Two bytes of padding, and an option of 10 bytes: the only option that a reset of Linux has. */
const ONLY_TIMESTAMP = 0x0101_080a;

interface Around extends Surroundings {
  /** The addresses of the IP packet. */
  ends: Addresses;
  /** True if the rest of the datagram comes in other packets. */
  firstFragment: boolean;
  /** True if the checksum of the IP header is right, or the header has none. */
  headerIsRight: boolean;
  /** True if the IP header has neither options nor extension headers. */
  isBare: boolean;
  /** True if a UDP length of 0 stands for everything that is left (RFC 2675). */
  jumbo: boolean;
}

export function readTransport(reader: Reader, protocol: number, around: Around): TransportHeader {
  const plain: TransportHeader = {
    protocol,
    ports: null,
    icmp: null,
    tcpFlags: null,
    segment: null,
    quoted: null,
    inner: null,
    payload: null,
    datagram: null,
  };
  const orTiny = (reason: Reason): Reason => (around.firstFragment ? "fragment_tiny" : reason);
  switch (protocol) {
    case TCP:
      return { ...plain, ...readTcp(reader, orTiny("tcp_truncated"), around) };
    case UDP:
      return { ...plain, ...readUdp(reader, orTiny("udp_truncated"), around) };
    case ICMP:
    case ICMPV6:
      return { ...plain, ...readIcmp(reader, protocol, orTiny("icmp_truncated")) };
    case GRE:
      return { ...plain, inner: { kind: "gre", etherType: 0, bytes: reader.rest } };
    case IPIP:
      return { ...plain, inner: { kind: "ipip", etherType: ETHERTYPE_IPV4, bytes: reader.rest } };
    case IPV6_IN_IP:
      return { ...plain, inner: { kind: "ipip", etherType: ETHERTYPE_IPV6, bytes: reader.rest } };
    default:
      return plain;
  }
}

function readTcp(reader: Reader, tooShort: Reason, around: Around): Partial<TransportHeader> {
  const bytes = reader.rest;
  const header = reader.take(20, tooShort);
  const headerLength = (header.getUint8(12) >> 4) * 4;
  if (headerLength < 20 || headerLength > bytes.length) throw new Undecidable("tcp_header_length");
  const tcpFlags = header.getUint8(13);
  const sequence = header.getUint32(4);
  const segment: Segment = {
    sequence,
    end: (sequence + bytes.length - headerLength + ((tcpFlags >> 1) & 1) + (tcpFlags & 1)) >>> 0,
    acknowledgement: header.getUint32(8),
    whole: !around.firstFragment && !around.partial,
    checksumIsRight: (tcpFlags & RST) !== 0 && bytes.length <= LONGEST_RESET && around.headerIsRight && isRightChecksum(around.ends, bytes),
    isPlain: around.isBare && (tcpFlags & (SYN | FIN)) === 0 && bytes.length === headerLength && hasUsualOptions(bytes.subarray(20)),
  };
  const ports = { source: header.getUint16(0), destination: header.getUint16(2) };
  return { ports, tcpFlags, segment, payload: bytes.subarray(headerLength) };
}

function hasUsualOptions(options: Uint8Array): boolean {
  return (
    options.length === 0 || (options.length === 12 && new DataView(options.buffer, options.byteOffset).getUint32(0) === ONLY_TIMESTAMP)
  );
}

/** Checks the checksum of RFC 1071 over a pseudo header with both addresses, the protocol and the length. */
function isRightChecksum({ source, destination }: Addresses, bytes: Uint8Array): boolean {
  let sum = TCP + bytes.length;
  for (const address of [source, destination])
    for (let rest = isIPv4(address) ? address & 0xffff_ffffn : address; rest > 0n; rest >>= 16n) sum += Number(rest & 0xffffn);
  return sumsUp(bytes, sum);
}

/** Returns whether the sum of these 16-bit numbers is that of a block with a right checksum in it. */
export function sumsUp(bytes: Uint8Array, sum = 0): boolean {
  for (const [at, byte] of bytes.entries()) sum += at % 2 === 0 ? byte << 8 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum === 0xffff;
}

function isIPv4(address: bigint): boolean {
  return address >> 32n === 0xffffn;
}

function readUdp(reader: Reader, tooShort: Reason, around: Around): Partial<TransportHeader> {
  const left = reader.left;
  const header = reader.take(8, tooShort);
  const length = header.getUint16(4);
  const speaksOfOthers = around.firstFragment || around.partial || (length === 0 && (around.gso || around.jumbo));
  if (!speaksOfOthers && (length < 8 || length > left)) throw new Undecidable("udp_length");
  const ports = { source: header.getUint16(0), destination: header.getUint16(2) };
  const datagram = reader.rest;
  const payload = speaksOfOthers ? datagram : datagram.subarray(0, length - 8);
  return { ports, inner: innerByPort(ports.destination, datagram), payload, datagram };
}

function innerByPort(port: number, bytes: Uint8Array): Inner | null {
  if (port === VXLAN_PORT || port === VXLAN_PORT_LINUX || port === VXLAN_GPE_PORT) return { kind: "vxlan", etherType: 0, bytes };
  return port === GENEVE_PORT ? { kind: "geneve", etherType: 0, bytes } : null;
}

function readIcmp(reader: Reader, protocol: number, tooShort: Reason): Partial<TransportHeader> {
  const icmp = messageOf(reader.take(8, tooShort), protocol);
  return { icmp, quoted: isError(protocol, icmp.type) ? readQuoted(reader, protocol) : null };
}

function messageOf(header: DataView, protocol: number): IcmpMessage {
  const type = header.getUint8(0);
  return { type, code: header.getUint8(1), identifier: pairOf(protocol, type) === undefined ? 0 : header.getUint16(4) };
}

/** Requests and their replies, which carry the same identifier. */
const PAIRS: Readonly<Record<number, [question: number, answer: number][]>> = {
  [ICMP]: [
    [8, 0],
    [13, 14],
  ],
  [ICMPV6]: [[128, 129]],
};

function pairOf(protocol: number, type: number): [number, number] | undefined {
  return PAIRS[protocol]?.find((pair) => pair.includes(type));
}

/** Echo and timestamp replies belong to a request and open nothing. */
export function isReply(protocol: number, type: number): boolean {
  return pairOf(protocol, type)?.[1] === type;
}

/** Returns whether the message is an echo or timestamp request. */
export function isRequest(protocol: number, type: number): boolean {
  return pairOf(protocol, type)?.[0] === type;
}

/** Returns the request that a reply belongs to. Any other type is returned as it is. */
export function requestOf(protocol: number, type: number): number {
  return pairOf(protocol, type)?.[0] ?? type;
}

export function isError(protocol: number, type: number): boolean {
  return protocol === ICMPV6 ? type >= 1 && type <= 4 : [3, 4, 11, 12].includes(type);
}

/**
 * Reads the packet that an error quotes: its IP header and 8 bytes. If the error quotes less, or a later fragment, or something
 * behind extension headers, it is related to no connection and is judged on its own.
 */
function readQuoted(reader: Reader, protocol: number): Conversation | null {
  try {
    return protocol === ICMPV6 ? readQuotedIPv6(reader) : readQuotedIPv4(reader);
  } catch (error) {
    if (error instanceof Undecidable) return null;
    throw error;
  }
}

function readQuotedIPv4(reader: Reader): Conversation | null {
  const header = reader.take(20, "icmp_truncated");
  const headerLength = (header.getUint8(0) & 0x0f) * 4;
  if (header.getUint8(0) >> 4 !== 4 || headerLength < 20 || header.getUint16(6) & 0x1fff) return null;
  reader.take(headerLength - 20, "icmp_truncated");
  const [source, destination] = [12, 16].map((at) => 0xffff_0000_0000n | BigInt(header.getUint32(at))) as [bigint, bigint];
  return { source, destination, ...readQuotedPorts(reader, header.getUint8(9)) };
}

function readQuotedIPv6(reader: Reader): Conversation | null {
  const header = reader.take(40, "icmp_truncated");
  if (header.getUint8(0) >> 4 !== 6) return null;
  const [source, destination] = [8, 24].map((at) => (header.getBigUint64(at) << 64n) | header.getBigUint64(at + 8)) as [bigint, bigint];
  return { source, destination, ...readQuotedPorts(reader, header.getUint8(6)) };
}

function readQuotedPorts(reader: Reader, protocol: number): Pick<Conversation, "protocol" | "ports" | "icmp"> {
  const header = reader.take(8, "icmp_truncated");
  const hasPorts = protocol === TCP || protocol === UDP;
  const hasMessage = protocol === ICMP || protocol === ICMPV6;
  return {
    protocol,
    ports: hasPorts ? { source: header.getUint16(0), destination: header.getUint16(2) } : null,
    icmp: hasMessage ? messageOf(header, protocol) : null,
  };
}
