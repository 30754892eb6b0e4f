/** The same case for IPv4 and IPv6: what differs between them, under one name. */

import { Ethernet, Fragment, frame, ICMP, ICMPv6, IPv4, IPv6 } from "../harness/packet.ts";
import { ipv4, ipv6 } from "../harness/packet/address.ts";
import type { Layer } from "../harness/packet/layer.ts";

export interface IpOptions {
  src: string;
  dst: string;
  protocol?: number;
  hopLimit?: number;
  dscp?: number;
  /** Explicit congestion notification: the two bits below the DSCP. */
  ecn?: number;
}

export interface Part {
  id?: number;
  offset: number;
  more: boolean;
  /** Of layer 4, where the part has no header of it. */
  protocol?: number;
}

export interface Family {
  name: "IPv4" | "IPv6";
  local: string;
  remote: string;
  /** A third host, in another prefix. */
  stranger: string;
  /** A prefix with `remote`, its last address and the one behind it. */
  prefix: { text: string; last: string; beyond: string };
  /** A range with `remote` as its first address, its last address and the one behind it. */
  range: { text: string; last: string; beyond: string };
  any: string;
  ip(options: IpOptions): Layer;
  /** The IP layers of one fragment. */
  part(ends: IpOptions, part: Part): Layer[];
  icmp: typeof ICMP;
  icmpProtocol: "icmp" | "icmpv6";
  /** Message types that both have, by number. */
  types: { request: number; reply: number; unreachable: number; port: number; host: number };
  bytesOf(address: string): Uint8Array;
}

export const FAMILY_4: Family = {
  name: "IPv4",
  local: "198.18.0.2",
  remote: "198.18.0.129",
  stranger: "203.0.113.9",
  prefix: { text: "198.18.0.128/25", last: "198.18.0.255", beyond: "198.18.1.0" },
  range: { text: "198.18.0.129-198.18.0.134", last: "198.18.0.134", beyond: "198.18.0.135" },
  any: "0.0.0.0/0",
  ip: ({ src, dst, protocol, hopLimit, dscp = 0, ecn = 0 }) =>
    IPv4({
      src,
      dst,
      tos: (dscp << 2) | ecn,
      ...(protocol !== undefined && { protocol }),
      ...(hopLimit !== undefined && { ttl: hopLimit }),
    }),
  part: ({ src, dst, dscp = 0 }, { id = 7, offset, more, protocol }) => [
    IPv4({ src, dst, tos: dscp << 2, fragment: { id, offset, more }, ...(protocol !== undefined && { protocol }) }),
  ],
  icmp: ICMP,
  icmpProtocol: "icmp",
  types: { request: 8, reply: 0, unreachable: 3, port: 3, host: 1 },
  bytesOf: ipv4,
};

export const FAMILY_6: Family = {
  name: "IPv6",
  local: "2001:db8::2",
  remote: "2001:db8::1:1",
  stranger: "2001:db8:ffff::9",
  prefix: { text: "2001:db8::1:0/112", last: "2001:db8::1:ffff", beyond: "2001:db8::2:0" },
  range: { text: "2001:db8::1:1-2001:db8::1:6", last: "2001:db8::1:6", beyond: "2001:db8::1:7" },
  any: "::/0",
  ip: ({ src, dst, protocol, hopLimit, dscp = 0, ecn = 0 }) =>
    IPv6({
      src,
      dst,
      trafficClass: (dscp << 2) | ecn,
      ...(protocol !== undefined && { nextHeader: protocol }),
      ...(hopLimit !== undefined && { hopLimit }),
    }),
  part: ({ src, dst, dscp = 0 }, { id = 7, offset, more, protocol }) => [
    IPv6({ src, dst, trafficClass: dscp << 2 }),
    Fragment({ id, offset, more, ...(protocol !== undefined && { nextHeader: protocol }) }),
  ],
  icmp: ICMPv6,
  icmpProtocol: "icmpv6",
  types: { request: 128, reply: 129, unreachable: 1, port: 4, host: 3 },
  bytesOf: ipv6,
};

export const FAMILIES = [FAMILY_4, FAMILY_6];

export function forBoth<T>(make: (family: Family) => T | T[]): T[] {
  return FAMILIES.flatMap((family) => make(family));
}

/** A frame from the remote host to this one. */
export function fromRemote(family: Family, ...layers: Layer[]): Uint8Array {
  return frame(Ethernet(), family.ip({ src: family.remote, dst: family.local }), ...layers);
}

export function fromLocal(family: Family, ...layers: Layer[]): Uint8Array {
  return frame(Ethernet(), family.ip({ src: family.local, dst: family.remote }), ...layers);
}

/** One fragment of a datagram from the remote host. */
export function partFromRemote(family: Family, part: Part, ...layers: Layer[]): Uint8Array {
  return frame(Ethernet(), ...family.part({ src: family.remote, dst: family.local }, part), ...layers);
}

export function partFromLocal(family: Family, part: Part, ...layers: Layer[]): Uint8Array {
  return frame(Ethernet(), ...family.part({ src: family.local, dst: family.remote }, part), ...layers);
}
