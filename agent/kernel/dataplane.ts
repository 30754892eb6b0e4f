/**
 * The programs and tables in the kernel, as one thing. They are pinned, so that they outlive the agent; the
 * folder of the tables is named by the programs that use them, so that tables of others are never misread.
 */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Control, Mode } from "../generated/layout.ts";
import { type BpfMap, u32 } from "./maps.ts";
import { type BpfObject, openObject } from "./objects.ts";
import type { BpfProgram } from "./program.ts";

const OBJECTS = ["process.bpf.o", "tc.bpf.o", "xdp.bpf.o"] as const;
const TABLES = "tables-";

export const PROBES = fileURLToPath(new URL("../../probes/build/", import.meta.url));

export interface DataPlaneOptions {
  /** Where the objects are. */
  probes?: string;
  /** On a BPF file system. Without it nothing is pinned and all ends with the process. */
  pins?: string;
  /** Of the network namespace whose local ports are meant. */
  netnsCookie: bigint;
  capacity: TableSizes;
}

export interface TableSizes {
  /** Rule slots, the reserved ones included. */
  slots: number;
  /** 64-byte cells of one copy of the rules. */
  cells: number;
  /** 64-byte lines of bans, and of the members of sets: powers of two. */
  banLines?: number;
  setLines?: number;
}

/** Room for some 120,000 networks. */
const LINES = 32_768;

export class DataPlane {
  readonly maps = new Map<string, BpfMap>();
  readonly jiffiesPerSecond: number;
  /** Whether tables of an earlier agent were taken over. */
  readonly adopted: boolean;
  readonly #options: DataPlaneOptions;
  readonly #version: string;
  readonly #process: BpfObject;
  readonly #objects: BpfObject[] = [];
  #xdp: BpfProgram | undefined;
  readonly #control: DataView;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
    this.#version = tableVersion(options.probes ?? PROBES, options.capacity);
    const tables = this.tablePins;
    this.adopted = tables !== undefined && existsSync(join(tables, "control"));
    this.#process = this.#open("process.bpf.o");
    this.jiffiesPerSecond = this.#measureJiffies();
    this.#open("tc.bpf.o");
    this.#control = new DataView(this.map("control").mmap());
  }

  /** Where the tables of this version are pinned. */
  get tablePins(): string | undefined {
    return this.#options.pins === undefined ? undefined : join(this.#options.pins, `${TABLES}${this.#version}`);
  }

  map(name: string): BpfMap {
    const map = this.maps.get(name);
    if (map === undefined) throw new RangeError(`no program has a table ${name}`);
    return map;
  }

  program(name: string): BpfProgram {
    for (const object of this.#objects) {
      const program = object.programs.get(name);
      if (program !== undefined) return program;
    }
    throw new RangeError(`no object has a program ${name}`);
  }

  /** Those that are attached to control groups and tracepoints. */
  tracePrograms(): BpfProgram[] {
    return [...this.#process.programs.values()].filter((program) => program.section !== "syscall");
  }

  /** Loaded when the first interface needs it: most hosts have none. */
  xdpProgram(): BpfProgram {
    this.#xdp ??= this.#open("xdp.bpf.o").programs.get("weir_xdp_ingress")!;
    return this.#xdp;
  }

  get generation(): number {
    return this.#control.getUint32(Control.generation, true);
  }

  /** Makes the other copy of the rule tables the one in force: one store. */
  flip(generation: number): void {
    this.#control.setUint32(Control.generation, generation, true);
  }

  /** Bits of enum weir_ban_flag: whether packets have to look for bans at all. */
  setBanFlags(flags: number): void {
    this.#control.setUint32(Control.bans, flags, true);
  }

  get mode(): "detect" | "prevent" {
    return this.#control.getUint32(Control.mode, true) === Mode.PREVENT ? "prevent" : "detect";
  }

  set mode(mode: "detect" | "prevent") {
    this.#control.setUint32(Control.mode, mode === "prevent" ? Mode.PREVENT : Mode.DETECT, true);
  }

  /** What detect let through is no matter of prevent, nor the other way round. */
  forgetShadows(): void {
    for (const _ of this.map("shadows").batches({ remove: true }));
  }

  /** The clock that flows are dated with. */
  jiffies(): bigint {
    return this.#readClocks().jiffies;
  }

  /** Removes the tables of other versions, once no attached program uses them any more. */
  removeSuperseded(): void {
    const root = this.#options.pins;
    if (root === undefined) return;
    for (const name of readdirSync(root)) {
      if (!name.startsWith(TABLES) || name === `${TABLES}${this.#version}`) continue;
      for (const table of readdirSync(join(root, name))) unlinkSync(join(root, name, table));
      rmdirSync(join(root, name));
    }
  }

  /** Closes the descriptors. What is pinned goes on. */
  close(): void {
    for (const object of this.#objects) object.close();
  }

  #open(file: (typeof OBJECTS)[number]): BpfObject {
    const pinDirectory = this.tablePins;
    const { netnsCookie, probes = PROBES, capacity: { slots, cells, banLines = LINES, setLines = LINES } } = this.#options;
    const object = openObject(join(probes, file), {
      reuse: this.maps,
      rodata: { netns_cookie: netnsCookie, jiffies_per_second: this.jiffiesPerSecond ?? 250, cells_a_copy: cells, rule_slots: slots, ban_line_count: banLines, set_line_count: setLines },
      maxEntries: { cells: 2 * cells, rules: 2 * slots, rule_counters: slots, ban_lines: banLines, set_lines: setLines },
      ...(pinDirectory === undefined ? {} : { pinDirectory }),
    });
    for (const [name, map] of object.maps) if (!this.maps.has(name)) this.maps.set(name, map);
    this.#objects.push(object);
    return object;
  }

  #readClocks(): { jiffies: bigint; monotonicNs: bigint } {
    this.#process.programs.get("weir_clocks")!.run();
    const clocks = this.map("clocks");
    return { jiffies: clocks.lookup(u32(0))!.readBigUInt64LE(), monotonicNs: clocks.lookup(u32(1))!.readBigUInt64LE() };
  }

  /** jiffies start at 2^32 - 300 seconds (INITIAL_JIFFIES), so that one reading tells their rate. */
  #measureJiffies(): number {
    const { jiffies, monotonicNs } = this.#readClocks();
    const seconds = Number(monotonicNs) / 1e9;
    const distance = (rate: number): number => Math.abs(Number(jiffies - 2n ** 32n) - (seconds - 300) * rate);
    const rates = [100, 250, 300, 1000];
    return rates.reduce((best, rate) => (distance(rate) < distance(best) ? rate : best));
  }
}

/** Changes with the programs and the sizes: tables of others may have other shapes, or another meaning. */
function tableVersion(probes: string, { slots, cells, banLines = LINES, setLines = LINES }: TableSizes): string {
  const hash = createHash("sha256");
  for (const file of OBJECTS) hash.update(readFileSync(join(probes, file)));
  return hash.update(`${slots} ${cells} ${banLines} ${setLines}`).digest("hex").slice(0, 12);
}
