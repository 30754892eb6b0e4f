/** What the command line and the agent say to each other, and what the agent must offer for it. */

import type { RuleConfig } from "../policy/rule.ts";
import type { SignalState } from "../../otel/channel.ts";
import type { Signal } from "../../otel/delivery.ts";
import type { ReportedEvent } from "../observe/events/event.ts";
import type { Mode, Verdict } from "../values/traffic.ts";
import type {
  AbsentInterface,
  EventCounts,
  Health,
  HookState,
  InterfaceState,
  RuleRow,
  Snapshot,
  TrafficRow,
} from "../observe/events/snapshot.ts";
import type { DropRow } from "../observe/flows/drop-row.ts";
import type { FlowRow } from "../observe/flows/row.ts";
import type { Top } from "../observe/flows/top.ts";
import type { Capacity } from "../policy/capacity.ts";
import type { ProcessKind } from "../policy/kinds.ts";
import type { RulesSource } from "../policy/compiled.ts";
import type { OwnEnds } from "../policy/reference.ts";
import type { Fitting } from "../enforce/processes/resolved.ts";
import type { SocketRow } from "../observe/sockets/row.ts";
import type { Showing, ShownSink } from "../observe/sockets/shown-calls.ts";
import type { StatisticsRow } from "../observe/statistics/row.ts";
import type { OperatorSession } from "../values/session.ts";
import type { Asked } from "./requests/requests.ts";

/** Raised when an answer changes so that an older command line would misread it. */
export const API_VERSION = 1;

export type Awaitable<T> = T | Promise<T>;

/** Who asks, as the kernel says (SO_PEERCRED). The session is what the caller claims, and is validated. */
export interface Caller {
  uid: number;
  pid: number;
  session?: OperatorSession;
}

/** Whoever asks the agent takes the topics that it needs: the control socket all of them, the live view two. */
export interface AgentControl {
  readonly state: StateControl;
  readonly events: EventControl;
  readonly mode: ModeControl;
  readonly config: ConfigControl;
  readonly rules: RuleControl;
  readonly bans: BanControl;
  readonly sets: SetControl;
  readonly observation: ObservationControl;
  readonly calls: CallControl;
}

export interface StateControl {
  status(): Awaitable<Status>;
  /** Serves those who ask the tables of the kernel themselves. */
  policy(): Awaitable<PolicyInForce>;
  /** Returns text in the Prometheus format. */
  metrics(): Awaitable<string>;
}

export interface EventControl {
  /** Calls the listener for every event until the returned function is called. It must not throw. */
  subscribe(listener: (event: ReportedEvent) => void): () => void;
}

export interface CallControl {
  /** Shows the calls of a process from now on. Throws a Refusal if it cannot. */
  show(asked: Asked<"calls">, sink: ShownSink): Promise<Showing>;
}

export interface ModeControl {
  set(asked: Asked<"setMode">, caller: Caller): Awaitable<ModeChange>;
}

export interface ConfigControl {
  /** Throws an `invalid` Refusal with one detail a problem when the file is bad. */
  reload(caller: Caller): Awaitable<ReloadResult>;
}

/** Changes throw an `invalid` Refusal with one detail a problem; then nothing has changed. */
export interface RuleControl {
  list(): Awaitable<ListedRule[]>;
  /** Finds a rule of the file, or one that was added by command, by its id or name. Throws a `not_found` Refusal when there is none. */
  find(asked: Asked<"findRule">): Awaitable<RuleDetail>;
  add(rule: NewRule, caller: Caller): Awaitable<RuleChange>;
  delete(asked: Asked<"deleteRules">, caller: Caller): Awaitable<RuleChange>;
  move(asked: Asked<"moveRule">, caller: Caller): Awaitable<RuleChange>;
}

/** Changes throw a Refusal as those of rules. */
export interface BanControl {
  /** Lists at most `limit` bans, from where the page before said. With a network, it lists those that cover it or are in it. */
  list(asked: Asked<"listBans">): Awaitable<BanPage>;
  add(bans: NewBans, caller: Caller): Awaitable<BanChange>;
  delete(asked: Asked<"deleteBans">, caller: Caller): Awaitable<BanChange>;
}

/** Whatever names a set throws a `not_found` Refusal where there is none of this name. */
export interface SetControl {
  list(): Awaitable<SetRow[]>;
  members(asked: Asked<"listMembers">): Awaitable<MemberPage>;
  add(members: NewMembers, caller: Caller): Awaitable<SetChange>;
  remove(asked: Asked<"removeMembers">, caller: Caller): Awaitable<SetChange>;
  /** Names the sets that hold each of these addresses. */
  holding(asked: Asked<"findSets">): Awaitable<Record<string, string[]>>;
}

/** Each answers at most `limit` rows. With `hash`, these say what their processes run by hashes, too. */
export interface ObservationControl {
  /** Lists what others than weir drop, the latest first. */
  drops(asked: Asked<"drops">): Awaitable<DropRow[]>;
  flows(asked: Asked<"flows">): Awaitable<FlowRow[]>;
  sockets(asked: Asked<"sockets">): Awaitable<SocketRow[]>;
  /** Lists the busiest, over the last second or since the call before. */
  top(asked: Asked<"top">): Awaitable<Top>;
  /** Counts since the agent started. */
  statistics(asked: Asked<"statistics">): Awaitable<StatisticsRow[]>;
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
export type Place = Asked<"addRule">["place"];

export type NewRule = Asked<"addRule">;
export type NewBans = Asked<"addBans">;
/** What is put into a set of addresses. */
export type NewMembers = Asked<"addMembers">;

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
  kinds: readonly ProcessKind[];
  policy: Pick<RulesSource, "defaults" | "failsafe" | "sets" | "inspect_tunnels" | "packet_sockets" | "events_per_second" | "rules">;
  /** Slot in the tables and place in a file, of each rule. */
  rules: { slot: number; source: string }[];
  sessions: readonly OperatorSession[];
  interfaces: { name: string; ifindex: number; hook: HookState["hook"] }[];
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
export interface TrafficCell extends TrafficRow {
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
  probes: Snapshot["probes"];
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
