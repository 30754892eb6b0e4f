/** Failsafes inside a tunnel that ends on this host: see config/README.md, "Always pass". */

import { parseAddress, toInteger } from "../../values/address.ts";
import type { Arrival, Host, TunnelEnd } from "./arrival.ts";
import { hasFormOfDiscovery, isBanned, isTrustedPeer } from "./failsafe.ts";
import { isBareSyn } from "./flags.ts";
import { Fragments } from "./fragments.ts";
import type { Policy } from "./rules.ts";
import { type Inner, type Packet, Undecidable } from "./packet.ts";
import { parseInner } from "./parse.ts";
import { TCP } from "./transport.ts";
import { openTunnel } from "./tunnel.ts";

const ETHERTYPE_ARP = 0x0806;

/**
 * Returns the inner packet if a device of this host receives at the port. Only failsafes look into it, because other programs may
 * use the port, too.
 */
export function innerAtDevice({ transport }: Packet, { tunnels }: Pick<Host, "tunnels">): Inner | undefined {
  if (transport?.datagram == null) return undefined;
  const device = tunnels.find(({ port }) => port !== undefined && port === transport.ports?.destination);
  return device && { kind: device.kind, etherType: 0, bytes: transport.datagram };
}

/** Bans come before management ports, as outside of tunnels. */
export function carriesFailsafe(outer: Packet, inner: Inner, arrival: Arrival, policy: Policy, host: Host): boolean {
  if (!host.tunnels.some((end) => isAt(end, outer, inner, arrival, host))) return false;
  const seen = parseInner(outer, inner, arrival, new Fragments());
  if ("etherType" in seen) return seen.etherType === ETHERTYPE_ARP && !isBanned(outer, arrival, host);
  const { packet, problem } = seen;
  if (packet === undefined) return false;
  const isGroup = packet.family === 6 && packet.destination >> 120n === 0xffn;
  if (!isGroup && !isOwn(arrival.hook === "ingress" ? packet.destination : packet.source, host)) return false;
  if (!isGroup && isTrustedPeer(packet, arrival, policy, host)) return true;
  if (problem !== undefined || isBanned(outer, arrival, host) || isBanned(packet, arrival, host)) return false;
  return hasFormOfDiscovery(packet) || (!isGroup && isOfManagementPort(packet, arrival, policy));
}

/** Returns whether the device decapsulates this packet, or has encapsulated it. */
function isAt(end: TunnelEnd, outer: Packet, inner: Inner, { hook }: Arrival, host: Host): boolean {
  const [local, remote] = hook === "ingress" ? [outer.destination, outer.source] : [outer.source, outer.destination];
  if (end.kind !== inner.kind || (end.port ?? 0) !== (outer.transport?.ports?.destination ?? 0)) return false;
  if (end.local === undefined ? !isOwn(local, host) : addressOf(end.local) !== local) return false;
  if (end.remote !== undefined && addressOf(end.remote) !== remote) return false;
  return end.id === undefined || end.id === idOf(inner, outer);
}

/** Returns the id of the tunnel: for kind ipip the ethertype of the inner packet. */
function idOf(inner: Inner, outer: Packet): number | undefined {
  if (inner.kind === "ipip") return inner.etherType;
  try {
    return Number(openTunnel(inner, outer.family).tunnel.split(" ")[1]);
  } catch (error) {
    if (error instanceof Undecidable) return undefined;
    throw error;
  }
}

/** A bare SYN from a management port opens another connection, so it does not count. */
function isOfManagementPort({ transport }: Packet, { hook }: Arrival, policy: Policy): boolean {
  if (transport?.protocol !== TCP || transport.ports === null) return false;
  const { source, destination } = transport.ports;
  if (hook === "egress" && isBareSyn(transport.tcpFlags)) return false;
  return policy.failsafe.management_ports.includes(hook === "ingress" ? destination : source);
}

function isOwn(address: bigint, { addresses }: Host): boolean {
  return addresses.some((text) => addressOf(text) === address);
}

function addressOf(text: string): bigint {
  return toInteger(parseAddress(text).bytes);
}
