/**
 * Describes a connection in the names of OpenTelemetry's semantic conventions, and with `weir.*` only where there is none. The
 * names are written out, because the package's incubating entry costs several megabytes at run time; a test compares them with
 * it.
 */

import type { ConnectionEvent, ConnectionFields, ProcessReference, SocketEvent, VerdictEvent } from "../agent/observe/events/event.ts";
import type { Workload } from "../agent/values/workload.ts";
import type { Direction, Verdict } from "../agent/values/traffic.ts";

export type Attributes = Record<string, string | number | boolean | number[] | string[]>;

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
  if (event.nat !== undefined) {
    const { source, destination } = event.nat;
    attributes["weir.nat.source.address"] = source.address;
    if (source.port !== undefined) attributes["weir.nat.source.port"] = source.port;
    attributes["weir.nat.destination.address"] = destination.address;
    if (destination.port !== undefined) attributes["weir.nat.destination.port"] = destination.port;
  }
  addOwner(attributes, event);
  return attributes;
}

function addOwner(attributes: Attributes, { process, ...workload }: Pick<ConnectionFields, "process" | keyof Workload>): void {
  if (process !== undefined) {
    attributes["process.pid"] = process.pid;
    if (process.thread !== undefined) attributes["thread.id"] = process.thread;
    attributes["process.user.id"] = process.uid;
    attributes["process.executable.name"] = process.name;
    addProgram(attributes, process);
  }
  addWorkload(attributes, workload);
}

function addProgram(attributes: Attributes, process: ProcessReference): void {
  if (process.executable !== undefined) attributes["process.executable.path"] = process.executable;
  if (process.arguments !== undefined) attributes["process.command_args"] = process.arguments;
  if (process.directory !== undefined) attributes["process.working_directory"] = process.directory;
  if (process.started !== undefined) attributes["process.creation.time"] = process.started;
  if (process.user !== undefined) attributes["process.owner"] = process.user;
  if (process.ancestors !== undefined) {
    attributes["process.parent_pid"] = process.ancestors[0]!.pid;
    attributes["weir.process.ancestors"] = process.ancestors.map(({ name }) => name);
  }
}

function addWorkload(attributes: Attributes, { container, pod, unit }: Workload): void {
  if (container !== undefined) {
    attributes["container.id"] = container.id;
    if (container.name !== undefined) attributes[pod === undefined ? "container.name" : "k8s.container.name"] = container.name;
    if (container.runtime !== undefined) attributes["container.runtime.name"] = container.runtime;
    if (container.image !== undefined) addImage(attributes, container.image);
    for (const [name, value] of Object.entries(container.labels ?? {})) attributes[`container.label.${name}`] = value;
  }
  if (pod !== undefined) {
    attributes["k8s.pod.uid"] = pod.uid;
    if (pod.name !== undefined) attributes["k8s.pod.name"] = pod.name;
    if (pod.namespace !== undefined) attributes["k8s.namespace.name"] = pod.namespace;
  }
  if (unit !== undefined) attributes["weir.unit"] = unit;
}

/** `registry:5000/web:1.2` has a name and a tag. An image that lost its name is `sha256:...`. */
function addImage(attributes: Attributes, image: string): void {
  const [, name, tag] = /^(.+?)(?::([^:/@]+))?(?:@.*)?$/.exec(image) ?? [];
  if (name === undefined || name === "sha256") {
    attributes["container.image.id"] = image;
    return;
  }
  attributes["container.image.name"] = name;
  if (tag !== undefined) attributes["container.image.tags"] = [tag];
}

/**
 * Returns the verdict for all signals. It is `would_drop` for a packet that an enforced rule would drop in prevent, and for one
 * that a staged rule would drop if it were enforced, so that one filter finds both.
 */
export function reportedVerdict({ verdict, would_drop }: Pick<VerdictEvent, "verdict" | "would_drop">): Verdict {
  return would_drop ? "would_drop" : verdict;
}

export function verdictAttributes(event: VerdictEvent): Attributes {
  const attributes = connectionAttributes(event);
  attributes["weir.event.type"] = event.type;
  attributes["weir.event.sequence"] = event.seq;
  attributes["weir.verdict"] = reportedVerdict(event);
  attributes["weir.would_drop"] = event.would_drop;
  if (event.reason !== undefined) attributes["error.type"] = event.reason;
  return attributes;
}

export function endedAttributes(event: ConnectionEvent): Attributes {
  const attributes = connectionAttributes(event);
  attributes["weir.event.type"] = event.type;
  attributes["weir.verdict"] = reportedVerdict(event);
  attributes["weir.would_drop"] = event.would_drop;
  attributes["weir.connection.end"] = event.how;
  attributes["weir.opener.packets"] = event.packets[0];
  attributes["weir.opener.bytes"] = event.bytes[0];
  attributes["weir.responder.packets"] = event.packets[1];
  attributes["weir.responder.bytes"] = event.bytes[1];
  return attributes;
}

export function socketAttributes(event: SocketEvent): Attributes {
  const attributes: Attributes = { "weir.event.type": event.type, "weir.event.sequence": event.seq };
  const { local, remote, holder } = event;
  if (event.protocol !== undefined) attributes["network.transport"] = event.protocol;
  if (local !== undefined) {
    attributes["network.type"] = local.address.includes(":") ? "ipv6" : "ipv4";
    attributes["network.local.address"] = local.address;
    if (local.port !== undefined) attributes["network.local.port"] = local.port;
  }
  if (remote !== undefined) {
    attributes["network.peer.address"] = remote.address;
    if (remote.port !== undefined) attributes["network.peer.port"] = remote.port;
  }
  if (event.interface !== undefined) attributes["network.interface.name"] = event.interface;
  if (event.network_namespace !== undefined) {
    const { id, name } = event.network_namespace;
    attributes["weir.network.namespace.id"] = id;
    if (name !== undefined) attributes["weir.network.namespace.name"] = name;
  }
  if (event.bypass !== undefined) attributes["weir.bypass"] = event.bypass;
  if (event.outcome !== undefined) attributes["weir.bypass.outcome"] = event.outcome;
  if (event.new !== undefined) attributes["weir.socket.new"] = event.new;
  const error = event.reason ?? event.error;
  if (error !== undefined) attributes["error.type"] = error;
  if (event.error !== undefined) attributes["weir.socket.error"] = event.error;
  if (event.call !== undefined) attributes["weir.system_call"] = event.call;
  if (event.took_ms !== undefined) attributes["weir.socket.took"] = event.took_ms / 1000;
  if (holder !== undefined) {
    attributes["weir.socket.holder.pid"] = holder.pid;
    attributes["weir.socket.holder.name"] = holder.name;
  }
  addOwner(attributes, event);
  return attributes;
}
