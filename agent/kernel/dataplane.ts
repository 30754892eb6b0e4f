/**
 * The programs and tables in the kernel, together. They are pinned, so that they outlive the agent. The folder of the tables is
 * named by the programs that use them, so tables of another version are never misread.
 */

import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { ControlWords, releasePinned } from "./control-words.ts";
import { Jiffies } from "./jiffies.ts";
import type { BpfMap } from "./maps.ts";
import { type BpfObject, isInternal, type ObjectOptions, openObject, openObjectAside, pin } from "./objects.ts";
import type { BpfProgram } from "./program.ts";
import { inFirstNetns, netnsCookie } from "./sockets.ts";
import { tableFolders, TABLES } from "./pinned-table.ts";
import { hasTracepoint } from "./trace.ts";

const OBJECTS = ["process.bpf.o", "drops.bpf.o", "tc.bpf.o", "xdp.bpf.o", "calls.bpf.o", "shown.bpf.o"] as const;
const TRACKING = "/sys/kernel/btf/nf_conntrack";
/** Programs that some kernels cannot load. Without them user space works with less information. */
const OPTIONAL: readonly string[] = ["tp_btf/cap_capable", "tp_btf/io_uring_complete"];

/** Returns whether this kernel can load a program; `openObject` asks it. */
export function isLoadable(_name: string, section: string): boolean {
  return !OPTIONAL.includes(section) || hasTracepoint(section);
}

export const PROBES = fileURLToPath(new URL("../../probes/build/", import.meta.url));

export interface DataPlaneOptions {
  /** The folder of the compiled BPF objects. */
  probes?: string;
  /** The folder for pins, on a BPF file system. Without it nothing is pinned, and everything ends with the process. */
  pins?: string;
  /** The folder where the kernel describes netfilter's connection tracking, if that is a loaded module. */
  tracking?: string;
  capacity: TableSizes;
  /** Set by test runs: each packet comes with the process that it belongs to, so the programs do not look for it. */
  supposesProcess?: boolean;
}

export interface TableSizes {
  /** The number of rule slots, the reserved ones included. */
  slots: number;
  /** The number of 64-byte cells in one copy of the rules. */
  cells: number;
  /** The numbers of 64-byte lines for bans and for the members of sets. They are powers of two. */
  banLines?: number;
  setLines?: number;
}

/** This many lines have room for some 120,000 networks. */
const LINES = 32_768;

/** Larger tables, and programs that use them, which judge no packet yet. */
export interface Larger {
  /** The larger tables, which are empty. */
  maps: ReadonlyMap<string, BpfMap>;
  /** Makes these the tables and programs of the data plane. */
  adopt(): Outgrown;
  /** Gives them up instead. */
  close(): void;
}

/** The smaller tables that were replaced. Packets read them until every interface has the new programs. */
export interface Outgrown {
  maps: ReadonlyMap<string, BpfMap>;
  /** Closes them. Call it once no packet reads them. */
  close(): void;
}

export class DataPlane {
  readonly maps = new Map<string, BpfMap>();
  readonly clock: Jiffies;
  readonly control: ControlWords;
  /** True if the tables of an earlier agent were adopted. */
  readonly adopted: boolean;
  #options: DataPlaneOptions;
  #version: string;
  readonly #process: BpfObject;
  readonly #drops: BpfObject;
  #objects: BpfObject[] = [];
  #xdp: BpfProgram | undefined;
  #calls: BpfObject | undefined;
  /** All programs of this data plane recognise each other's answer packets by this secret: see tc.bpf.c. */
  readonly #answerSecret = randomBytes(8).readBigUInt64LE() | 1n;
  #tracked = false;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
    this.#version = tableVersion(options.probes ?? PROBES, options.capacity);
    const tables = this.tablePins;
    this.adopted = tables !== undefined && existsSync(join(tables, "control"));
    this.#process = this.#open("process.bpf.o");
    this.clock = new Jiffies(this.program("weir_clocks"), this.map("clocks"));
    this.#drops = this.#open("drops.bpf.o");
    this.#tracked = this.#tracks();
    this.#open("tc.bpf.o");
    this.control = new ControlWords(this.map("control").mmap(), this.clock);
  }

  /** The folder where the tables of this version are pinned. */
  get tablePins(): string | undefined {
    return this.#options.pins === undefined ? undefined : join(this.#options.pins, `${TABLES}${this.#version}`);
  }

  /** Returns the folders of tables of other versions or sizes, which an earlier agent left in force. */
  otherTables(): string[] {
    const { pins } = this.#options;
    return pins === undefined
      ? []
      : tableFolders(pins)
          .map((name) => join(pins, name))
          .filter((folder) => folder !== this.tablePins);
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

  /** Returns the programs that are attached to control groups and tracepoints. */
  tracePrograms(): BpfProgram[] {
    return [...this.#process.programs.values(), ...this.#drops.programs.values()].filter(
      (program) => program.section !== "syscall" && !program.section.startsWith("iter"),
    );
  }

  /** Returns the XDP program. It is loaded when the first interface needs it, because most hosts have none. */
  xdpProgram(): BpfProgram {
    this.#xdp ??= this.#open("xdp.bpf.o").programs.get("weir_xdp_ingress")!;
    return this.#xdp;
  }

  /** Returns the programs for the tracepoints of system calls. They are loaded when they are needed first, in a thread of its own. */
  async callPrograms(): Promise<BpfProgram[]> {
    if (this.#calls === undefined) {
      const { probes = PROBES } = this.#options;
      const options = this.#objectOptions(this.#options, this.maps, this.tablePins);
      this.#calls = this.#take(await openObjectAside(join(probes, "calls.bpf.o"), options));
    }
    return [...this.#calls.programs.values()];
  }

  /** Loads those that show the calls of a process, while others have their turn. They end with whoever holds them. */
  loadShown(): Promise<BpfObject> {
    const { probes = PROBES } = this.#options;
    return openObjectAside(join(probes, "shown.bpf.o"), this.#objectOptions(this.#options, this.maps));
  }

  /** Lets the kernel side note whether netfilter may translate the destination of packets to this host. */
  noteNat(): void {
    this.#process.programs.get("weir_look_for_translation")!.run();
  }

  /**
   * Lets the programs of other versions drop nothing from now on. They run as long as an interface does not have this version's.
   */
  releaseOthers(): void {
    for (const folder of this.otherTables()) releasePinned(folder);
  }

  /**
   * Loads the programs that judge packets once more, with larger tables where other sizes are given; all other tables are shared.
   * Once the new tables hold the same as the old ones, old and new programs judge alike. So the programs can be exchanged at one
   * interface after the other.
   */
  async loadLarger(sizes: Partial<TableSizes>): Promise<Larger> {
    const { probes = PROBES, capacity } = this.#options;
    if (tableVersion(probes, capacity) !== this.#version) throw new Error("the programs on the disk are not those that run");
    const options = { ...this.#options, capacity: { ...capacity, ...sizes } };
    const [was, wanted] = [entriesOf(capacity), entriesOf(options.capacity)];
    const larger = new Map<string, BpfMap>();
    const loaded: BpfObject[] = [];
    const tracked = this.#tracks();
    const close = (): void => loaded.forEach((object) => object.close());
    try {
      for (const file of this.#xdp === undefined ? (["tc.bpf.o"] as const) : (["tc.bpf.o", "xdp.bpf.o"] as const)) {
        const shared = [...this.maps].filter(([name]) => was[name] === wanted[name]);
        const object = await openObjectAside(join(probes, file), this.#objectOptions(options, new Map([...shared, ...larger])));
        loaded.push(object);
        for (const name of Object.keys(wanted)) if (was[name] !== wanted[name]) larger.set(name, object.maps.get(name)!);
      }
    } catch (error) {
      close();
      throw error;
    }
    return { maps: larger, adopt: () => this.#adopt(options, larger, loaded, tracked), close };
  }

  /** True if netfilter began to track connections after the programs were loaded. Programs that are loaded now can read its table. */
  get missesTracking(): boolean {
    return !this.#tracked && this.#tracks();
  }

  #tracks(): boolean {
    return existsSync(this.#options.tracking ?? TRACKING);
  }

  #adopt(options: DataPlaneOptions, larger: ReadonlyMap<string, BpfMap>, loaded: readonly BpfObject[], tracked: boolean): Outgrown {
    this.#tracked = tracked;
    const outgrown = new Map([...larger.keys()].map((name) => [name, this.map(name)]));
    const judging = this.#objects.filter((object) => object !== this.#process && object !== this.#drops && object !== this.#calls);
    // The old objects still own the tables that stay.
    this.#objects = [this.#process, this.#drops, ...(this.#calls === undefined ? [] : [this.#calls]), ...loaded, ...judging];
    this.#xdp = loaded[1]?.programs.get("weir_xdp_ingress");
    for (const [name, map] of larger) this.maps.set(name, map);
    // An agent that takes over from here finds no tables. It must not find those that the programs at half of the interfaces
    // read.
    this.#removeTables();
    this.#options = options;
    this.#version = tableVersion(options.probes ?? PROBES, options.capacity);
    return {
      maps: outgrown,
      close: () => {
        for (const object of this.#objects)
          for (const name of outgrown.keys()) if (object.maps.get(name) === outgrown.get(name)) object.maps.delete(name);
        for (const map of outgrown.values()) map.close();
        for (const object of judging) this.#closeAllButTables(object);
      },
    };
  }

  #closeAllButTables({ programs, maps }: BpfObject): void {
    for (const program of programs.values()) program.close();
    programs.clear();
    for (const [name, map] of maps) {
      if (!isInternal(name)) continue;
      map.close();
      maps.delete(name);
      this.maps.delete(name);
    }
  }

  /** Pins the tables for the next agent. */
  pinTables(): void {
    const directory = this.tablePins;
    if (directory === undefined) return;
    for (const [name, map] of this.maps) if (!isInternal(name)) pin(map.fd, directory, name);
  }

  /** Removes the tables of other versions, once no attached program uses them any more. */
  removeSuperseded(): void {
    this.#removeTables(`${TABLES}${this.#version}`);
  }

  #removeTables(except?: string): void {
    const root = this.#options.pins;
    if (root === undefined) return;
    for (const name of readdirSync(root)) {
      if (!name.startsWith(TABLES) || name === except) continue;
      for (const table of readdirSync(join(root, name))) unlinkSync(join(root, name, table));
      rmdirSync(join(root, name));
    }
  }

  /** Closes the descriptors. Everything pinned goes on. */
  close(): void {
    for (const object of this.#objects) object.close();
  }

  #open(file: (typeof OBJECTS)[number]): BpfObject {
    return this.#take(
      openObject(join(this.#options.probes ?? PROBES, file), this.#objectOptions(this.#options, this.maps, this.tablePins)),
    );
  }

  #take(object: BpfObject): BpfObject {
    for (const [name, map] of object.maps) if (!this.maps.has(name)) this.maps.set(name, map);
    this.#objects.push(object);
    return object;
  }

  #objectOptions(
    { capacity, supposesProcess = false }: DataPlaneOptions,
    reuse: ReadonlyMap<string, BpfMap>,
    pinDirectory?: string,
  ): ObjectOptions {
    const { slots, cells, banLines = LINES, setLines = LINES } = capacity;
    return {
      reuse,
      rodata: {
        netns_cookie: netnsCookie(),
        counted_netns: inFirstNetns() ? 0 : netnsCookie(),
        jiffies_per_second: this.clock?.perSecond ?? 250,
        cells_a_copy: cells,
        rule_slots: slots,
        ban_line_count: banLines,
        set_line_count: setLines,
        process_is_supposed: supposesProcess ? 1 : 0,
        answer_secret: this.#answerSecret,
      },
      maxEntries: entriesOf(capacity),
      autoload: isLoadable,
      ...(pinDirectory === undefined ? {} : { pinDirectory }),
    };
  }
}

/** Returns the number of entries of the tables whose sizes follow their content. */
function entriesOf({ slots, cells, banLines = LINES, setLines = LINES }: TableSizes): Record<string, number> {
  return { cells: 2 * cells, rules: 2 * slots, rule_counters: slots, ban_lines: banLines, set_lines: setLines };
}

/** Returns a name for the tables. It changes with the programs and the sizes, because other tables may have another shape or meaning. */
function tableVersion(probes: string, { slots, cells, banLines = LINES, setLines = LINES }: TableSizes): string {
  const hash = createHash("sha256");
  for (const file of OBJECTS) hash.update(readFileSync(join(probes, file)));
  return hash.update(`${slots} ${cells} ${banLines} ${setLines}`).digest("hex").slice(0, 12);
}
