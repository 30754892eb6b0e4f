/**
 * Asks the kernel itself about a packet. A second instance of the programs, with the rules in force or with rules of its own,
 * gets the frame in a test run. It also has its own connections, counters and events, so that asking changes nothing. It runs in
 * an empty network namespace: no socket of this host knows the packet's connection, and incoming packets are for this host.
 */

import { join } from "node:path";
import { Control, InterfaceEntry, InterfaceFlag, Mode as ModeNumber, Outcome as OutcomeLayout } from "../generated/layout.ts";
import { PROBES } from "../kernel/dataplane.ts";
import { libbpf } from "../kernel/libbpf.ts";
import { KernelError } from "../kernel/errors.ts";
import { BpfMap, u32 } from "../kernel/maps.ts";
import { enterEmptyNamespace } from "../kernel/namespace.ts";
import { openObject, type BpfObject } from "../kernel/objects.ts";
import type { BpfProgram } from "../kernel/program.ts";
import type { Direction, Mode } from "../values/traffic.ts";
import { listedEnds } from "../enforce/interfaces/own-ends.ts";
import { TunnelEnds } from "../enforce/interfaces/tunnel-ends.ts";
import { networkMemoryOf } from "../enforce/networks/memory.ts";
import { NetworkTable } from "../enforce/networks/table.ts";
import type { Capacity } from "../policy/capacity.ts";
import { weekSeconds } from "../policy/boot-clock.ts";
import { compile, interfaceGroupsOf, namesBySlot } from "../policy/compile.ts";
import type { CompiledRules, RulesSource } from "../policy/compiled.ts";
import { type ProcessKind, knownKinds } from "../policy/kinds.ts";
import { groupsOf } from "../policy/groups.ts";
import { copyAfter, Installer } from "../enforce/install.ts";
import { InterfaceTable } from "../policy/interface-table.ts";
import type { SessionEnds } from "../policy/pack.ts";
import type { Arrival, Outcome, OwnEnds } from "../policy/reference.ts";
import { SetKeeper } from "../enforce/sets/keeper.ts";
import { SetLibrary } from "../enforce/sets/library.ts";
import { parseAddress } from "../values/address.ts";
import { frameOf } from "./packet.ts";
import { INNER, OUTER, outcomeIn, shortestRun, STATE_TABLES } from "./outcome.ts";

export type TestHook = "xdp" | "tc";

/** The rule tables that a running agent has pinned, and the meaning of their numbers. */
export interface TablesInForce {
  /** The path where they are pinned. */
  path: string;
  generation: number;
  capacity: Capacity;
  /** The names of rules by slot. */
  names: ReadonlyMap<number, string>;
  /** The kinds of processes by number. */
  kinds: readonly ProcessKind[];
  /** The indexes of the watched interfaces by name. */
  ifindexes: ReadonlyMap<string, number>;
}

const PINNED = [
  "policies",
  "cells",
  "rules",
  "ban_root",
  "ban_lines",
  "ban_prefixes",
  "set_root",
  "set_lines",
  "set_prefixes",
  "tunnel_ends",
  "own_addresses",
];
/** The words of the root that belong to those tables. */
const ROOT_WORDS = [Control.bans, Control.week_seconds, Control.tunnel_forms];
const FEW = 1024;
/** Sizes that are enough for the packets of a question. Tables without a size here follow the rules. */
const SIZES = {
  ...Object.fromEntries(STATE_TABLES.map((name) => [name, FEW])),
  owners: FEW,
  rule_counters: 1,
  events: 4096,
};

/** This program is loaded at once, because the tables come with it. */
const FIRST_PROGRAM = "weir_tc_ingress";

/** The index of the only device of an empty namespace. */
const LOOPBACK_INDEX = 1;
const NOT_RUN = 0xffff_ffff;
const PASS: Record<TestHook, number> = { xdp: 2, tc: -1 };

export class KernelJudge {
  readonly #maps = new Map<string, BpfMap>();
  readonly #objects: BpfObject[] = [];
  readonly #programs = new Map<string, BpfProgram>();
  readonly #capacity: Capacity;
  #sets: SetKeeper | undefined;
  #ends: TunnelEnds | undefined;
  #interface: string | undefined;
  #names: ReadonlyMap<number, string> = new Map();
  #kinds: readonly ProcessKind[] = [];
  #groupsOf: (interfaceName: string) => bigint | undefined = () => undefined;

  private constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  /** Makes a judge with rules that are in force nowhere. It moves the calling thread into a namespace of its own. */
  static async over(source: RulesSource, sessions: readonly SessionEnds[] = [], own: Partial<OwnEnds> = {}): Promise<KernelJudge> {
    enterEmptyNamespace();
    const compiled = compile(source);
    const judge = new KernelJudge(compiled.capacity);
    try {
      judge.#program(FIRST_PROGRAM);
      judge.#control.setUint32(Control.week_seconds, weekSeconds(Date.now()), true);
      await judge.#install(source, compiled, sessions, own);
      return judge;
    } catch (error) {
      judge.close();
      throw error;
    }
  }

  /** Makes a judge with the tables that packets meet now; they are only read. It moves the calling thread as `over` does. */
  static inForce(tables: TablesInForce): KernelJudge {
    const groups = groupsInForce(tables);
    const control = openPinned(tables.path, "control");
    const root = control.lookup(u32(0))!;
    control.close();
    enterEmptyNamespace();
    const judge = new KernelJudge(tables.capacity);
    try {
      for (const name of PINNED) judge.#maps.set(name, openPinned(tables.path, name));
      judge.#names = tables.names;
      judge.#kinds = tables.kinds;
      judge.#groupsOf = (name) => groups.get(name);
      judge.#program(FIRST_PROGRAM);
      judge.#flip(tables.generation);
      for (const word of ROOT_WORDS) judge.#control.setUint32(word, root.readUInt32LE(word), true);
      return judge;
    } catch (error) {
      judge.close();
      throw error;
    }
  }

  /** Replaces the rules, if they are its own. */
  take(source: RulesSource, sessions: readonly SessionEnds[] = [], own: Partial<OwnEnds> = {}): Promise<void> {
    return this.#install(source, compile(source), sessions, own);
  }

  async #install(source: RulesSource, compiled: CompiledRules, sessions: readonly SessionEnds[], own: Partial<OwnEnds>): Promise<void> {
    const memory = (name: string): Uint8Array => new Uint8Array(this.#maps.get(name)!.mmap());
    const installer = new Installer({
      policies: memory("policies"),
      cells: memory("cells"),
      rules: memory("rules"),
      interfaces: new InterfaceTable(memory("interfaces"), this.#maps.get("interfaces_apart")!),
      generation: () => this.#control.getUint32(Control.generation, true),
      flip: (generation) => this.#flip(generation),
      waitGracePeriod: () => Promise.resolve(), // no packet is judged between two test runs
    });
    this.#ends ??= new TunnelEnds({
      ends: this.#maps.get("tunnel_ends")!,
      addresses: this.#maps.get("own_addresses")!,
      setForms: (forms) => this.#control.setUint32(Control.tunnel_forms, forms, true),
    });
    this.#ends.list(...listedEnds(own));
    this.#sets ??= new SetKeeper(new NetworkTable(networkMemoryOf((name) => this.#maps.get(name)!, "set")), () => Promise.resolve());
    const transition = await this.#sets.prepare(
      await new SetLibrary().open(source.sets),
      compiled.setNumbers,
      copyAfter(this.#control.getUint32(Control.generation, true)),
    );
    await installer.install({ ...compiled, kindsPlace: 0 }, sessions);
    await transition.finish();
    installer.close(); // the next rules get an installer of their own
    this.#names = namesBySlot(source, compiled);
    this.#kinds = compiled.kinds;
    this.#groupsOf = (name) => groupsOf(interfaceGroupsOf(compiled), name);
  }

  /** Forgets all connections. */
  forget(): void {
    this.#interface = undefined;
    for (const table of STATE_TABLES) for (const _ of this.#maps.get(table)!.batches({ remove: true }));
  }

  set mode(mode: Mode) {
    this.#control.setUint32(Control.mode, mode === "prevent" ? ModeNumber.PREVENT : ModeNumber.DETECT, true);
  }

  /** Explains why this packet cannot be tried; undefined if it can. */
  cannotTry(arrival: Arrival): string | undefined {
    if (arrival.local === false) return "a test run cannot forward";
    if (arrival.frame.length < shortestRun(arrival.frame)) return "a test run needs whole Ethernet and IP headers";
    // The namespace has one device, so connections of two interfaces would be one.
    if (this.#interface !== undefined && this.#interface !== arrival.interface) return "packets of another interface came before";
    return this.#groupsOf(arrival.interface) === undefined ? `${arrival.interface} is not watched` : undefined;
  }

  /**
   * Returns whether packets from this address are banned. It asks with a packet that leaves no state behind, because its TCP
   * header is malformed.
   */
  isBanned(source: string, interfaceName: string): boolean {
    const isIPv4 = parseAddress(source).family === 4;
    const frame = frameOf({
      direction: "ingress",
      interface: interfaceName,
      source,
      destination: isIPv4 ? "192.0.2.1" : "2001:db8::1",
      protocol: "tcp",
      destination_port: 0,
    });
    frame[14 + (isIPv4 ? 20 : 40) + 12] = 0; // the length field of the TCP header
    return this.judge({ frame, hook: "ingress", interface: interfaceName }).rule === "ban";
  }

  judge(arrival: Arrival, hook: TestHook = "tc"): Outcome {
    const onXdp = hook === "xdp" && arrival.hook === "ingress";
    const program = this.#program(onXdp ? "weir_xdp_ingress" : programOf(arrival.hook));
    this.#enter(arrival.interface);
    this.#expectRun();
    this.#maps.get("answer_limiter")!.update(u32(0), Buffer.alloc(8)); // the limit must not stop a series of questions
    this.#maps.get("supposed_kinds")!.update(u32(0), knownKinds(this.#kinds, arrival.process));
    const { retval } = program.testRun({ data: arrival.frame, ifindex: LOOPBACK_INDEX });
    const outcome = this.#outcome();
    const passed = retval === PASS[onXdp ? "xdp" : "tc"];
    if (passed === (outcome.verdict === "dropped")) throw new Error(`the program answers ${retval}, its verdict is ${outcome.verdict}`);
    return outcome;
  }

  close(): void {
    for (const object of this.#objects) object.close();
    const own = new Set(this.#objects.flatMap(({ maps }) => [...maps.values()]));
    for (const map of this.#maps.values()) if (!own.has(map)) map.close();
  }

  get #control(): DataView {
    return new DataView(this.#maps.get("control")!.mmap());
  }

  #flip(generation: number): void {
    this.#control.setUint32(Control.generation, generation, true);
  }

  /** Loads a program when it is needed, because loading takes the verifier half a second. */
  #program(name: string): BpfProgram {
    const there = this.#programs.get(name);
    if (there !== undefined) return there;
    const { slots, cells } = this.#capacity;
    const [banLines, setLines] = [this.#linesOf("ban_lines"), this.#linesOf("set_lines")];
    const object = openObject(join(PROBES, name.startsWith("weir_xdp") ? "xdp.bpf.o" : "tc.bpf.o"), {
      reuse: this.#maps,
      rodata: { cells_a_copy: cells, rule_slots: slots, ban_line_count: banLines, set_line_count: setLines, process_is_supposed: 1 },
      maxEntries: { ...SIZES, cells: 2 * cells, rules: 2 * slots, ban_lines: banLines, set_lines: setLines },
      autoload: (candidate) => candidate === name,
    });
    this.#objects.push(object);
    for (const [map, opened] of object.maps) if (!this.#maps.has(map)) this.#maps.set(map, opened);
    const program = object.programs.get(name)!;
    this.#programs.set(name, program);
    return program;
  }

  #linesOf(table: string): number {
    return this.#maps.get(table)?.info.maxEntries ?? 1;
  }

  /** Makes the one device look like the interface. */
  #enter(name: string): void {
    this.#interface = name;
    const entry = Buffer.alloc(InterfaceEntry.size);
    entry.writeUInt32LE(LOOPBACK_INDEX, InterfaceEntry.ifindex);
    entry.writeUInt16LE(name === "lo" ? InterfaceFlag.LOOPBACK : 0, InterfaceEntry.flags);
    const { at, stride } = InterfaceEntry.groups;
    for (const copy of [0, 1]) entry.writeBigUInt64LE(this.#groupsOf(name) ?? 0n, at + copy * stride);
    this.#maps.get("interfaces")!.update(u32(LOOPBACK_INDEX), entry);
  }

  /** Prepares every CPU, because the test run chooses one. */
  #expectRun(): void {
    const scratch = this.#maps.get("scratch")!;
    const value = scratch.lookup(u32(OUTER))!;
    for (let at = 0; at < value.length; at += scratch.elementStride) value.writeUInt32LE(NOT_RUN, at + OutcomeLayout.verdict);
    scratch.update(u32(OUTER), value);
  }

  #outcome(): Outcome {
    const scratch = this.#maps.get("scratch")!;
    const value = scratch.lookup(u32(OUTER))!;
    for (let at = 0; at < value.length; at += scratch.elementStride) {
      if (value.readUInt32LE(at + OutcomeLayout.verdict) === NOT_RUN) continue;
      return outcomeIn(
        value.subarray(at),
        () => scratch.lookup(u32(INNER))!.subarray(at),
        (slot) => this.#names.get(slot),
      );
    }
    throw new Error("the program did not judge the frame");
  }
}

function programOf(direction: Direction): string {
  return `weir_tc_${direction}`;
}

function openPinned(folder: string, name: string): BpfMap {
  const path = join(folder, name);
  const fd = libbpf().get(path);
  if (fd < 0) throw new KernelError(`open the table pinned at ${path}`, fd);
  return new BpfMap(name, fd);
}

/** Returns the groups by name of the interface; undefined for an interface that the table does not have. */
function groupsInForce({ path, ifindexes, generation }: TablesInForce): ReadonlyMap<string, bigint | undefined> {
  const map = openPinned(path, "interfaces");
  try {
    // The table is only read, so the copy must not change.
    const table = new InterfaceTable(new Uint8Array(map.mmap()), { update() {}, delete: () => false });
    return new Map([...ifindexes].map(([name, ifindex]) => [name, table.groups(ifindex, generation & 1)]));
  } finally {
    map.close();
  }
}
