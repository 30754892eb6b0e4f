/** Decodes the records of the ring buffer into events. The offsets come from the BTF of the programs that wrote them. */

import { formatAddress } from "../../values/address.ts";
import { protocolName } from "../../values/names.ts";
import {
  Bypass as BypassValue,
  BypassNames,
  CallNames,
  DirectionNames,
  Ends,
  Event,
  EventTypeNames,
  OwnerFlag,
  ReasonNames,
  Slot,
  Verdict as VerdictValue,
  VerdictNames,
} from "../../generated/layout.ts";
import { errnoName } from "../../kernel/errors.ts";
import { monotonicEpoch, wallTime } from "./clock.ts";
import { Sequence } from "./sequence.ts";
import {
  type Bypass,
  type BypassOutcome,
  type ConnectionEvent,
  type ConnectionFields,
  EVENT_TYPES,
  type EventType,
  type SocketOwner,
  type ProcessReference,
  type ProgramReference,
  type ProgramRun,
  SOCKET_EVENT_TYPES,
  type SocketEvent,
  type SocketEventType,
  type VerdictEvent,
} from "./event.ts";
import type { NetworkNamespace, Workload } from "../../values/workload.ts";
import type { Direction, Endpoint, RuleReference, Verdict } from "../../values/traffic.ts";

/** Looks up names for the kernel's numbers, which only the rest of the agent knows. */
export interface Names {
  /** Returns the rule that had the slot in that generation. */
  rule(slot: number, generation: number): RuleReference;
  interface(ifindex: number): string;
  /** Returns the name of a network namespace by its number. */
  namespace(id: number): string | undefined;
  program(run: ProgramRun, command: string): ProgramReference;
  user(uid: number): string | undefined;
  workload(owner: SocketOwner): Workload;
}

export interface Sink {
  verdict(event: VerdictEvent): void;
  connection(event: ConnectionEvent): void;
  socket(event: SocketEvent, facts: SocketFacts): void;
}

/** Facts about a socket that are not reported, but help to find out more. */
export interface SocketFacts {
  /** 0 if it is not known. */
  cookie: bigint;
  /** True if the process may not bind low ports. */
  unprivileged: boolean;
  /** The process by the kernel's numbers. `pid` is 0 if the process is not known. */
  owner: { pid: number; startedNs: bigint };
}

const WITHOUT_ADDRESS: ReadonlySet<SocketEventType> = new Set(["PACKET_SOCKET", "PACKET_BYPASS"]);
/** The outcome of each verdict. */
const OUTCOMES: Readonly<Record<number, BypassOutcome>> = {
  [VerdictValue.PASSED]: "reported",
  [VerdictValue.WOULD_DROP]: "would_refuse",
  [VerdictValue.DROPPED]: "refused",
};
const TUNNEL_KINDS = ["gre", "ipip", "vxlan", "geneve"] as const;
const ICMP = 1;
const ICMPV6 = 58;
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17]);

export class Decoder {
  readonly #names: Names;
  readonly #sink: Sink;
  readonly #numbers: Sequence;
  /** The number of records with an unknown type: they come from another version, or are damaged. */
  malformed = 0;

  /** `numbers` is shared with the sources of events that do not come out of the ring. */
  constructor(names: Names, sink: Sink, numbers = new Sequence()) {
    this.#names = names;
    this.#sink = sink;
    this.#numbers = numbers;
  }

  /** Decodes consecutive records, as the reader of the ring passes them. */
  decode(records: Buffer): void {
    const epoch = monotonicEpoch();
    for (let at = 0; at + Event.size <= records.length; at += Event.size) {
      this.#one(records.subarray(at, at + Event.size), epoch);
    }
  }

  #one(record: Buffer, epoch: number): void {
    const type = TYPES.get(record[Event.type]!);
    if (type === undefined) {
      this.malformed++;
      return;
    }
    if (isSocketType(type)) {
      this.#socket(type, record, epoch);
      return;
    }
    const fields = this.#fields(record, epoch);
    const verdict = (VerdictNames[record[Event.verdict]!] ?? "undecided") as Verdict;
    const staged = record[Event.staged] === 1;
    if (type !== "CLOSED") {
      const reason = record[Event.reason]!;
      this.#sink.verdict({
        ...fields,
        seq: this.#numbers.next(),
        type,
        verdict,
        would_drop: verdict === "would_drop" || staged,
        ...(reason === 0 ? {} : { reason: ReasonNames[reason] ?? String(reason) }),
      });
      return;
    }
    this.#sink.connection({
      ...fields,
      opened: wallTime(epoch, record.readBigUInt64LE(Event.opened_ns)),
      closed: fields.time,
      how: "closed",
      packets: pair(record, Event.packets),
      bytes: pair(record, Event.bytes),
      ...connectionVerdict({ slot: record.readUInt32LE(Event.slot), staged, wouldDrop: verdict === "would_drop" || verdict === "carried" }),
    });
  }

  #socket(type: SocketEventType, record: Buffer, epoch: number): void {
    const protocol = record[Event.protocol]!;
    const remotePort = record.readUInt16LE(Event.destination_port);
    const ifindex = record.readUInt32LE(Event.ifindex);
    const netns = record.readUInt32LE(Event.netns);
    this.#sink.socket(
      {
        seq: this.#numbers.next(),
        type,
        time: wallTime(epoch, record.readBigUInt64LE(Event.time_ns)),
        ...(WITHOUT_ADDRESS.has(type) ? {} : { protocol: protocolName(protocol), local: sourceOf(record) }),
        ...(remotePort === 0 ? {} : { remote: destinationOf(record) }),
        ...(ifindex === 0 || netns !== 0 ? {} : { interface: this.#names.interface(ifindex) }),
        ...(netns === 0 ? {} : { network_namespace: this.#namespace(netns) }),
        ...callOf(record),
        ...(type === "PACKET_BYPASS"
          ? { bypass: bypassOf(record[Event.bypass]!) ?? "unknown", outcome: OUTCOMES[record[Event.verdict]!] ?? "reported" }
          : {}),
        ...this.#owner(record),
      },
      {
        cookie: record.readBigUInt64LE(Event.cookie),
        unprivileged: (record[Event.owner_flags]! & OwnerFlag.UNPRIVILEGED) !== 0,
        owner: { pid: record.readUInt32LE(Event.pid), startedNs: record.readBigUInt64LE(Event.owner_started_ns) },
      },
    );
  }

  #namespace(id: number): NetworkNamespace {
    const name = this.#names.namespace(id);
    return { id, ...(name === undefined ? {} : { name }) };
  }

  #fields(record: Buffer, epoch: number): ConnectionFields {
    const protocol = record[Event.protocol]!;
    const [outerTag, innerTag] = [record.readUInt16LE(Event.vlan.at), record.readUInt16LE(Event.vlan.at + Event.vlan.stride)];
    const tunnel = tunnelOf(record.readUInt32LE(Event.tunnel));
    const fields: ConnectionFields = {
      time: wallTime(epoch, record.readBigUInt64LE(Event.time_ns)),
      direction: (DirectionNames[record[Event.direction]!] ?? "ingress") as Direction,
      interface: this.#names.interface(record.readUInt32LE(Event.ifindex)),
      protocol: protocolName(protocol),
      source: sourceOf(record),
      destination: destinationOf(record),
      rule: this.#names.rule(record.readUInt32LE(Event.slot), record.readUInt32LE(Event.generation)),
    };
    if (isIcmp(protocol)) fields.icmp = { type: record[Event.icmp_type]!, code: record[Event.icmp_code]! };
    if (outerTag !== 0 || innerTag !== 0) fields.vlan = [outerTag, innerTag].filter((tag) => tag !== 0).map((tag) => tag & 0xfff);
    if (tunnel !== undefined) fields.tunnel = tunnel;
    const nat = natOf(record.subarray(Event.nat.at, Event.nat.at + Event.nat.size), protocol);
    if (nat !== undefined) fields.nat = nat;
    return Object.assign(fields, this.#owner(record));
  }

  #owner(record: Buffer): Partial<Workload & { process: ProcessReference }> {
    if (record.readUInt32LE(Event.pid) === 0) return {};
    return describeOwner(this.#names, {
      pid: record.readUInt32LE(Event.pid),
      startedNs: record.readBigUInt64LE(Event.owner_started_ns),
      executions: record[Event.owner_executions]!,
      cgroup: record.readBigUInt64LE(Event.owner_cgroup),
      uid: record.readUInt32LE(Event.uid),
      creator: record.readUInt32LE(Event.creator_pid),
      flags: record[Event.owner_flags]!,
      thread: record.readUInt32LE(Event.thread),
      command: record.subarray(Event.command.at, Event.command.at + Event.command.count),
    });
  }
}

/** The facts about the owner of a socket in struct owner and struct event. */
export interface OwnerRecord extends SocketOwner, ProgramRun {
  uid: number;
  command: Buffer;
  creator: number;
  flags: number;
  /** 0 if it is not known. */
  thread: number;
}

/** Describes the process and its workload. */
export function describeOwner(
  names: Names,
  { uid, command, creator, flags, thread, ...owner }: OwnerRecord,
): Workload & { process: ProcessReference } {
  const end = command.indexOf(0);
  const name = command.toString("utf8", 0, end < 0 ? command.length : end);
  const workload = names.workload(owner);
  // A container has users of its own, so their names are not looked up here.
  const user = workload.container === undefined ? names.user(uid) : undefined;
  const process: ProcessReference = {
    pid: owner.pid,
    ...(thread === 0 || thread === owner.pid ? {} : { thread }),
    name,
    ...names.program(owner, name),
    uid,
    ...(user === undefined ? {} : { user }),
    ...(creator === 0 || creator === owner.pid ? {} : { creator }),
    ...(flags & OwnerFlag.HOLDER ? { holder: true } : {}),
  };
  return { process, ...workload };
}

/**
 * Returns the verdict that describes a connection as a whole: that of the rule that let it pass, of the staged rule that only
 * reports it, or of the rule that would have dropped it.
 */
export function connectionVerdict({
  slot,
  staged,
  wouldDrop,
}: {
  slot: number;
  staged: boolean;
  wouldDrop: boolean;
}): Pick<ConnectionEvent, "type" | "verdict" | "would_drop"> {
  const undecided = slot === Slot.ON_ERROR && !staged;
  const type = undecided ? "UNDECIDED" : staged || wouldDrop ? "DETECTED" : "ALLOWED";
  return { type, verdict: wouldDrop ? "would_drop" : undecided ? "undecided" : "passed", would_drop: staged || wouldDrop };
}

/** Reads the tunnel of a struct flow_key: the kind in the upper 8 bits, the identifier below. */
export function tunnelOf(value: number): ConnectionFields["tunnel"] {
  const kind = TUNNEL_KINDS[(value >>> 24) - 1];
  return kind === undefined ? undefined : { kind, id: value & 0xffffff };
}

/** Reads the translated ends from a struct ends. */
export function natOf(ends: Buffer, protocol: number): ConnectionFields["nat"] {
  if (ends.readBigUInt64LE(Ends.destination_be.at + 8) === 0n && ends.readBigUInt64LE(Ends.destination_be.at) === 0n) return undefined;
  const end = (address: number, port: number): Endpoint =>
    endpointOf(ends.subarray(address, address + 16), ends.readUInt16LE(port), protocol);
  return { source: end(Ends.source_be.at, Ends.source_port), destination: end(Ends.destination_be.at, Ends.destination_port) };
}

export function endpointOf(address: Buffer, port: number, protocol: number): Endpoint {
  return { address: formatAddress(address), ...(WITH_PORTS.has(protocol) ? { port } : {}) };
}

export function isIcmp(protocol: number): boolean {
  return protocol === ICMP || protocol === ICMPV6;
}

/** Returns the system call that a socket event is about, as far as it is known. */
function callOf(record: Buffer): Pick<SocketEvent, "call" | "error" | "took_ms"> {
  const [call, error] = [record[Event.call]!, record.readUInt16LE(Event.error)];
  const began = record.readBigUInt64LE(Event.opened_ns);
  const took = record.readBigUInt64LE(Event.time_ns) - began;
  return {
    ...(call === 0 ? {} : { call: CallNames[call] ?? String(call) }),
    ...(error === 0 ? {} : { error: errnoName(error) }),
    ...(began === 0n || took < 0n ? {} : { took_ms: Math.round(Number(took) / 1e4) / 100 }),
  };
}

function sourceOf(record: Buffer): Endpoint {
  return endpointOf(
    record.subarray(Event.source_be.at, Event.source_be.at + 16),
    record.readUInt16LE(Event.source_port),
    record[Event.protocol]!,
  );
}

function destinationOf(record: Buffer): Endpoint {
  return endpointOf(
    record.subarray(Event.destination_be.at, Event.destination_be.at + 16),
    record.readUInt16LE(Event.destination_port),
    record[Event.protocol]!,
  );
}

/** Reads the bypass of a struct event or struct holding. */
export function bypassOf(value: number): Bypass | undefined {
  return value === BypassValue.NONE ? undefined : (BypassNames[value] as Bypass | undefined);
}

type TypeName = EventType | "CLOSED" | SocketEventType;

const TYPES: ReadonlyMap<number, TypeName> = new Map(
  ([...EVENT_TYPES, "CLOSED", ...SOCKET_EVENT_TYPES] as const).map((type) => [EventTypeNames.indexOf(type.toLowerCase()), type]),
);

function isSocketType(type: TypeName): type is SocketEventType {
  return SOCKET_EVENT_TYPES.some((one) => one === type);
}

function pair(bytes: Buffer, field: { at: number; stride: number }): [number, number] {
  return [Number(bytes.readBigUInt64LE(field.at)), Number(bytes.readBigUInt64LE(field.at + field.stride))];
}
