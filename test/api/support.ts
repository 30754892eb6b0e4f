/** A real control server in front of an agent that is only figures, and the real command line to ask it. */

import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peerOf } from "../../agent/kernel/sockets.ts";
import type {
  AgentControl,
  BanChange,
  BanPage,
  BanRow,
  Caller,
  DynamicRow,
  ListedRule,
  MemberPage,
  ModeChange,
  NewBans,
  NewMembers,
  NewRule,
  Place,
  PolicyInForce,
  ReloadResult,
  RuleChange,
  RuleDetail,
  SetChange,
  SetRow,
  Status,
} from "../../agent/service/contract.ts";
import { Refusal } from "../../agent/values/refusal.ts";
import type { FlowRow } from "../../agent/observe/flows/row.ts";
import type { Top } from "../../agent/observe/flows/top.ts";
import type { StatisticsRow } from "../../agent/observe/statistics/row.ts";
import { matches } from "../../agent/service/filter.ts";
import { DROP_TESTS } from "../../agent/service/drop-filter.ts";
import { FLOW_TESTS } from "../../agent/service/flow-filter.ts";
import type { Asked } from "../../agent/service/requests/requests.ts";
import { SOCKET_TESTS } from "../../agent/service/socket-filter.ts";
import type { DropRow } from "../../agent/observe/flows/drop-row.ts";
import type { SocketRow } from "../../agent/observe/sockets/row.ts";
import type { Peer } from "../../agent/api/door.ts";
import { type ControlServer, type ControlServerOptions, startControlServer } from "../../agent/api/server.ts";
import { statusOf, TrafficRates } from "../../agent/service/status.ts";
import type { ReportedEvent, VerdictEvent } from "../../agent/observe/events/event.ts";
import type { RuleRow, Snapshot } from "../../agent/observe/events/snapshot.ts";
import type { Mode } from "../../agent/values/traffic.ts";
import type { Showing, ShownCounts, ShownSink } from "../../agent/observe/sockets/shown-calls.ts";
import { forOthers } from "../harness/for-others.ts";

export const LAUNCHER = join(import.meta.dirname, "../../agent/weir");

export class FakeAgent {
  /** The same, as those see it who ask an agent. */
  readonly control: AgentControl = {
    state: { status: () => this.status(), policy: () => this.policy(), metrics: () => this.metrics() },
    events: { subscribe: (listener) => this.subscribe(listener) },
    mode: { set: ({ mode }, caller) => this.setMode(mode, caller) },
    config: { reload: (caller) => this.reload(caller) },
    rules: {
      list: () => this.rules(),
      find: ({ which }) => this.rule(which),
      add: (rule, caller) => this.addRule(rule, caller),
      delete: ({ ids }, caller) => this.deleteRules(ids, caller),
      move: ({ id, place }, caller) => this.moveRule(id, place, caller),
    },
    bans: {
      list: (asked) => this.bans(asked),
      add: (bans, caller) => this.addBans(bans, caller),
      delete: ({ networks }, caller) => this.deleteBans(networks, caller),
    },
    sets: {
      list: () => this.sets(),
      members: (asked) => this.members(asked),
      add: (members, caller) => this.addMembers(members, caller),
      remove: ({ set, networks }, caller) => this.removeMembers(set, networks, caller),
      holding: ({ addresses }) => this.setsHolding(addresses),
    },
    observation: {
      drops: (asked) => this.drops(asked),
      flows: (asked) => this.flows(asked),
      sockets: (asked) => this.sockets(asked),
      top: (asked) => this.top(asked),
      statistics: (asked) => this.statistics(asked),
    },
    calls: { show: (asked, sink) => this.showCalls(asked, sink) },
  };
  /** Those who look at the calls of a process. */
  lookers = new Set<ShownSink>();
  mode: Mode = "detect";
  callers: Caller[] = [];
  listeners = new Set<(event: ReportedEvent) => void>();
  rows: ListedRule[] = [ruleRow("no-telnet-in"), { ...ruleRow("default"), action: "allow", enforce: false, source: "built-in" }];
  connections: FlowRow[] = [flowRow()];
  elsewhere: DropRow[] = [
    {
      by: "netfilter",
      reason: "netfilter_drop",
      direction: "egress",
      interface: "eth0",
      protocol: "udp",
      source: { address: "192.0.2.1", port: 40000 },
      destination: { address: "192.0.2.53", port: 53 },
      process: { pid: 12, name: "dig", uid: 0 },
      packets: 3,
      first: "2026-01-02T03:04:05.000Z",
      last: "2026-01-02T03:04:06.000Z",
    },
    {
      by: "stack",
      reason: "no_socket",
      direction: "ingress",
      interface: "eth0",
      protocol: "icmp",
      source: { address: "192.0.2.7" },
      destination: { address: "192.0.2.1" },
      icmp: { type: 13, code: 0 },
      packets: 1,
      first: "2026-01-02T03:04:05.000Z",
      last: "2026-01-02T03:04:05.000Z",
    },
  ];
  inventory: SocketRow[] = [
    {
      protocol: "tcp",
      state: "listen",
      local: { address: "::", port: 443 },
      uid: 0,
      process: { pid: 12, name: "web", uid: 0 },
      unit: "web.service",
      queued: { received: 0, unsent: 0 },
      connections: 2,
      sent: 5_000_000,
      received: 1500,
    },
    {
      protocol: "udp",
      state: "established",
      local: { address: "192.0.2.1", port: 40000 },
      remote: { address: "192.0.2.53", port: 53 },
      interface: "eth0",
      uid: 33,
      queued: { received: 0, unsent: 0 },
      connections: 1,
      sent: 60,
      received: 120,
      rule: "names",
      age_s: 75,
    },
  ];
  audit = { path: "/nonexistent/audit.log", head: "/nonexistent/audit.head" };
  onReload: () => ReloadResult = () => ({ generation: 8, rules: { loaded: 1, enforced: 1 }, warnings: [] });

  status(): Status {
    const rates = new TrafficRates();
    const snapshot = { ...aSnapshot(this.rows), mode: this.mode, bans: this.banned.length };
    rates.sample([], 0);
    rates.sample(snapshot.traffic, 10_000);
    return statusOf(snapshot, rates, this.audit);
  }
  setMode(mode: Mode, caller: Caller): ModeChange {
    const previous = this.mode;
    this.mode = mode;
    this.callers.push(caller);
    return { mode, previous };
  }
  reload(caller: Caller): ReloadResult {
    this.callers.push(caller);
    return this.onReload();
  }
  rules(): ListedRule[] {
    return this.rows;
  }
  rule(which: string): RuleDetail {
    const row = this.rows.find(({ name }) => name === which);
    if (row === undefined) throw new Refusal(`There is no rule "${which}".`, { kind: "not_found", next: "Look." });
    return { ...row, definition: { name: row.name, action: row.action, enforce: row.enforce, direction: "both" } };
  }
  /** What was asked of the rules, in order, without the callers. */
  asked: unknown[] = [];
  onRuleChange: (name: string) => RuleChange = (name) => ({ generation: 8, loaded: 3, rules: [dynamicRow(name)], warnings: [] });
  addRule(rule: NewRule, caller: Caller): RuleChange {
    return this.#change(rule, caller);
  }
  deleteRules(ids: readonly string[] | "all", caller: Caller): RuleChange {
    return this.#change(ids, caller);
  }
  moveRule(id: string, place: Place, caller: Caller): RuleChange {
    return this.#change({ id, place }, caller);
  }
  #change(asked: unknown, caller: Caller): RuleChange {
    this.asked.push(asked);
    this.callers.push(caller);
    return this.onRuleChange("d1");
  }
  /** What was asked about bans, in order. */
  askedOfBans: unknown[] = [];
  banned: BanRow[] = [];
  bans({ network, limit, from = 0 }: Asked<"listBans">): BanPage {
    this.askedOfBans.push({ network, limit, from });
    const end = Math.min(from + limit, this.banned.length);
    return { total: this.banned.length, bans: this.banned.slice(from, end), ...(end < this.banned.length ? { next: end } : {}) };
  }
  onBanChange: (asked: NewBans | readonly string[] | "all") => BanChange = () => ({ bans: 3, changed: 1, warnings: [] });
  addBans(bans: NewBans, caller: Caller): BanChange {
    return this.#changeBans(bans, caller);
  }
  deleteBans(networks: readonly string[] | "all", caller: Caller): BanChange {
    return this.#changeBans(networks, caller);
  }
  #changeBans(asked: NewBans | readonly string[] | "all", caller: Caller): BanChange {
    this.askedOfBans.push(asked);
    this.callers.push(caller);
    return this.onBanChange(asked);
  }
  askedOfSets: unknown[] = [];
  sets(): SetRow[] {
    return [
      {
        name: "partners",
        members: 3,
        from: { configuration: 1, file: 2, command: 0 },
        file: "/etc/weir/feed.txt",
        ttl: "1h",
        problem: "the file of the set partners is not used: /etc/weir/feed.txt: there is no such file",
      },
      { name: "web", members: 0, from: { configuration: 0, file: 0, command: 0 }, ports: [80] },
    ];
  }
  members({ set, network, limit, from = 0 }: Asked<"listMembers">): MemberPage {
    this.askedOfSets.push({ set, network, limit, from });
    return {
      total: 2,
      members: [
        { network: "192.0.2.7", from: "command", uid: 0, added: "2026-11-21T03:00:00.000Z", reason: "tells lies" },
        { network: "198.51.100.0/24", from: "configuration" },
      ],
    };
  }
  onSetChange: (asked: unknown) => SetChange = () => ({ set: "partners", members: 4, changed: 1, warnings: [] });
  addMembers(members: NewMembers, caller: Caller): SetChange {
    return this.#changeSet(members, caller);
  }
  removeMembers(set: string, networks: readonly string[] | "all", caller: Caller): SetChange {
    return this.#changeSet({ set, networks }, caller);
  }
  #changeSet(asked: unknown, caller: Caller): SetChange {
    this.askedOfSets.push(asked);
    this.callers.push(caller);
    return this.onSetChange(asked);
  }
  setsHolding(addresses: readonly string[]): Record<string, string[]> {
    return Object.fromEntries(addresses.map((address) => [address, address === "192.0.2.7" ? ["partners"] : []]));
  }
  drops({ limit, ...filter }: Asked<"drops">): DropRow[] {
    return this.elsewhere.filter((row) => matches(DROP_TESTS, row, filter)).slice(0, limit);
  }
  flows({ limit, hash, ...filter }: Asked<"flows">): FlowRow[] {
    const rows = this.connections.filter((row) => matches(FLOW_TESTS, row, filter)).slice(0, limit);
    return hash
      ? rows.map((row, index) => ({
          ...row,
          process: { ...row.process!, hash: index === 0 ? { sha256: "5e".repeat(32) } : { missing: "gone" } },
        }))
      : rows;
  }
  top({ by, limit }: Asked<"top">): Top {
    return {
      seconds: 1,
      rows: [
        {
          name: `${by} 1`,
          flows: 2,
          would_drop: 0,
          packets_per_s: 3,
          sent_per_s: 4000,
          received_per_s: 5_000_000,
          retransmissions_per_s: 1.5,
          round_trip_s: 0.0123,
        },
        { name: `${by} 2`, flows: 1, would_drop: 0, packets_per_s: 1, sent_per_s: 1, received_per_s: 1, retransmissions_per_s: 0 },
      ].slice(0, limit),
    };
  }
  did: StatisticsRow[] = [
    {
      name: "web 12",
      process: { pid: 12, name: "web", executable: "/usr/sbin/web" },
      unit: "web.service",
      connections: 1234,
      would_drop: 0,
      live: 5,
      connections_per_s: 2.5,
      packets: 9000,
      sent: 5_000_000,
      received: 1500,
      duration_s: { median: 0.25, p95: 75 },
      tcp: { connections: 1300, segments: 10_000, retransmissions: 120, round_trip_s: { median: 0.0123, p95: 0.2, min: 0.000035 } },
    },
    { name: "unknown", connections: 1, would_drop: 0, live: 0, connections_per_s: 0, packets: 2, sent: 0, received: 120 },
  ];
  askedOfStatistics: unknown[] = [];
  statistics(asked: Asked<"statistics">): StatisticsRow[] {
    this.askedOfStatistics.push(asked);
    return this.did.slice(0, asked.limit);
  }
  sockets({ limit, ...filter }: Asked<"sockets">): SocketRow[] {
    return this.inventory.filter((row) => matches(SOCKET_TESTS, row, filter)).slice(0, limit);
  }
  async showCalls({ pid }: { pid: number }, sink: ShownSink): Promise<Showing> {
    if (pid !== 812) throw new Refusal(`There is no process ${pid}.`, { kind: "not_found", next: "Find its number." });
    this.lookers.add(sink);
    const counts = (): ShownCounts => ({ seen: 3, told: 2, suppressed: 1, lost: 0 });
    const close = (): void => void this.lookers.delete(sink);
    return { counts, close, finish: () => (close(), counts()) };
  }

  subscribe(listener: (event: ReportedEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
  policy(): PolicyInForce {
    const { mode } = this;
    const policy = {
      defaults: { action: "allow", on_error: { ingress: "allow", egress: "allow" } },
      failsafe: { management_ports: [22], addresses: [] },
      sets: {},
      inspect_tunnels: true,
      probes: { system_calls: { state: "on", attached: ["sys_exit_accept"], added_ns: 18 } },
      packet_sockets: "report",
      events_per_second: 1000,
      rules: [],
    } as const;
    return {
      generation: 7,
      mode,
      tables: "/nonexistent/tables",
      capacity: { slots: 1, cells: 1 },
      kinds: [],
      policy: structuredClone(policy) as unknown as PolicyInForce["policy"],
      rules: [],
      sessions: [],
      tunnels: [],
      addresses: [],
      interfaces: [],
    };
  }
  metrics(): string {
    return "# TYPE weir_packets_total counter\nweir_packets_total 7\n";
  }
  publish(...events: ReportedEvent[]): void {
    for (const event of events) for (const listener of this.listeners) listener(event);
  }
}

export interface Fixture extends AsyncDisposable {
  folder: string;
  path: string;
  agent: FakeAgent;
  server: ControlServer;
  /** Who was refused, and how often since it was told last. */
  refused: [peer: Peer | null, attempts: number][];
  /** After how many attempts others found the door shut. */
  shut: number[];
  /** The real launcher; `uid` is whom to run it as. */
  weir(words: string[], options?: { env?: NodeJS.ProcessEnv; uid?: number }): Promise<Outcome>;
}

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export async function startFixture(options: Partial<ControlServerOptions> = {}): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), "weir-control-"));
  const path = join(folder, "control.sock");
  const agent = new FakeAgent();
  const refused: Fixture["refused"] = [];
  const shut: number[] = [];
  const server = await startControlServer({
    path,
    control: agent.control,
    peerOf,
    onRefused: (...refusal) => refused.push(refusal),
    onShut: (attempts) => shut.push(attempts),
    ...options,
  });
  return {
    folder,
    path,
    agent,
    server,
    refused,
    shut,
    weir: (words, { env = {}, uid } = {}) => runWeir(words, { WEIR_CONTROL_SOCKET: path, ...env }, uid),
    async [Symbol.asyncDispose]() {
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Compiling the commands again for each of many calls takes longer than the calls. */
let compiled: string | undefined;

function compileCache(): string {
  if (compiled !== undefined) return compiled;
  const folder = mkdtempSync(join(tmpdir(), "weir-compiled-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return (compiled = folder);
}

/** A terminal's habits and the operator's own session are not inherited; nor is anything kept in a cache. */
export function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, NODE_COMPILE_CACHE: __, SSH_CONNECTION: ___, NODE_TEST_CONTEXT: ____, ...env } = process.env;
  return { ...env, WEIR_CACHE: "none", ...more };
}

export function runWeir(words: string[], env: NodeJS.ProcessEnv = {}, uid?: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(uid === undefined ? LAUNCHER : forOthers().weir, words, {
      env: environment({ NODE_COMPILE_CACHE: compileCache(), ...env }),
      stdio: ["ignore", "pipe", "pipe"],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** A folder as the agent makes it, where it does: temporary ones are nobody else's. */
export function letPass({ folder }: Fixture): void {
  chmodSync(folder, 0o711);
}

export function anEvent(seq: number, more: Partial<VerdictEvent> = {}): VerdictEvent {
  return {
    time: Date.UTC(2026, 10, 21, 3) + 123,
    seq,
    type: "DETECTED",
    verdict: "would_drop",
    would_drop: true,
    rule: { name: "no-telnet-in", action: "block", enforce: true, source: "weir.yaml:12" },
    direction: "ingress",
    interface: "eth0",
    protocol: "tcp",
    source: { address: "198.18.0.1", port: 40000 },
    destination: { address: "198.18.0.2", port: 23 },
    process: { pid: 812, name: "telnet", executable: "/usr/bin/telnet", uid: 0 },
    ...more,
  };
}

function dynamicRow(id: string): DynamicRow {
  return { id, name: id, uid: 0, added: "2026-11-21T03:00:00.000Z" };
}

export function ruleRow(name: string): RuleRow {
  return {
    id: name,
    name,
    action: "block",
    enforce: true,
    source: "weir.yaml:12",
    packets: 1234567,
    bytes: 98765432,
    flows: 12,
    would_drop: 34,
    dropped: 0,
    events_suppressed: 0,
    last_hit: "2026-11-21T03:00:00.000Z",
  };
}

export function flowRow(more: Partial<FlowRow> = {}): FlowRow {
  return {
    direction: "egress",
    interface: "eth0",
    protocol: "tcp",
    source: { address: "2001:db8::1", port: 40000 },
    destination: { address: "2001:db8::2", port: 443 },
    process: { pid: 4711, name: "curl", uid: 33 },
    container: { id: "3f2a1bc4d5e6f708", runtime: "docker", name: "web" },
    rule: "default",
    opened: "2026-11-21T03:00:00.000Z",
    age_s: 75,
    idle_s: 3,
    packets: [10, 20],
    bytes: [1500, 2_000_000],
    state: "established",
    ...more,
  };
}

function aSnapshot(rules: RuleRow[]): Snapshot {
  return {
    pid: process.pid,
    started: Date.now() - 60_000,
    mode: "detect",
    health: { state: "ok", reasons: [] },
    system_calls: [],
    probes: { system_calls: { state: "on", attached: ["sys_exit_accept"], added_ns: 18 } },
    generation: 7,
    absent_interfaces: [],
    unseen: { ingress: 0, egress: 0 },
    interfaces: [
      {
        name: "eth0",
        ifindex: 2,
        unseen: { ingress: 0, egress: 0 },
        ingress: { hook: "xdp", mode: "native", reason: "the driver supports it" },
        egress: { hook: "tcx", mode: "link", reason: "" },
      },
    ],
    rules,
    bans: 0,
    skipped: {},
    sockets: { events: {}, errors: {}, failures: [], new_ports: 0, bypassing: { qdisc: 0, af_xdp: 0, unknown: 0 } },
    packet_sockets: "report",
    traffic: [
      { interface: "eth0", direction: "ingress", transport: "tcp", verdict: "passed", packets: 1000, bytes: 64000 },
      { interface: "eth0", direction: "ingress", transport: "tcp", verdict: "would_drop", packets: 10, bytes: 640 },
      { interface: "eth0", direction: "egress", transport: "udp", verdict: "passed", packets: 0, bytes: 0 },
    ],
    undecided: { tcp_header_length: 3 },
    rejects: {},
    drops: [],
    tcp: [],
    executables: [],
    believed_answers: 0,
    faults: {},
    events: { emitted: 100, received: 90, pending: 7, lost: 3, suppressed: 5 },
    flows: { active: 2, inserted: 5, deleted: 3, evicted: 0, would_drop: { active: 0, inserted: 0, deleted: 0, evicted: 0 } },
    lost: {},
    ring_fill: 0.25,
    config: { path: "/etc/weir/weir.yaml", loaded: Date.now(), reloads: 1, failures: 0, error: null },
  };
}
