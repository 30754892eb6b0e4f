/** A packet as people describe it, and the frame that it stands for. */

import { networkContains, parseAddress, parseNetworks, type Address } from "../values/address.ts";
import { icmpCodeNumber, icmpTable, icmpTypeNumber, protocolNumber, TCP_FLAGS, type TcpFlag } from "../values/names.ts";
import { etherFrame } from "../inspect/capture/ethernet.ts";
import type { Direction } from "../values/traffic.ts";

/** A checked description: all addresses are of one family, and exactly the parts of its protocol are present. */
export interface PacketText {
  direction: Direction;
  interface: string;
  source: string;
  destination: string;
  protocol: string | number;
  source_port?: number;
  destination_port?: number;
  flags?: readonly TcpFlag[];
  icmp?: { type: string | number; code?: string | number };
  vlan?: number;
}

/** The words for the parts of a packet in command line flags and in policy tests. */
export const PACKET_WORDS = {
  direction: "in",
  interface: "in",
  source: "src",
  destination: "dst",
  protocol: "proto",
  source_port: "sport",
  destination_port: "dport",
  flags: "flags",
  icmp: "icmp",
  vlan: "vlan",
} as const satisfies Record<keyof PacketText, string>;

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const ETHERTYPE_VLAN = 0x8100;
/** A source port that a client's system might choose. */
const USUAL_SOURCE_PORT = 40_000;

const MESSAGES = new Set([ICMP, ICMPV6]);
const WITH_PORTS = new Set([TCP, UDP]);

/** Explains what is wrong with a description whose parts are right by themselves: the key, and a sentence. */
export function explainPacket(packet: PacketText): { key: keyof PacketText; message: string } | undefined {
  const [source, destination] = [parseAddress(packet.source), parseAddress(packet.destination)];
  if (source.family !== destination.family)
    return {
      key: "destination",
      message: `${packet.source} is IPv${source.family} and ${packet.destination} is IPv${destination.family}; a packet has one family`,
    };
  const protocol = protocolNumber(packet.protocol)!;
  const wrongFamily = (protocol === ICMP && source.family === 6) || (protocol === ICMPV6 && source.family === 4);
  if (wrongFamily)
    return {
      key: "protocol",
      message: `${packet.protocol} does not travel over IPv${source.family}; use ${protocol === ICMP ? "icmpv6" : "icmp"}`,
    };
  if (WITH_PORTS.has(protocol) && packet.destination_port === undefined)
    return { key: "destination_port", message: "the destination port is missing" };
  const ports = packet.destination_port ?? packet.source_port;
  if (!WITH_PORTS.has(protocol) && ports !== undefined)
    return { key: packet.destination_port === undefined ? "source_port" : "destination_port", message: `${packet.protocol} has no ports` };
  if (protocol !== TCP && packet.flags !== undefined) return { key: "flags", message: "only tcp has flags" };
  if (MESSAGES.has(protocol) && packet.icmp === undefined) return { key: "icmp", message: "the message type is missing, as echo-request" };
  if (!MESSAGES.has(protocol) && packet.icmp !== undefined)
    return { key: "icmp", message: `${packet.protocol} has no message types; the protocols icmp and icmpv6 do` };
  return packet.icmp === undefined ? undefined : explainMessage(packet.protocol, packet.icmp);
}

function explainMessage(
  protocol: string | number,
  { type, code }: NonNullable<PacketText["icmp"]>,
): { key: "icmp"; message: string } | undefined {
  const table = icmpTable(protocol) ?? {};
  if (icmpTypeNumber(table, type) === undefined) return { key: "icmp", message: `${protocol} has no message type ${type}` };
  if (code !== undefined && icmpCodeNumber(table, type, code) === undefined)
    return { key: "icmp", message: `the message type ${type} has no code ${code}` };
  return undefined;
}

/** Makes a frame without checksums, because nothing that judges packets reads them. */
export function frameOf(packet: PacketText): Uint8Array {
  const [source, destination] = [parseAddress(packet.source), parseAddress(packet.destination)];
  const protocol = protocolNumber(packet.protocol)!;
  const transport = transportOf(packet, protocol);
  const datagram = source.family === 4 ? ipv4(source, destination, protocol, transport) : ipv6(source, destination, protocol, transport);
  const tag = packet.vlan === undefined ? [] : [...u16(ETHERTYPE_VLAN), ...u16(packet.vlan)];
  return etherFrame(source.family === 4 ? 0x0800 : 0x86dd, datagram, tag);
}

function transportOf(packet: PacketText, protocol: number): Uint8Array {
  const ports = [...u16(packet.source_port ?? USUAL_SOURCE_PORT), ...u16(packet.destination_port ?? 0)];
  switch (protocol) {
    case TCP: {
      const flags = (packet.flags ?? ["syn"]).reduce((bits, flag) => bits | TCP_FLAGS[flag], 0);
      return Uint8Array.from([...ports, ...zeros(8), 5 << 4, flags, 0xff, 0xff, ...zeros(4)]);
    }
    case UDP:
      return Uint8Array.from([...ports, ...u16(8), 0, 0]);
    case ICMP:
    case ICMPV6: {
      const { type, code } = packet.icmp!;
      const table = icmpTable(protocol)!;
      return Uint8Array.from([icmpTypeNumber(table, type)!, code === undefined ? 0 : icmpCodeNumber(table, type, code)!, ...zeros(6)]);
    }
    default:
      return Uint8Array.from(zeros(8));
  }
}

function ipv4(source: Address, destination: Address, protocol: number, inside: Uint8Array): Uint8Array {
  const ends = [...source.bytes.subarray(12), ...destination.bytes.subarray(12)];
  return Uint8Array.from([0x45, 0, ...u16(20 + inside.length), ...zeros(4), 64, protocol, 0, 0, ...ends, ...inside]);
}

function ipv6(source: Address, destination: Address, protocol: number, inside: Uint8Array): Uint8Array {
  return Uint8Array.from([0x60, 0, 0, 0, ...u16(inside.length), protocol, 64, ...source.bytes, ...destination.bytes, ...inside]);
}

function u16(value: number): [number, number] {
  return [value >>> 8, value & 0xff];
}

function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}

/** Returns whether an address is in one of these addresses, prefixes and ranges. */
export function liesIn(address: Uint8Array, networks: readonly string[]): boolean {
  return networks.some((text) => parseNetworks(text).some((network) => networkContains(network, address)));
}
