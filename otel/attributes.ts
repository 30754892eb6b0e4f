/**
 * What weir knows about a connection, in the names of OpenTelemetry's semantic conventions; `weir.*` only where there is none.
 * The names are written out, because the package's incubating entry costs several megabytes at run time; a test compares them with it.
 */

import type { ConnectionEvent, ConnectionFields, Direction, VerdictEvent } from "../agent/events/event.ts";

export type Attributes = Record<string, string | number | boolean | number[]>;

/** The convention's words for the direction of the opener's packets on the interface. */
export const DIRECTIONS: Record<Direction, string> = { ingress: "receive", egress: "transmit" };

export function connectionAttributes(event: ConnectionFields): Attributes {
  const attributes: Attributes = {
    "network.io.direction": DIRECTIONS[event.direction],
    "network.interface.name": event.interface,
    "network.transport": event.protocol,
    "network.type": event.source.address.includes(":") ? "ipv6" : "ipv4",
    "source.address": event.source.address,
    "destination.address": event.destination.address,
    "security_rule.name": event.rule.name,
    "weir.rule.action": event.rule.action,
    "weir.rule.enforce": event.rule.enforce,
    "weir.rule.source": event.rule.source,
  };
  if (event.source.port !== undefined) attributes["source.port"] = event.source.port;
  if (event.destination.port !== undefined) attributes["destination.port"] = event.destination.port;
  if (event.icmp !== undefined) {
    attributes["weir.icmp.type"] = event.icmp.type;
    attributes["weir.icmp.code"] = event.icmp.code;
  }
  if (event.vlan !== undefined && event.vlan.length > 0) attributes["weir.vlan"] = event.vlan;
  if (event.tunnel !== undefined) {
    attributes["weir.tunnel.kind"] = event.tunnel.kind;
    attributes["weir.tunnel.id"] = event.tunnel.id;
  }
  const { process } = event;
  if (process !== undefined) {
    attributes["process.pid"] = process.pid;
    attributes["process.user.id"] = process.uid;
    attributes["process.executable.name"] = process.name;
    if (process.executable !== undefined) attributes["process.executable.path"] = process.executable;
  }
  const { container, pod, unit } = event;
  if (container !== undefined) {
    attributes["container.id"] = container.id;
    if (container.name !== undefined) attributes["container.name"] = container.name;
    if (container.runtime !== undefined) attributes["container.runtime.name"] = container.runtime;
  }
  if (pod !== undefined) attributes["k8s.pod.uid"] = pod.uid;
  if (unit !== undefined) attributes["weir.unit"] = unit;
  return attributes;
}

export function verdictAttributes(event: VerdictEvent): Attributes {
  const attributes = connectionAttributes(event);
  attributes["weir.event.type"] = event.type;
  attributes["weir.event.sequence"] = event.seq;
  attributes["weir.verdict"] = event.verdict;
  attributes["weir.would_drop"] = event.would_drop;
  if (event.reason !== undefined) attributes["error.type"] = event.reason;
  return attributes;
}

export function endedAttributes(event: ConnectionEvent): Attributes {
  const attributes = connectionAttributes(event);
  attributes["weir.event.type"] = event.type;
  attributes["weir.connection.end"] = event.how;
  attributes["weir.opener.packets"] = event.packets[0];
  attributes["weir.opener.bytes"] = event.bytes[0];
  attributes["weir.responder.packets"] = event.packets[1];
  attributes["weir.responder.bytes"] = event.bytes[1];
  return attributes;
}
