/** The records of the ring buffer as what they mean. Offsets come from the BTF of the programs that wrote them. */

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
  type Owner,
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

/** What only the rest of the agent knows: names for the kernel's numbers. */
export interface Names {
  /** Of the slot in the rule set of that generation. */
  rule(slot: number, generation: number): RuleReference;
  interface(ifindex: number): string;
  /** Of a network namespace, by its number. */
  namespace(id: number): string | undefined;
  program(run: ProgramRun, command: string): ProgramReference;
  user(uid: number): string | undefined;
  workload(owner: Owner): Workload;
}

export interface Sink {
  verdict(event: VerdictEvent): void;
  connection(event: ConnectionEvent): void;
  socket(event: SocketEvent, facts: SocketFacts): void;
}

/** What is not told of a socket, but helps to find out more. */
export interface SocketFacts {
  /** 0 where it is not known. */
  cookie: bigint;
  /** The process may not take the low ports. */
  unprivileged: boolean;
  /** The process, by the numbers that the kernel gives it; its number is 0 where it is not known. */
  owner: { pid: number; startedNs: bigint };
}

const WITHOUT_ADDRESS: ReadonlySet<SocketEventType> = new Set(["PACKET_SOCKET", "PACKET_BYPASS"]);
/** By verdict. */
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
  /** Records with an unknown type: another version's, or damage. */
  malformed = 0;

  /** `numbers`: shared with those whose events do not come out of the ring. */
  constructor(names: Names, sink: Sink, numbers = new Sequence()) {
    this.#names = names;
    this.#sink = sink;
    this.#numbers = numbers;
  }

  /** Decodes records that follow each other, as the reader of the ring hands them over. */
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
    const nat = natOf(record.subarray(Event.beyond.at, Event.beyond.at + Event.beyond.size), protocol);
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

/** What struct owner and struct event say of the owner of a socket. */
export interface OwnerRecord extends Owner, ProgramRun {
  uid: number;
  command: Buffer;
  creator: number;
  flags: number;
  /** 0 where it is not known. */
  thread: number;
}

/** The process, and what it is part of. */
export function describeOwner(
  names: Names,
  { uid, command, creator, flags, thread, ...owner }: OwnerRecord,
): Workload & { process: ProcessReference } {
  const end = command.indexOf(0);
  const name = command.toString("utf8", 0, end < 0 ? command.length : end);
  const workload = names.workload(owner);
  // A container has users of its own.
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

/** How a connection is told as a whole: by the rule that let it pass, by the one that only watches it, or by what would have dropped it. */
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

/** As struct flow_key has it: the kind in the upper 8 bits, the identifier below. */
export function tunnelOf(value: number): ConnectionFields["tunnel"] {
  const kind = TUNNEL_KINDS[(value >>> 24) - 1];
  return kind === undefined ? undefined : { kind, id: value & 0xffffff };
}

/** Of a struct ends. */
export function natOf(beyond: Buffer, protocol: number): ConnectionFields["nat"] {
  if (beyond.readBigUInt64LE(Ends.destination_be.at + 8) === 0n && beyond.readBigUInt64LE(Ends.destination_be.at) === 0n) return undefined;
  const end = (address: number, port: number): Endpoint =>
    endpointOf(beyond.subarray(address, address + 16), beyond.readUInt16LE(port), protocol);
  return { source: end(Ends.source_be.at, Ends.source_port), destination: end(Ends.destination_be.at, Ends.destination_port) };
}

export function endpointOf(address: Buffer, port: number, protocol: number): Endpoint {
  return { address: formatAddress(address), ...(WITH_PORTS.has(protocol) ? { port } : {}) };
}

export function isIcmp(protocol: number): boolean {
  return protocol === ICMP || protocol === ICMPV6;
}

/** What is known of the system call that an event of a socket is about. */
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

/** Of struct event and struct holding. */
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
