/** What always passes, so that nothing an operator writes locks them out. */

import { parseAddress, toInteger } from "../../values/address.ts";
import { ICMPV6_TYPES } from "../../values/names.ts";
import { addressesOf } from "../fields/addresses.ts";
import type { Arrival, Host } from "./arrival.ts";
import type { Policy } from "./meaning.ts";
import type { Conversation, Packet } from "./packet.ts";
import { ICMPV6, TCP, UDP } from "./transport.ts";

/** Sources and destinations of DHCP, RFC 2131: a server has port 67, a client 68; and of DHCPv6, RFC 8415: 547 and 546. */
const DHCP_PORTS: [number, number][] = [
  [67, 68],
  [68, 67],
  [67, 67],
  [546, 547],
  [547, 546],
];
/** RFC 4861. */
const DISCOVERY = ["router-solicitation", "router-advertisement", "neighbor-solicitation", "neighbor-advertisement", "redirect"].map(
  (name) => ICMPV6_TYPES[name]!.type,
);
const DISCOVERY_HOP_LIMIT = 255;

/** Neighbour discovery and DHCP: without them there is no network to be managed over. */
export function isLinkUpkeep(packet: Packet, arrival: Arrival): boolean {
  return isNeighbourDiscovery(packet, arrival) || isDhcp(packet, arrival);
}

/** Believed only from the link itself, whose packets no router has touched, and in one piece (RFC 4861, RFC 6980). */
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

/** This host takes part in it; what it only forwards is judged. */
function isOwn(packet: Packet, { local }: Arrival): boolean {
  return local !== false || staysOnLink(packet);
}

/** No router forwards these. */
function staysOnLink({ family, source, destination }: Packet): boolean {
  if (family === 4) return (source & 0xffff_ffffn) === 0n || (destination & 0xffff_ffffn) === 0xffff_ffffn;
  return isLinkLocal(source) || isLinkLocal(destination) || destination >> 120n === 0xffn;
}

function isLinkLocal(address: bigint): boolean {
  return address >> 118n === 0xfe80n >> 6n;
}

/** An address the operator named, or the session of an operator. Needs no more than what could be read. */
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

/** Whoever is at the other end, whatever else the packet is. */
export function isBanned(packet: Packet, { hook }: Arrival, { bans, banExceptions }: Host): boolean {
  const peer = hook === "ingress" ? packet.source : packet.destination;
  const holds = (text: string): boolean => addressesOf(text)(peer);
  return bans.some(holds) && !banExceptions.some(holds);
}

/** A TCP connection that somebody opened to a management port of this host; its replies are part of it. */
export function isManagement(opener: Conversation, inward: boolean, local: boolean, policy: Policy): boolean {
  if (!inward || !local || opener.protocol !== TCP || opener.ports === null) return false;
  return policy.failsafe.management_ports.includes(opener.ports.destination);
}
