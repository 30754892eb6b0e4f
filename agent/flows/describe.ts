/** Connections of the table as events and as rows for `weir flows`. */

import { formatAddress } from "../../config/address.ts";
import { protocolName } from "../../config/names.ts";
import { monotonicEpoch, wallTime } from "../events/clock.ts";
import { connectionType, describeOwner, type Names, tunnelOf } from "../events/decode.ts";
import type { ConnectionEvent, Endpoint, ProcessReference, Workload } from "../events/event.ts";
import { Owner, Slot } from "../generated/layout.ts";
import type { BpfMap } from "../kernel/maps.ts";
import { type FlowEntry, readFlow } from "./collect.ts";
import type { DropsOfFlows } from "./drops.ts";
import type { FlowRow } from "./row.ts";

const ICMP = new Set([1, 58]);
const WITH_PORTS = new Set([6, 17]);

export interface Describer {
  names: Names;
  owners: BpfMap;
  /** The clock flows are dated with. */
  jiffies(): bigint;
  jiffiesPerSecond: number;
}

export function describeConnection(entry: FlowEntry, describer: Describer): ConnectionEvent {
  const flow = readFlow(entry);
  const epoch = monotonicEpoch();
  const opened = wallTime(epoch, flow.openedNs);
  const lasted = (Number(flow.seenJiffies - flow.openedJiffies) / describer.jiffiesPerSecond) * 1000;
  const owner = ownerOf(flow.cookie, describer);
  const staged = flow.staged !== Slot.NONE;
  const tunnel = tunnelOf(flow.tunnel);
  return {
    time: opened + lasted,
    direction: flow.direction,
    interface: describer.names.interface(flow.ifindex),
    protocol: protocolName(flow.protocol),
    source: endpointOf(flow.source, flow.sourcePort, flow.protocol),
    destination: endpointOf(flow.destination, flow.destinationPort, flow.protocol),
    ...(ICMP.has(flow.protocol) ? { icmp: { type: flow.icmpType, code: flow.icmpCode } } : {}),
    ...(flow.vlan.length === 0 ? {} : { vlan: flow.vlan }),
    ...(tunnel === undefined ? {} : { tunnel }),
    ...owner,
    rule: describer.names.rule(staged ? flow.staged : flow.slot, flow.generation),
    opened,
    closed: opened + lasted,
    how: "idle",
    packets: flow.packets,
    bytes: flow.bytes,
    type: connectionType(flow.slot, staged),
  };
}

export function describeRow(entry: FlowEntry, now: bigint, describer: Describer, dropsOfFlows?: DropsOfFlows): FlowRow {
  const connection = describeConnection(entry, describer);
  const flow = readFlow(entry);
  const dropped = dropsOfFlows?.of(entry.key);
  const seconds = (from: bigint): number => Math.max(0, Number(now - from) / describer.jiffiesPerSecond);
  const { direction, interface: device, protocol, source, destination, icmp, vlan, tunnel, process, container, pod, unit, packets, bytes } = connection;
  return {
    direction,
    interface: device,
    protocol,
    source,
    destination,
    ...(icmp === undefined ? {} : { icmp }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(tunnel === undefined ? {} : { tunnel }),
    ...(process === undefined ? {} : { process }),
    ...(container === undefined ? {} : { container }),
    ...(pod === undefined ? {} : { pod }),
    ...(unit === undefined ? {} : { unit }),
    rule: describer.names.rule(flow.slot, flow.generation).name,
    opened: new Date(connection.opened).toISOString(),
    age_s: seconds(flow.openedJiffies),
    idle_s: seconds(flow.seenJiffies),
    packets,
    bytes,
    state: flow.closed ? "closed" : entry.replied ? "established" : "opening",
    ...(dropped === undefined ? {} : { dropped }),
  };
}

/** The process that last used the socket, and what it is part of. */
export function ownerOf(cookie: bigint, { owners, names }: Describer): (Workload & { process: ProcessReference }) | undefined {
  if (cookie === 0n) return undefined;
  const key = Buffer.alloc(8);
  key.writeBigUInt64LE(cookie);
  const owner = owners.lookup(key);
  if (owner === undefined) return undefined;
  return describeOwner(names, {
    pid: owner.readUInt32LE(Owner.pid),
    startedNs: owner.readBigUInt64LE(Owner.started_ns),
    executions: owner.readUInt16LE(Owner.executions) & 0xff,
    cgroup: owner.readBigUInt64LE(Owner.cgroup),
    uid: owner.readUInt32LE(Owner.uid),
    creator: owner.readUInt32LE(Owner.creator_pid),
    flags: owner.readUInt16LE(Owner.flags),
    command: owner.subarray(Owner.command.at, Owner.command.at + Owner.command.count),
  });
}

function endpointOf(address: Buffer, port: number, protocol: number): Endpoint {
  return { address: formatAddress(address), ...(WITH_PORTS.has(protocol) ? { port } : {}) };
}
