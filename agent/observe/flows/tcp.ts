/** TCP connections of local processes, as measured by their sockets: see probes/process/statistics.h. */

import { endpointOf } from "../events/decode.ts";
import type { ConnectionFields } from "../events/event.ts";
import { DirectionNames, Owner, TcpConnection } from "../../generated/layout.ts";
import { iteratorRecords } from "../../kernel/iterator.ts";
import type { BpfProgram } from "../../kernel/program.ts";
import { type Describer, describeRecord } from "./describe.ts";
import { type ListenerTables, listenerOf } from "./listening.ts";

/** The measurements of a socket. Times are in microseconds, 0 if there was nothing to measure. */
export interface TcpMeasures {
  roundTrip: number;
  /** The lowest round-trip time of the last minutes. */
  leastRoundTrip: number;
  /** The segments sent, retransmissions included. */
  segments: number;
  retransmissions: number;
}

const TCP = 6;

/** Yields consecutive records. */
export function* tcpRecords(records: Buffer): Generator<Buffer> {
  for (let at = 0; at + TcpConnection.size <= records.length; at += TcpConnection.size) yield records.subarray(at, at + TcpConnection.size);
}

export function cookieOf(record: Buffer): bigint {
  return record.readBigUInt64LE(TcpConnection.cookie);
}

export function measuresOf(record: Buffer): TcpMeasures {
  return {
    roundTrip: record.readUInt32LE(TcpConnection.round_trip_us),
    leastRoundTrip: record.readUInt32LE(TcpConnection.least_round_trip_us),
    segments: record.readUInt32LE(TcpConnection.segments),
    retransmissions: record.readUInt32LE(TcpConnection.retransmissions),
  };
}

export function describeTcp(
  record: Buffer,
  describer: Describer,
  listeners: ListenerTables,
): Pick<ConnectionFields, "direction" | "protocol" | "source" | "destination" | "process" | "container" | "pod" | "unit"> {
  const { local_be, remote_be, local_port, remote_port, owner } = TcpConnection;
  const local = endpointOf(record.subarray(local_be.at, local_be.at + 16), record.readUInt16LE(local_port), TCP);
  const remote = endpointOf(record.subarray(remote_be.at, remote_be.at + 16), record.readUInt16LE(remote_port), TCP);
  const direction = DirectionNames[record[TcpConnection.direction]!] === "ingress" ? "ingress" : "egress";
  const [source, destination] = direction === "ingress" ? [remote, local] : [local, remote];
  const known =
    record.readUInt32LE(owner.pid) !== 0
      ? record.subarray(owner.at, owner.at + Owner.size)
      : direction === "ingress"
        ? listenerOf(record, listeners)
        : undefined;
  return { direction, protocol: "tcp", source, destination, ...(known === undefined ? {} : describeRecord(known, describer)) };
}

/** Visits the records of the connections that live. */
export type LiveTcp = (visit: (record: Buffer, cookie: bigint) => void) => Promise<void>;

/** Visits each socket once, although several processes may hold it. */
export function liveTcp(program: BpfProgram): LiveTcp {
  return async (visit) => {
    const seen = new Set<bigint>();
    for await (const records of iteratorRecords(program)) {
      for (const record of tcpRecords(records)) {
        const cookie = cookieOf(record);
        if (seen.has(cookie)) continue;
        seen.add(cookie);
        visit(record, cookie);
      }
    }
  };
}
