/** A loaded BPF program by its descriptor. */

import { closeSync } from "node:fs";

import { errnoName, KernelError } from "./errors.ts";
import { libbpf, type TestRunOptions } from "./libbpf.ts";
import { u32 } from "./maps.ts";

export const ProgramType = {
  SCHED_CLS: 3,
  TRACEPOINT: 5,
  XDP: 6,
  CGROUP_SOCK: 9,
  RAW_TRACEPOINT: 17,
  CGROUP_SOCK_ADDR: 18,
  CGROUP_SOCKOPT: 25,
  TRACING: 26,
} as const;

export interface ProgramInfo {
  type: number;
  id: number;
  /** The name as the kernel keeps it: at most 15 characters. */
  name: string;
  tag: string;
  /** The number of instructions that the verifier walked through, over all paths. */
  verifiedInstructions: number;
  /** The bytes of the program after the verifier has rewritten it. */
  translatedBytes: number;
  /** The number of runs; 0 unless kernel.bpf_stats_enabled is on. */
  runs: bigint;
  /** The number of runs that were skipped because the program was already running on that CPU. */
  recursionMisses: bigint;
}

export interface TestRun {
  data: Uint8Array;
  /**
   * How often the program runs, for measurements. A signal makes the kernel end a repeated run early and begin it anew; the
   * program's counters are then too high.
   */
  repeat?: number;
  /** XDP and TC programs only: the device in this network namespace that the packet seems to come from. */
  ifindex?: number;
  /** TC programs only. The kernel refuses VLAN fields here. */
  skb?: { mark?: number; priority?: number; wireLength?: number; gsoSegments?: number; gsoSize?: number };
}

export interface TestResult {
  retval: number;
  /** The average nanoseconds of one repetition. */
  duration: number;
  data: Buffer;
}

const XDP_CONTEXT = 24;
const SKB_CONTEXT = 192;
/** Room for the headers that a program may add in front. */
const GROWTH = 256;

export class BpfProgram {
  readonly name: string;
  readonly section: string;
  readonly type: number;
  readonly attachType: number;
  readonly fd: number;

  /** Takes the descriptor over: `close` closes it. */
  constructor(facts: { name: string; section: string; type: number; attachType: number; fd: number }) {
    this.name = facts.name;
    this.section = facts.section;
    this.type = facts.type;
    this.attachType = facts.attachType;
    this.fd = facts.fd;
  }

  info(): ProgramInfo {
    return programInfo(this.fd);
  }

  /** Runs the program on a packet by BPF_PROG_TEST_RUN; nothing is sent. */
  testRun(run: TestRun): TestResult {
    const data = Buffer.alloc(run.data.length + GROWTH);
    const context = this.#context(run);
    const options = this.#run(`run the program ${this.name} on ${run.data.length} bytes`, {
      data_in: run.data,
      data_out: data,
      data_size_in: run.data.length,
      data_size_out: data.length,
      ctx_in: context,
      ctx_size_in: context?.length ?? 0,
      repeat: run.repeat ?? 1,
    });
    return { retval: options.retval | 0, duration: options.duration, data: data.subarray(0, options.data_size_out) };
  }

  /** Runs a program of the `syscall` type once, and returns its result. */
  run(): number {
    return this.#run(`run the program ${this.name}`, {}).retval | 0;
  }

  #run(operation: string, wanted: Partial<TestRunOptions>): TestRunOptions {
    for (;;) {
      const options: TestRunOptions = {
        sz: 80,
        data_in: null,
        data_out: null,
        data_size_in: 0,
        data_size_out: 0,
        ctx_in: null,
        ctx_out: null,
        ctx_size_in: 0,
        ctx_size_out: 0,
        retval: 0,
        repeat: 0,
        duration: 0,
        flags: 0,
        cpu: 0,
        batch_size: 0,
        ...wanted,
      };
      const result = libbpf().testRun(this.fd, options);
      const errno = result < 0 ? errnoName(result) : "";
      if (errno === "EINTR" || errno === "EAGAIN") continue;
      if (errno !== "") throw new KernelError(operation, errno);
      return options;
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  #context(run: TestRun): Buffer | null {
    if (run.ifindex === undefined && run.skb === undefined) return null;
    if (this.type === ProgramType.XDP) {
      const context = Buffer.alloc(XDP_CONTEXT);
      context.writeUInt32LE(run.data.length, 4);
      context.writeUInt32LE(run.ifindex ?? 0, 12);
      return context;
    }
    const context = Buffer.alloc(SKB_CONTEXT);
    context.writeUInt32LE(run.skb?.mark ?? 0, 8);
    context.writeUInt32LE(run.skb?.priority ?? 0, 32);
    context.writeUInt32LE(run.ifindex ?? 0, 36);
    context.writeUInt32LE(run.ifindex ?? 0, 40);
    context.writeUInt32LE(run.skb?.wireLength ?? 0, 160);
    context.writeUInt32LE(run.skb?.gsoSegments ?? 0, 164);
    context.writeUInt32LE(run.skb?.gsoSize ?? 0, 176);
    return context;
  }
}

export function programInfo(fd: number): ProgramInfo {
  const info = Buffer.alloc(232);
  const result = libbpf().info(fd, info, u32(info.length));
  if (result < 0) throw new KernelError("ask the kernel about a program", result);
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    tag: info.toString("hex", 8, 16),
    translatedBytes: info.readUInt32LE(20),
    name: cString(info.subarray(64, 80)),
    runs: info.readBigUInt64LE(200),
    recursionMisses: info.readBigUInt64LE(208),
    verifiedInstructions: info.readUInt32LE(216),
  };
}

/** Returns what is known of any program by its id; messages use its name. */
export function programById(id: number): ProgramInfo | undefined {
  const fd = libbpf().programFdById(id);
  if (fd < 0) return undefined;
  try {
    return programInfo(fd);
  } finally {
    closeSync(fd);
  }
}

export function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}
