/**
 * Shows live what a process does with its sockets. The programs for it are attached only while somebody asks, and their links are not
 * pinned, so that they end with the agent.
 */

import { existsSync, readFileSync } from "node:fs";

import { AskedProcess, CallNames, Limit, ShownCall as ShownRecord } from "../../generated/layout.ts";
import { counted } from "../../values/count.ts";
import { protocolName } from "../../values/names.ts";
import { Refusal } from "../../values/refusal.ts";
import type { Endpoint } from "../../values/traffic.ts";
import type { Attachment } from "../../kernel/attachment.ts";
import { errnoName } from "../../kernel/errors.ts";
import { u32 } from "../../kernel/maps.ts";
import type { BpfObject } from "../../kernel/objects.ts";
import type { BpfProgram } from "../../kernel/program.ts";
import { Ring } from "../../kernel/ring.ts";
import type { Self } from "../../kernel/self.ts";
import { tracepointOf } from "../../kernel/trace.ts";
import { monotonicEpoch, wallTime } from "../events/clock.ts";
import { endpointOf } from "../events/decode.ts";

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const AF_PACKET = 17;
const FAMILIES: Readonly<Record<number, string>> = { [AF_UNIX]: "unix", [AF_NETLINK]: "netlink", [AF_PACKET]: "packet" };
const LOOK_MS = 1000;
/** Calls whose result is a number of bytes. */
const OF_BYTES: ReadonlySet<string> = new Set([
  "read",
  "write",
  "readv",
  "writev",
  "sendto",
  "recvfrom",
  "sendmsg",
  "recvmsg",
  "sendfile64",
]);

export interface ShownCall {
  /** ISO 8601. */
  time: string;
  pid: number;
  thread: number;
  /** As `recvfrom`. */
  call: string;
  descriptor: number;
  /** `tcp`, `udp`, else the family of the socket, as `unix`. */
  protocol: string;
  local?: Endpoint;
  remote?: Endpoint;
  /** Sent or received. */
  bytes?: number;
  /** As `EAGAIN`. */
  error?: string;
}

/** seen = told + suppressed + lost. */
export interface ShownCounts {
  seen: number;
  told: number;
  suppressed: number;
  lost: number;
}

export interface ShownOptions {
  /** Only calls with this descriptor. */
  descriptor?: number | undefined;
  /** At most so many calls a second are told; the others are counted. */
  most: number;
}

export type ShownEnd = "process" | "agent";

export interface ShownSink {
  calls(calls: readonly ShownCall[]): void;
  /** It is time to finish, because this one ends. */
  ended(by: ShownEnd): void;
}

export interface Showing {
  counts(): ShownCounts;
  /** Tells the calls that still wait in the ring, ends, and returns how many calls there were. */
  finish(): ShownCounts;
  /** Ends without telling anything more. */
  close(): void;
}

export interface ShownParts {
  load(): Promise<BpfObject>;
  attach(program: BpfProgram): Attachment;
  /** The process that this is, by the numbers of the kernel. */
  self: Pick<Self, "pid">;
}

export class ShownCalls {
  readonly #parts: ShownParts;
  readonly #shown = new Map<number, ShownSink>();
  #starting: Promise<Running> | undefined;
  #running: Running | undefined;
  #names: readonly string[] = [];
  #closed = false;

  constructor(parts: ShownParts) {
    this.#parts = parts;
  }

  /** The places that have a program now, as `sys_exit_read`. */
  get attached(): readonly string[] {
    return this.#names;
  }

  /** Shows the calls of a process until it is closed. Throws a Refusal if it cannot. */
  async show(pid: number, { descriptor, most }: ShownOptions, sink: ShownSink): Promise<Showing> {
    if (this.#closed) throw new Refusal("The agent is stopping.", { kind: "busy", next: "Try again when it runs." });
    // In another PID namespace than the first, the processes have other numbers in /proc.
    if (this.#parts.self.pid === process.pid) refuseUnlessProcess(pid);
    if (this.#shown.has(pid))
      throw new Refusal(`The calls of process ${pid} are shown to somebody else already.`, { kind: "conflict", next: "End that first." });
    if (this.#shown.size >= Limit.ASKED_PROCESSES)
      throw new Refusal(`The calls of ${counted(Limit.ASKED_PROCESSES, "process", "processes")} are shown already.`, {
        kind: "busy",
        next: "End one of them first.",
      });
    this.#shown.set(pid, sink);
    try {
      this.#starting ??= this.#run();
      const { processes } = await this.#starting;
      if (this.#shown.get(pid) !== sink) throw new Refusal("The agent is stopping.", { kind: "busy", next: "Try again when it runs." });
      const asked = Buffer.alloc(AskedProcess.size);
      asked.writeUInt32LE(most, AskedProcess.most);
      asked.writeInt32LE(descriptor ?? -1, AskedProcess.descriptor);
      processes.update(u32(pid), asked);
      const counts = (): ShownCounts => countsOf(processes.lookup(u32(pid)));
      return { counts, finish: () => this.#finish(pid, sink, counts()), close: () => this.#end(pid, sink) };
    } catch (error) {
      this.#end(pid, sink);
      throw error;
    }
  }

  /** Ends all that are shown. */
  close(): void {
    this.#closed = true;
    for (const [pid, sink] of this.#shown) {
      sink.ended("agent");
      this.#end(pid, sink);
    }
  }

  #finish(pid: number, sink: ShownSink, counts: ShownCounts): ShownCounts {
    this.#running?.processes.delete(u32(pid));
    this.#running?.drain();
    this.#end(pid, sink);
    return counts;
  }

  /** A process that is asked for while the programs are still being loaded ends them once they are there. */
  #end(pid: number, sink: ShownSink): void {
    if (this.#shown.get(pid) !== sink) return;
    this.#shown.delete(pid);
    this.#running?.processes.delete(u32(pid));
    // Whoever asks for this process next is not told what is left in the ring.
    this.#running?.drain();
    this.#endUnused();
  }

  #endUnused(): void {
    if (this.#shown.size > 0 || this.#running === undefined) return;
    this.#running.close();
    this.#running = undefined;
    this.#starting = undefined;
    this.#names = [];
  }

  async #run(): Promise<Running> {
    try {
      this.#running = this.#attach(await this.#parts.load());
    } catch (error) {
      this.#starting = undefined;
      throw error;
    }
    const running = this.#running;
    this.#endUnused();
    return running;
  }

  #attach(object: BpfObject): Running {
    const attachments: Attachment[] = [];
    try {
      for (const program of object.programs.values()) attachments.push(this.#parts.attach(program));
    } catch (error) {
      attachments.forEach((attachment) => attachment.detach());
      object.close();
      throw error;
    }
    this.#names = attachments.map(tracepointOf);
    const ring = new Ring({
      map: object.maps.get("shown_calls")!,
      recordSize: ShownRecord.size,
      onRecords: (records, count) => this.#tell(records, count),
    });
    ring.start();
    const looking = setInterval(() => this.#look(), LOOK_MS);
    const processes = object.maps.get("asked_processes")!;
    return {
      processes,
      drain() {
        const { producer } = ring.state();
        while (ring.state().consumer < producer && ring.drain() > 0);
      },
      close() {
        clearInterval(looking);
        attachments.forEach((attachment) => attachment.detach());
        ring.close();
        object.close();
      },
    };
  }

  #tell(records: Buffer, count: number): void {
    const epoch = monotonicEpoch();
    const calls = Map.groupBy(
      Array.from({ length: count }, (_, index) =>
        shownCall(records.subarray(index * ShownRecord.size, (index + 1) * ShownRecord.size), epoch),
      ),
      ({ pid }) => pid,
    );
    for (const [pid, ofProcess] of calls) this.#shown.get(pid)?.calls(ofProcess);
  }

  #look(): void {
    if (this.#parts.self.pid !== process.pid) return;
    for (const [pid, sink] of this.#shown) if (!existsSync(`/proc/${pid}`)) sink.ended("process");
  }
}

interface Running {
  processes: { update(key: Buffer, value: Buffer): void; lookup(key: Buffer): Buffer | undefined; delete(key: Buffer): unknown };
  /** Tells what is in the ring now. */
  drain(): void;
  close(): void;
}

/** Throws a Refusal if there is no such process, also if it is the number of a thread: /proc has a folder of each, which it does not list. */
function refuseUnlessProcess(pid: number): void {
  const process = processOf(pid);
  if (process === undefined)
    throw new Refusal(`There is no process ${pid}.`, { kind: "not_found", next: "Find its number with `weir sockets` or `ps`." });
  if (process !== pid)
    throw new Refusal(`${pid} is a thread of process ${process}.`, { kind: "not_found", next: `Ask for process ${process}.` });
}

function processOf(thread: number): number | undefined {
  try {
    return Number(/^Tgid:\t(\d+)$/m.exec(readFileSync(`/proc/${thread}/status`, "utf8"))?.[1]);
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function countsOf(asked: Buffer | undefined): ShownCounts {
  const count = (at: number): number => Number(asked?.readBigUInt64LE(at) ?? 0n);
  return {
    seen: count(AskedProcess.seen),
    told: count(AskedProcess.told),
    suppressed: count(AskedProcess.suppressed),
    lost: count(AskedProcess.lost),
  };
}

function shownCall(record: Buffer, epoch: number): ShownCall {
  const family = record.readUInt16LE(ShownRecord.family);
  const number = record.readUInt16LE(ShownRecord.call);
  const protocol = record[ShownRecord.protocol]!;
  const result = Number(record.readBigInt64LE(ShownRecord.result));
  const call = CallNames[number] ?? String(number);
  const isInternet = family === AF_INET || family === AF_INET6;
  const end = (address: number, port: number): Endpoint =>
    endpointOf(record.subarray(address, address + 16), record.readUInt16LE(port), protocol);
  const remotePort = record.readUInt16LE(ShownRecord.remote_port);
  return {
    time: new Date(wallTime(epoch, record.readBigUInt64LE(ShownRecord.time_ns))).toISOString(),
    pid: record.readUInt32LE(ShownRecord.pid),
    thread: record.readUInt32LE(ShownRecord.thread),
    call,
    descriptor: record.readInt32LE(ShownRecord.descriptor),
    protocol: isInternet ? protocolName(protocol) : (FAMILIES[family] ?? `family ${family}`),
    ...(isInternet ? { local: end(ShownRecord.local_be.at, ShownRecord.local_port) } : {}),
    ...(isInternet && remotePort !== 0 ? { remote: end(ShownRecord.remote_be.at, ShownRecord.remote_port) } : {}),
    ...(result < 0 ? { error: errnoName(result) } : OF_BYTES.has(call) ? { bytes: result } : {}),
  };
}
