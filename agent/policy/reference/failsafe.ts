/** The traffic that always passes, so that no configuration locks the operator out. */

import { parseAddress, toInteger } from "../../values/address.ts";
import { ICMPV6_TYPES } from "../../values/names.ts";
import { addressesOf } from "../fields/addresses.ts";
import type { Arrival, Host } from "./arrival.ts";
import type { Policy } from "./rules.ts";
import type { Conversation, Packet } from "./packet.ts";
import { ICMPV6, TCP, UDP } from "./transport.ts";

/** Pairs of source and destination port of DHCP (RFC 2131: server 67, client 68) and of DHCPv6 (RFC 8415: server 547, client 546). */
const DHCP_PORTS: [number, number][] = [
  [67, 68],
  [68, 67],
  [67, 67],
  [546, 547],
  [547, 546],
];
/** The messages of neighbour discovery, RFC 4861. */
const DISCOVERY = ["router-solicitation", "router-advertisement", "neighbor-solicitation", "neighbor-advertisement", "redirect"].map(
  (name) => ICMPV6_TYPES[name]!.type,
);
const DISCOVERY_HOP_LIMIT = 255;

/** Returns whether the packet is neighbour discovery or DHCP, without which the host could not be managed over the network. */
export function isDiscoveryOrDhcp(packet: Packet, arrival: Arrival): boolean {
  return isNeighbourDiscovery(packet, arrival) || isDhcp(packet, arrival);
}

/** Neighbour discovery counts only if it comes from the link itself, untouched by a router, and in one piece (RFC 4861, RFC 6980). */
export function hasFormOfDiscovery(packet: Packet): boolean {
  const { icmp, protocol } = packet.transport ?? {};
  if (packet.family !== 6 || protocol !== ICMPV6 || icmp == null) return false;
  return packet.hopLimit === DISCOVERY_HOP_LIMIT && !packet.fragmentHeader && icmp.code === 0 && DISCOVERY.includes(icmp.type);
}

function isNeighbourDiscovery(packet: Packet, arrival: Arrival): boolean {
  return hasFormOfDiscovery(packet) && (arrival.hook === "egress" || isOwn(packet, arrival));
}

function isDhcp(packet: Packet, arrival: Arrival): boolean {
  const { ports, protocol } = packet.transport ?? {};
  if (protocol !== UDP || ports == null) return false;
  return DHCP_PORTS.some(([source, destination]) => ports.source === source && ports.destination === destination) && isOwn(packet, arrival);
}

/** Returns whether this host is an end of the packet. Packets that it only forwards are judged. */
function isOwn(packet: Packet, { local }: Arrival): boolean {
  return local !== false || staysOnLink(packet);
}

/** Returns whether the addresses are such that no router forwards the packet. */
function staysOnLink({ family, source, destination }: Packet): boolean {
  if (family === 4) return (source & 0xffff_ffffn) === 0n || (destination & 0xffff_ffffn) === 0xffff_ffffn;
  return isLinkLocal(source) || isLinkLocal(destination) || destination >> 120n === 0xffn;
}

function isLinkLocal(address: bigint): boolean {
  return address >> 118n === 0xfe80n >> 6n;
}

/**
 * Returns whether the packet belongs to an address in `failsafe.addresses`, or to the session of an operator. This also works for
 * a packet that was read only in part.
 */
export function isTrustedPeer(packet: Packet, arrival: Arrival, policy: Policy, host: Host): boolean {
  const inward = arrival.hook === "ingress";
  const peer = inward ? packet.source : packet.destination;
  if (policy.failsafe.addresses.some((text) => addressesOf(text)(peer))) return true;
  const { ports, protocol } = packet.transport ?? {};
  if (protocol !== TCP || ports == null) return false;
  const [remotePort, localPort] = inward ? [ports.source, ports.destination] : [ports.destination, ports.source];
  return host.sessions.some(
    ({ remote, localPort: local }) =>
      remote.port === remotePort && local === localPort && toInteger(parseAddress(remote.address).bytes) === peer,
  );
}

/** Returns whether the address at the other end is banned, whatever the packet is. */
export function isBanned(packet: Packet, { hook }: Arrival, { bans, banExceptions }: Host): boolean {
  const peer = hook === "ingress" ? packet.source : packet.destination;
  const holds = (text: string): boolean => addressesOf(text)(peer);
  return bans.some(holds) && !banExceptions.some(holds);
}

/** Returns whether somebody opened this TCP connection to a management port of this host. Replies belong to the connection. */
export function isManagement(opener: Conversation, inward: boolean, local: boolean, policy: Policy): boolean {
  if (!inward || !local || opener.protocol !== TCP || opener.ports === null) return false;
  return policy.failsafe.management_ports.includes(opener.ports.destination);
}
