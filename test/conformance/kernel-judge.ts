/** The kernel programs as a judge of conformance cases: each packet is handed to a program by a test run. */

import { banMemoryOf } from "../../agent/enforce/bans/memory.ts";
import { BanTable } from "../../agent/enforce/bans/table.ts";
import { INNER, OUTER, outcomeIn, shortestRun, STATE_TABLES } from "../../agent/explain/outcome.ts";
import { halves } from "../../agent/enforce/networks/halves.ts";
import { networkMemoryOf } from "../../agent/enforce/networks/memory.ts";
import { NumberedNetworks } from "../../agent/enforce/networks/numbered.ts";
import { NetworkTable } from "../../agent/enforce/networks/table.ts";
import { SetKeeper } from "../../agent/enforce/sets/keeper.ts";
import { SetLibrary } from "../../agent/enforce/sets/library.ts";
import { FOR_EVER, type Listed } from "../../agent/enforce/sets/members.ts";
import { listedEnds } from "../../agent/enforce/interfaces/own-ends.ts";
import { TunnelEnds } from "../../agent/enforce/interfaces/tunnel-ends.ts";
import { DataPlane, type TableSizes } from "../../agent/kernel/dataplane.ts";
import { u32 } from "../../agent/kernel/maps.ts";
import type { BpfProgram } from "../../agent/kernel/program.ts";
import { CAPACITIES } from "../../agent/policy/capacity.ts";
import { compile, compileFront, namesBySlot } from "../../agent/policy/compile.ts";
import type { CompiledRules, RulesSource } from "../../agent/policy/compiled.ts";
import { knownKinds } from "../../agent/policy/kinds.ts";
import { weekSeconds } from "../../agent/policy/boot-clock.ts";
import { copyAfter, Installer } from "../../agent/enforce/install.ts";
import { InterfaceTable } from "../../agent/policy/interface-table.ts";
import type { Arrival, Host, Outcome as Expected } from "../../agent/policy/reference.ts";
import { type Network, parseNetworks } from "../../agent/values/address.ts";
import type { RuleConfig } from "../../agent/policy/rule.ts";
import type { Mode } from "../../agent/values/traffic.ts";
import { InterfaceFlag } from "../../agent/generated/layout.ts";
import { enterOwnNamespace, ip, stayOnCpu } from "../harness/own-namespace.ts";
import { passTime, TestClock } from "./clock.ts";

export type IngressHook = "xdp" | "tc";

/** What the programs return: for what passes, for what is dropped, for what goes back as an answer. */
const RETURNED = { xdp: { passed: 2, dropped: 1, answered: 3 }, tc: { passed: -1, dropped: 2, answered: 7 } };

/** Packets that a test run cannot make: what they test needs a real device. */
export function cannotRun(packet: Arrival, hook: IngressHook): string | undefined {
  if (packet.ethernet === false) return "a frame without an Ethernet header";
  if (packet.metadataTags !== undefined && packet.metadataTags.length > 0) return "a VLAN tag outside the frame";
  if (packet.frame.length < shortestRun(packet.frame)) return "a frame shorter than its Ethernet or IP header";
  if (packet.gso && packet.hook === "ingress" && hook === "xdp") return "a GSO packet on XDP";
  return undefined;
}

/** Entries that are read at once. Larger buffers for what mostly is empty would keep the garbage collector busy. */
const FEW = 64;

/** By set. */
type Members = Readonly<Record<string, readonly string[]>>;

/** Moves this thread into a network namespace of its own with the device eth0, on one CPU, for a judge that asks the programs there. */
export function judgeAtEth0(): KernelJudge {
  stayOnCpu(0);
  enterOwnNamespace();
  ip("link", "add", "eth0", "type", "veth", "peer", "name", "peer0");
  ip("link", "set", "eth0", "up");
  const [{ ifindex }] = JSON.parse(ip("-j", "link", "show", "eth0")) as [{ ifindex: number }];
  return new KernelJudge(new Map([["eth0", ifindex]]));
}

export class KernelJudge {
  readonly #plane: DataPlane;
  readonly #installer: Installer;
  readonly #devices: ReadonlyMap<string, number>;
  #source: RulesSource | undefined;
  #compiled: CompiledRules | undefined;
  /** Made when somebody asks. */
  #names: ReadonlyMap<number, string> | undefined;
  #sessions: Host["sessions"] = [];
  readonly #bans: BanTable;
  readonly #sets: SetKeeper;
  readonly #banned: Network[] = [];
  #members: Members = {};
  readonly #clock = new TestClock();
  readonly #ends: TunnelEnds;
  /** What went back instead of the packet that was judged last. */
  answer: Buffer | undefined;

  /** `devices`: ifindex by name, in the namespace of the calling thread. Without traffic, no packet is judged between two test runs. */
  constructor(
    devices: ReadonlyMap<string, number>,
    capacity: TableSizes = CAPACITIES[0]!,
    waitGracePeriod = (): Promise<void> => Promise.resolve(),
  ) {
    this.#plane = new DataPlane({ capacity: { banLines: 64, setLines: 64, ...capacity }, supposesProcess: true });
    this.#plane.xdpProgram();
    this.#devices = devices;
    this.#bans = new BanTable(banMemoryOf(this.#plane));
    this.#sets = new SetKeeper(new NetworkTable(networkMemoryOf((name) => this.#plane.map(name), "set")), waitGracePeriod);
    this.#ends = new TunnelEnds({
      ends: this.#plane.map("tunnel_ends"),
      addresses: this.#plane.map("own_addresses"),
      setForms: (forms) => this.#plane.control.setTunnelForms(forms),
    });
    const memory = (name: string): Uint8Array => new Uint8Array(this.#plane.map(name).mmap());
    this.#installer = new Installer({
      policies: memory("policies"),
      cells: memory("cells"),
      rules: memory("rules"),
      interfaces: new InterfaceTable(memory("interfaces"), this.#plane.map("interfaces_apart")),
      generation: () => this.#plane.control.generation,
      flip: (generation) => this.#plane.control.flip(generation),
      waitGracePeriod,
    });
    let slot = 1;
    for (const [name, ifindex] of devices) {
      this.#installer.addInterface({ ifindex, name, slot: slot++, flags: name === "lo" ? InterfaceFlag.LOOPBACK : 0 });
    }
  }

  get plane(): DataPlane {
    return this.#plane;
  }

  /** Forgets all connections, and takes these rules. */
  async start(policy: RulesSource & { mode: Mode }, host: Partial<Host> = {}): Promise<void> {
    this.#sessions = host.sessions ?? [];
    this.ban(host.bans ?? []);
    this.#bans.setExceptions((host.banExceptions ?? []).flatMap(parseNetworks));
    this.#ends.list(...listedEnds(host));
    this.#plane.control.notesArriving = host.leavesUnseen === true;
    this.forget();
    await this.#list({});
    this.#compiled = undefined;
    this.#clock.reset();
    this.#plane.control.weekSeconds = weekSeconds(this.#clock.now());
    await this.reload(policy);
  }

  /** These, and no others, are banned from now on. */
  ban(networks: readonly string[]): void {
    for (const network of this.#banned.splice(0)) this.#bans.remove(network);
    this.#banned.push(...networks.flatMap(parseNetworks));
    for (const network of this.#banned) this.#bans.add(network, 0);
  }

  /** As if no packet had been judged. */
  forget(): void {
    for (const table of STATE_TABLES) for (const _ of this.#plane.map(table).batches({ size: FEW, remove: true }));
  }

  async reload(policy: RulesSource & { mode: Mode }): Promise<void> {
    await this.#install(policy, compile(policy, this.#compiled, this.#clock));
    this.setMode(policy.mode);
  }

  /** Puts other rules in front of those that it has. False if they do not go together without a look at all of them. */
  async changeFront(front: readonly RuleConfig[]): Promise<boolean> {
    const compiled = compileFront({ ...this.#source!, front }, this.#compiled!, this.#clock);
    if (compiled !== undefined) await this.#install({ ...this.#source!, front }, compiled);
    return compiled !== undefined;
  }

  async #install(source: RulesSource, compiled: CompiledRules): Promise<void> {
    const sets = await new SetLibrary().open(source.sets, this.#sets.sets);
    for (const [name, set] of sets)
      if (Object.hasOwn(this.#members, name) && set !== this.#sets.sets.get(name)) set.listed = this.#listed(name);
    const transition = await this.#sets.prepare(sets, compiled.setNumbers, copyAfter(this.#plane.control.generation));
    await this.#installer.install(
      { ...compiled, kindsPlace: 0 },
      this.#sessions.map(({ remote, localPort }) => ({ remoteAddress: remote.address, remotePort: remote.port, localPort })),
    );
    await transition.finish();
    this.#source = source;
    this.#compiled = compiled;
    this.#names = undefined;
  }

  /** So many seconds go by at once. Each start is at NOON. */
  pass(seconds: number): void {
    passTime(this.#plane, seconds);
    this.#clock.pass(seconds);
    this.#plane.control.weekSeconds = weekSeconds(this.#clock.now());
  }

  /** Of all sets, also of those to come, beside what the policy writes in them. */
  async setMembers(members: Members): Promise<void> {
    await this.#list(members);
    await this.#installer.refresh();
  }

  async #list(members: Members): Promise<void> {
    this.#members = members;
    for (const name of this.#sets.sets.keys()) await this.#sets.relist(name, this.#listed(name));
  }

  #listed(set: string): Listed {
    const networks = new NumberedNetworks();
    for (const network of (this.#members[set] ?? []).flatMap(parseNetworks).flatMap(halves)) networks.set(network, 0);
    return { networks, until: FOR_EVER };
  }

  setMode(mode: Mode): void {
    this.#plane.control.mode = mode;
  }

  ifindexOf(device: string): number {
    const ifindex = this.#devices.get(device);
    if (ifindex === undefined) throw new RangeError(`no device ${device}`);
    return ifindex;
  }

  judge(packet: Arrival, hook: IngressHook): Expected {
    const xdp = packet.hook === "ingress" && hook === "xdp";
    const program = this.#program(packet, xdp);
    const ifindex = this.ifindexOf(packet.interface);
    this.#plane.map("answer_limiter").update(u32(0), Buffer.alloc(8)); // a test says more in a second than an agent may
    this.#plane.map("supposed_kinds").update(u32(0), knownKinds(this.#compiled!.kinds, packet.process));
    const { retval, data } = program.testRun({
      data: packet.frame,
      ifindex,
      ...(packet.gso ? { skb: { gsoSize: 1400, gsoSegments: 2 } } : {}),
    });
    const outcome = this.#outcome();
    const meaning = outcome.answer !== null ? "answered" : outcome.verdict === "dropped" ? "dropped" : "passed";
    if (retval !== RETURNED[xdp ? "xdp" : "tc"][meaning]) throw new Error(`the program returns ${retval}, though the packet is ${meaning}`);
    this.answer = outcome.answer === null ? undefined : data;
    return outcome;
  }

  close(): void {
    this.#installer.close();
    this.#plane.close();
  }

  #program(packet: Arrival, xdp: boolean): BpfProgram {
    return xdp ? this.#plane.xdpProgram() : this.#plane.program(`weir_tc_${packet.hook}`);
  }

  #outcome(): Expected {
    const scratch = this.#plane.map("scratch"); // this thread stays on CPU 0, whose element comes first
    const nameOf = (slot: number): string | undefined => (this.#names ??= namesBySlot(this.#source!, this.#compiled!)).get(slot);
    return outcomeIn(scratch.lookup(u32(OUTER))!, () => scratch.lookup(u32(INNER))!, nameOf);
  }
}
