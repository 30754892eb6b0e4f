/**
 * Lists the packet, raw and ping sockets of this network namespace from /proc/net. sock_diag(7) would need a module for each of
 * them that not every kernel has.
 */

import { readFileSync } from "node:fs";

import { formatAddress, fromIPv4 } from "../../values/address.ts";
import { protocolName } from "../../values/names.ts";
import type { Endpoint } from "../../values/traffic.ts";

export interface RawSocket {
  /** Sockets of `icmp` and `icmpv6` only ping. */
  protocol: "icmp" | "icmpv6" | "raw" | "packet" | "xdp";
  /** The traffic of the socket: the IP protocol of a raw socket, the Ethernet type of a packet socket. */
  carries?: string;
  state: "bound" | "established";
  /** Absent for packet sockets, which have no address. */
  local?: Endpoint;
  /** The other end; present for a connected socket. */
  remote?: Endpoint;
  /** The interface that the socket is bound to, if any. */
  ifindex?: number;
  uid: number;
  /** The bytes that wait: to be read by the process, and to be sent. */
  queued: { received: number; unsent: number };
  /** Its inode number, because these lists have no cookie. */
  inode: bigint;
}

const CONNECTED = "01"; // TCP_ESTABLISHED
const WORD = 8;
const ETHERNET_TYPES: Readonly<Record<string, string>> = {
  "0003": "all",
  "0800": "ipv4",
  "0806": "arp",
  "86dd": "ipv6",
  "888e": "eapol",
  "88cc": "lldp",
};

const FILES: Readonly<Record<string, RawSocket["protocol"]>> = { icmp: "icmp", icmp6: "icmpv6", raw: "raw", raw6: "raw" };

export function listRawSockets(folder = "/proc/net"): RawSocket[] {
  return [
    ...Object.entries(FILES).flatMap(([name, protocol]) => linesOf(folder, name).flatMap((line) => parseAddressed(protocol, line) ?? [])),
    ...listPacketSockets(folder),
  ];
}

/** Lists only packet sockets, for callers that ask often. */
export function listPacketSockets(folder = "/proc/net"): RawSocket[] {
  return linesOf(folder, "packet").flatMap((line) => parsePacket(line) ?? []);
}

/** A kernel without IPv6 does not have all of the files. */
function linesOf(folder: string, name: string): string[] {
  try {
    return readFileSync(`${folder}/${name}`, "utf8").split("\n").slice(1);
  } catch {
    return [];
  }
}

/** Reads a line of `raw` and similar files. The port is the IP protocol of a raw socket, and the identifier of a ping socket. */
function parseAddressed(protocol: RawSocket["protocol"], line: string): RawSocket | undefined {
  const [, local, remote, state, queues, , , uid, , inode] = line.trim().split(/\s+/);
  if (inode === undefined) return undefined;
  const [unsent, received] = queues!.split(":");
  const [address, number] = endOf(local!);
  return {
    protocol,
    state: state === CONNECTED ? "established" : "bound",
    local: { address, ...(protocol === "raw" ? {} : { port: number }) },
    ...(state === CONNECTED ? { remote: { address: endOf(remote!)[0] } } : {}),
    ...(protocol === "raw" ? { carries: protocolName(number) } : {}),
    uid: Number(uid),
    queued: { received: parseInt(received!, 16), unsent: parseInt(unsent!, 16) },
    inode: BigInt(inode),
  };
}

/** Reads a line of `packet`. A socket without an Ethernet type only sends. */
function parsePacket(line: string): RawSocket | undefined {
  const [, , , type, ifindex, , received, uid, inode] = line.trim().split(/\s+/);
  if (inode === undefined) return undefined;
  return {
    protocol: "packet",
    state: "bound",
    ...(type === "0000" ? {} : { carries: ETHERNET_TYPES[type!] ?? `0x${type}` }),
    ...(ifindex === "0" ? {} : { ifindex: Number(ifindex) }),
    uid: Number(uid),
    queued: { received: Number(received), unsent: 0 },
    inode: BigInt(inode),
  };
}

/** Reads an address, whose words are in the byte order of this machine, and the number behind the colon. */
function endOf(text: string): [address: string, number: number] {
  const [hex, number] = text.split(":");
  const words = Array.from({ length: hex!.length / WORD }, (_, at) => parseInt(hex!.slice(at * WORD, (at + 1) * WORD), 16));
  const bytes = new Uint8Array(Uint32Array.from(words).buffer);
  return [formatAddress(words.length === 1 ? fromIPv4(new DataView(bytes.buffer).getUint32(0)) : bytes), parseInt(number!, 16)];
}
