/** Turns connections of the table into events and into rows for `weir flows`. */

import { protocolName } from "../../values/names.ts";
import { monotonicEpoch, wallTime } from "../events/clock.ts";
import { connectionVerdict, describeOwner, endpointOf, isIcmp, type Names, natOf, tunnelOf } from "../events/decode.ts";
import type { ConnectionEvent, ConnectionFields, ProcessReference } from "../events/event.ts";
import type { Workload } from "../../values/workload.ts";
import { Owner, Slot } from "../../generated/layout.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import { type FlowEnds, type FlowEntry, readFlow } from "./collect.ts";
import type { FlowRow } from "./row.ts";

export interface Describer {
  names: Names;
  owners: BpfMap;
  /** The same table for listening sockets. */
  listeners: BpfMap;
  /** The clock of the times in flows. */
  jiffies(): bigint;
  jiffiesPerSecond: number;
}

/** Returns the packets of the connection with this key that others than weir dropped. */
export interface FlowDrops {
  of(flowKey: Buffer): FlowRow["dropped"];
}

export function describeConnection(entry: FlowEntry, describer: Describer): ConnectionEvent {
  const flow = readFlow(entry);
  const opened = openedOf(flow);
  const ended = opened + (Number(flow.seenJiffies - flow.openedJiffies) / describer.jiffiesPerSecond) * 1000;
  const staged = flow.staged !== Slot.NONE;
  return {
    time: ended,
    ...fieldsOf(flow, describer),
    rule: describer.names.rule(staged ? flow.staged : flow.slot, flow.generation),
    opened,
    closed: ended,
    how: flow.closed ? "closed" : "idle",
    ...connectionVerdict({ slot: flow.slot, staged, wouldDrop: flow.wouldDrop }),
  };
}

export function describeRow(entry: FlowEntry, now: bigint, describer: Describer, dropsOfFlows?: FlowDrops): FlowRow {
  const flow = readFlow(entry);
  const dropped = dropsOfFlows?.of(entry.key);
  const seconds = (from: bigint): number => Math.max(0, Number(now - from) / describer.jiffiesPerSecond);
  return {
    ...fieldsOf(flow, describer),
    rule: describer.names.rule(flow.slot, flow.generation).name,
    ...(flow.wouldDrop ? { would_drop: true } : {}),
    opened: new Date(openedOf(flow)).toISOString(),
    age_s: seconds(flow.openedJiffies),
    idle_s: seconds(flow.seenJiffies),
    state: flow.closed ? "closed" : entry.replied ? "established" : "opening",
    ...(dropped === undefined ? {} : { dropped }),
  };
}

type Flow = ReturnType<typeof readFlow>;

const openedOf = ({ openedNs }: Flow): number => wallTime(monotonicEpoch(), openedNs);

function fieldsOf(flow: Flow, describer: Describer): Omit<ConnectionFields, "time" | "rule"> & Pick<ConnectionEvent, "packets" | "bytes"> {
  const tunnel = tunnelOf(flow.tunnel);
  const nat = natOf(flow.nat, flow.protocol);
  return {
    direction: flow.direction,
    ...describeEnds(flow, { type: flow.icmpType, code: flow.icmpCode }, describer),
    ...(flow.vlan.length === 0 ? {} : { vlan: flow.vlan }),
    ...(tunnel === undefined ? {} : { tunnel }),
    ...(nat === undefined ? {} : { nat }),
    ...(ownerOf(flow.awaiting, describer) ?? ownerOf(flow.cookie, describer)),
    packets: flow.packets,
    bytes: flow.bytes,
  };
}

/** `icmp` is the message of a packet that may have one. */
export function describeEnds(
  ends: FlowEnds,
  icmp: { type: number; code: number },
  { names }: Describer,
): Pick<ConnectionFields, "interface" | "protocol" | "source" | "destination" | "icmp"> {
  return {
    interface: names.interface(ends.ifindex),
    protocol: protocolName(ends.protocol),
    source: endpointOf(ends.source, ends.sourcePort, ends.protocol),
    destination: endpointOf(ends.destination, ends.destinationPort, ends.protocol),
    ...(isIcmp(ends.protocol) ? { icmp } : {}),
  };
}

/** Returns the process that last used the socket, and its workload. */
export function ownerOf(cookie: bigint, describer: Describer): (Workload & { process: ProcessReference }) | undefined {
  const owner = recordOf(cookie, describer);
  return owner === undefined ? undefined : describeRecord(owner, describer);
}

/** Returns the struct owner of a socket. */
export function recordOf(cookie: bigint, { owners, listeners }: Pick<Describer, "owners" | "listeners">): Buffer | undefined {
  if (cookie === 0n) return undefined;
  const key = Buffer.alloc(8);
  key.writeBigUInt64LE(cookie);
  return owners.lookup(key) ?? listeners.lookup(key);
}

export function describeRecord(owner: Buffer, { names }: Describer): Workload & { process: ProcessReference } {
  return describeOwner(names, {
    pid: owner.readUInt32LE(Owner.pid),
    startedNs: owner.readBigUInt64LE(Owner.started_ns),
    executions: owner.readUInt16LE(Owner.executions) & 0xff,
    cgroup: owner.readBigUInt64LE(Owner.cgroup),
    uid: owner.readUInt32LE(Owner.uid),
    creator: owner.readUInt32LE(Owner.creator_pid),
    thread: owner.readUInt32LE(Owner.thread),
    flags: owner.readUInt16LE(Owner.flags),
    command: owner.subarray(Owner.command.at, Owner.command.at + Owner.command.count),
  });
}
