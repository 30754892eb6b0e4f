/** What the command line and the agent say to each other, and what the agent must offer for it. */

import type { RuleConfig } from "../policy/rule.ts";
import type { SignalState } from "../../otel/channel.ts";
import type { Signal } from "../../otel/delivery.ts";
import type { ToldEvent } from "../observe/events/event.ts";
import type { Direction, Mode, Transport, Verdict } from "../values/traffic.ts";
import type { AbsentInterface, EventCounts, Health, HookState, InterfaceState, RuleRow, Snapshot } from "../observe/events/snapshot.ts";
import type { DropRow } from "../observe/flows/drop-row.ts";
import type { FlowRow } from "../observe/flows/row.ts";
import type { Grouping } from "../observe/flows/groups.ts";
import type { Top, TopGrouping } from "../observe/flows/top.ts";
import type { Capacity } from "../policy/capacity.ts";
import type { Kind } from "../policy/kinds.ts";
import type { RulesSource } from "../policy/compiled.ts";
import type { OwnEnds } from "../policy/reference.ts";
import type { Fitting } from "../enforce/processes/resolved.ts";
import type { SocketRow } from "../observe/sockets/row.ts";
import type { StatisticsOrder, StatisticsRow } from "../observe/statistics/row.ts";
import type { DropFilter } from "./drop-filter.ts";
import type { FlowFilter } from "./flow-filter.ts";
import type { OperatorSession } from "../values/session.ts";
import type { SocketFilter } from "./socket-filter.ts";
import type { StatisticsFilter } from "./statistics-filter.ts";

/** Raised when an answer changes so that an older command line would misread it. */
export const API_VERSION = 1;

export type Awaitable<T> = T | Promise<T>;

/** Who asks, as the kernel says (SO_PEERCRED). The session is what the caller claims, and is validated. */
export interface Caller {
  uid: number;
  pid: number;
  session?: OperatorSession;
}

/** The agent, as the control socket and the live view see it. */
export interface AgentControl {
  status(): Awaitable<Status>;
  setMode(mode: Mode, caller: Caller): Awaitable<ModeChange>;
  /** Throws an `invalid` Refusal with one detail a problem when the file is bad. */
  reload(caller: Caller): Awaitable<ReloadResult>;
  rules(): Awaitable<ListedRule[]>;
  /** By id or name, of the file or added by command. Throws a `not_found` Refusal when there is none. */
  rule(which: string): Awaitable<RuleDetail>;
  /** These throw an `invalid` Refusal with one detail a problem; then nothing has changed. */
  addRule(rule: NewRule, caller: Caller): Awaitable<RuleChange>;
  deleteRules(ids: readonly string[] | "all", caller: Caller): Awaitable<RuleChange>;
  moveRule(id: string, place: Place, caller: Caller): Awaitable<RuleChange>;
  /** With a network, those that cover it or are in it; a `malformed` Refusal where it is no network. At most `limit`, from where a page before said. */
  bans(network: string | undefined, limit: number, from?: number): Awaitable<BanPage>;
  /** These throw a Refusal as those above. */
  addBans(bans: NewBans, caller: Caller): Awaitable<BanChange>;
  deleteBans(networks: readonly string[] | "all", caller: Caller): Awaitable<BanChange>;
  sets(): Awaitable<SetRow[]>;
  /** These throw a `not_found` Refusal where there is no such set. */
  members(set: string, network: string | undefined, limit: number, from?: number): Awaitable<MemberPage>;
  addMembers(members: NewMembers, caller: Caller): Awaitable<SetChange>;
  removeMembers(set: string, networks: readonly string[] | "all", caller: Caller): Awaitable<SetChange>;
  /** Names of the sets that hold each of these addresses. */
  setsHolding(addresses: readonly string[]): Awaitable<Record<string, string[]>>;
  /** What others than weir drop: the latest, at most `limit` rows. `hash`: with hashes of what their processes run. */
  drops(filter: DropFilter, limit: number, hash: boolean): Awaitable<DropRow[]>;
  /** At most `limit` rows. */
  flows(filter: FlowFilter, limit: number, hash: boolean): Awaitable<FlowRow[]>;
  /** The busiest, over the last second or since the call before. */
  top(by: TopGrouping, limit: number): Awaitable<Top>;
  /** Since the agent started: at most `limit` rows. */
  statistics(by: Grouping, order: StatisticsOrder, filter: StatisticsFilter, limit: number): Awaitable<StatisticsRow[]>;
  sockets(filter: SocketFilter, limit: number, hash: boolean): Awaitable<SocketRow[]>;
  /** Calls the listener for every verdict event until the returned function is called. It must not throw. */
  subscribe(listener: (event: ToldEvent) => void): () => void;
  /** For whoever asks the tables of the kernel by himself. */
  policy(): Awaitable<PolicyInForce>;
  /** The Prometheus text format. */
  metrics(): Awaitable<string>;
}

export interface ModeChange {
  mode: Mode;
  previous: Mode;
}

export interface ReloadResult {
  generation: number;
  rules: { loaded: number; enforced: number };
  warnings: string[];
}

/** Among the rules added by command, which come before those of the file. */
export type Place = "first" | "last" | { before: string };

/** Why something is added, and until when: in seconds, or milliseconds since the epoch, and not both. */
export interface Term {
  reason?: string;
  for_s?: number;
  until?: number;
}

export interface NewRule extends Term {
  /** As in the file; without a name the rule is called by its id. */
  rule: Record<string, unknown>;
  place: Place;
}

/** What is known of a rule that was added by command. */
export interface Origin {
  /** Who added it. */
  uid: number;
  /** ISO times. */
  added: string;
  expires?: string;
  reason?: string;
}

export interface DynamicRow extends Origin {
  id: string;
  name: string;
}

export interface ListedRule extends RuleRow {
  /** ISO time, of rules of the file that end; one that is over matches nothing. */
  expires?: string;
  /** Absent for rules of the file. */
  dynamic?: Origin;
}

export interface RuleDetail extends ListedRule {
  definition: RuleConfig;
  /** Of a rule about processes. */
  fitting?: Fitting;
}

export interface RuleChange {
  generation: number;
  /** Rules in force, those of the file included. */
  loaded: number;
  /** Those that were added, deleted or moved. */
  rules: DynamicRow[];
  warnings: string[];
}

/** The rules that packets meet, and where the kernel keeps them. */
export interface PolicyInForce extends OwnEnds {
  generation: number;
  mode: Mode;
  /** Where the tables are pinned, and how large they are. */
  tables: string;
  capacity: Capacity;
  /** Of processes that the rules tell apart, by number. */
  kinds: readonly Kind[];
  policy: Pick<RulesSource, "defaults" | "failsafe" | "sets" | "inspect_tunnels" | "packet_sockets" | "events_per_second" | "rules">;
  /** Slot in the tables and place in a file, of each rule. */
  rules: { slot: number; source: string }[];
  sessions: readonly OperatorSession[];
  interfaces: { name: string; ifindex: number; hook: HookState["hook"] }[];
}

/** In one request. */
export const MOST_NETWORKS = 16_384;

export interface NewBans extends Term {
  /** Addresses, prefixes and ranges. */
  networks: string[];
  /** Say what would be refused, and change nothing. */
  check_only: boolean;
}

export interface BanRow extends Origin {
  network: string;
}

/** Some of the bans, the latest first. */
export interface BanPage {
  total: number;
  bans: BanRow[];
  /** Where the next page begins; absent on the last one. */
  next?: number;
}

export interface BanChange {
  /** In force afterwards. */
  bans: number;
  /** How many began or ended by this. */
  changed: number;
  expires?: string;
  warnings: string[];
}

/** What is put into a set of addresses. */
export interface NewMembers extends NewBans {
  set: string;
}

export interface SetRow {
  name: string;
  /** Addresses, prefixes and ranges, wherever they come from. */
  members: number;
  from: { configuration: number; file: number; command: number };
  ports?: (number | string)[];
  file?: string;
  ttl?: string;
  /** Why its file is not taken. */
  problem?: string;
}

export interface MemberRow extends Partial<Origin> {
  network: string;
  from: "configuration" | "file" | "command";
}

/** Some of the members, the latest first. */
export interface MemberPage {
  total: number;
  members: MemberRow[];
  /** Where the next page begins; absent on the last one. */
  next?: number;
}

export interface SetChange {
  set: string;
  /** Afterwards. */
  members: number;
  /** How many came or went by this. */
  changed: number;
  expires?: string;
  warnings: string[];
}

/** One cell of the traffic counters, with its rate over the last ten seconds. */
export interface TrafficCell {
  interface: string;
  direction: Direction;
  transport: Transport;
  verdict: Verdict;
  packets: number;
  bytes: number;
  packets_per_s: number;
  bytes_per_s: number;
}

export interface AuditFiles {
  path: string;
  /** Holds the last sequence number and hash, outside the log. */
  head: string;
}

export interface Status {
  pid: number;
  version: string;
  uptime_s: number;
  mode: Mode;
  health: Health;
  generation: number;
  interfaces: InterfaceState[];
  absent_interfaces: AbsentInterface[];
  rules: { loaded: number; enforced: number };
  counters: {
    packets: Record<Verdict, number>;
    bytes: Record<Verdict, number>;
    events: EventCounts;
  };
  /** Rows that never counted anything are left out. */
  traffic: TrafficCell[];
  flows: Snapshot["flows"];
  /** In force. */
  bans: number;
  /** What the configuration says of sockets that send past the egress rules, and how many there are. */
  packet_sockets: { policy: "report" | "refuse"; bypassing: Snapshot["sockets"]["bypassing"] };
  undecided: Record<string, number>;
  rejects: Record<string, number>;
  /** SYN+ACKs that nothing asked for, and that were believed in the first seconds of the agent. */
  believed_answers: number;
  faults: Record<string, number>;
  /** Look-ups that were not made, by what was to be explained; see Snapshot. Zero rows are left out. */
  skipped: Record<string, number>;
  lost: Record<string, number>;
  ring_fill: number;
  config: Snapshot["config"];
  audit: AuditFiles;
  /** How each signal in use fares that is sent to a collector. */
  telemetry: Partial<Record<Signal, SignalState>>;
}

/** The body of every answer that is not a success. */
export interface ErrorBody {
  error: { what: string; next: string; details?: string[] };
}
