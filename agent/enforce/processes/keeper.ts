/**
 * Keeps the process kinds of the rules in the tables of the kernel. Rules with other kinds come with an edition of their own. It
 * is written, and every process is compared with it, before the rules are in force, so that each packet finds the kinds that its
 * rules ask for.
 */

import { isDeepStrictEqual } from "node:util";

import type { RuleConfig } from "../../policy/rule.ts";
import type { Workload } from "../../values/workload.ts";
import { KindEdition, KindGroup, KindUser, Limit } from "../../generated/layout.ts";
import { type BpfMap, u32 } from "../../kernel/maps.ts";
import { type ProcessKind, ProcessKinds } from "../../policy/kinds.ts";
import { type Fitting, fittingOf, type Resolved, resolveProcesses } from "./resolved.ts";
import { asksForWorkload, isOfKind, kindsOfGroup, kindsOfUsers, packEdition, packGroup, packPatterns, packUser } from "./edition.ts";
import type { ProcessFacts } from "../../observe/process-facts.ts";

export interface KindKeeperOptions extends ProcessFacts {
  map(name: string): BpfMap;
  /** Compares every running process with all editions. Resolves to false if that was given up, because a process kept it waiting. */
  compareAll(): Promise<boolean>;
  /** Finds out who listens now at the ports whose listener is gone. */
  renewListeners(): Promise<void>;
  /** Returns where the edition of the rules in force is; undefined if they have no kinds. */
  placeInForce(): number | undefined;
  waitGracePeriod(): Promise<void>;
}

/** A change that packets do not see yet. */
export interface KindTransition {
  /** The place for the rules; undefined if they have no process kinds. */
  place: number | undefined;
  /** Call this once the rules are in force. */
  finish(): void;
  /** Call this if the rules do not come into force. */
  undo(): void;
}

interface Edition {
  place: number;
  kinds: readonly ProcessKind[];
}

export class KindKeeper {
  readonly #options: KindKeeperOptions;
  /** The editions that packets may ask for, by place. */
  readonly #editions: (Edition | undefined)[] = [undefined, undefined];
  #inForce: Edition | undefined;
  /** The control groups whose processes packets may ask for. */
  #groups = new Map<bigint, Workload>();
  #number = 0;
  #isCompared = true;
  #passes: Promise<void> = Promise.resolve();
  /** Resolves once the edition of the previous rules is gone. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: KindKeeperOptions) {
    this.#options = options;
    for (const place of [0, 1])
      this.#number = Math.max(this.#number, options.map("kind_editions").lookup(u32(place))!.readUInt32LE(KindEdition.number));
  }

  /** Sentences for the operator. */
  get trouble(): string[] {
    if (this.#isCompared) return [];
    return [
      "not every process was compared with the rules about processes, because one kept weir waiting; those that were not count as possible, and it is tried again each minute",
    ];
  }

  /** Prepares the kernel for rules with these kinds and their numbers. */
  async prepare(kinds: readonly ProcessKind[]): Promise<KindTransition> {
    await this.#turn;
    const now = this.#inForce;
    if (kinds.length === 0) return { place: undefined, finish: () => this.#enforce(undefined), undo() {} };
    if (now !== undefined && kinds.every((kind, number) => isDeepStrictEqual(kind, now.kinds[number])))
      return { place: now.place, finish() {}, undo() {} };
    const edition = { place: 1 - (now?.place ?? this.#options.placeInForce() ?? 1), kinds };
    await this.#options.waitGracePeriod(); // until no packet reads the previous edition
    this.#write(edition);
    await this.#options.renewListeners();
    await this.#compare();
    return { place: edition.place, finish: () => this.#enforce(edition), undo: () => this.#remove(edition.place) };
  }

  /** Returns which processes fit the rules in force now. */
  resolve(rules: readonly RuleConfig[]): Resolved {
    const now = this.#inForce;
    if (now === undefined) return { warnings: [], facts: [] };
    return resolveProcesses(rules, this.#options.users(), (rule) => this.#pidsOf(rule, now));
  }

  /** Returns undefined if the rule has no process, or is not in force. */
  fitting(rule: RuleConfig): Fitting | undefined {
    const now = this.#inForce;
    return rule.process === undefined || now === undefined ? undefined : fittingOf(rule, this.#options.users(), this.#pidsOf(rule, now));
  }

  #pidsOf({ process }: RuleConfig, { place, kinds }: Edition): number[] {
    const number = new ProcessKinds(kinds).numberOf(process!);
    if (number === undefined) return [];
    return [...this.#options.map("identities").entries()]
      .filter(({ value }) => isOfKind(value, place, number))
      .map(({ key }) => key.readUInt32LE());
  }

  /** Call this when a control group was made, or is seen for the first time. */
  groupMade(cgroup: bigint, workload: Workload): void {
    if (!this.#asksForWorkloads || this.#groups.size >= MOST_GROUPS) return;
    this.#groups.set(cgroup, workload);
    for (const edition of this.#present) this.#writeGroup(edition, cgroup, workload);
  }

  /** Call this when new names of containers and pods are known. */
  renamed(): void {
    for (const edition of this.#present) for (const [cgroup, workload] of this.#groups) this.#writeGroup(edition, cgroup, workload);
  }

  /** Compares again: names of users may have changed, and groups and listeners may be gone. */
  async lookAgain(): Promise<void> {
    for (const edition of this.#present) this.#writeUsers(edition);
    if (this.#present.length > 0) await this.#options.renewListeners();
    if (this.#present.length > 0 && !this.#isCompared) await this.#compare();
    if (!this.#asksForWorkloads) return;
    const before = this.#groups;
    this.#groups = this.#groupsNow();
    for (const edition of this.#present) {
      for (const [cgroup, workload] of this.#groups) this.#writeGroup(edition, cgroup, workload);
      for (const cgroup of before.keys())
        if (!this.#groups.has(cgroup)) this.#options.map("kind_groups").delete(packGroup(edition.place, cgroup));
    }
  }

  /** Runs one pass after the other. */
  #compare(): Promise<void> {
    const pass = this.#passes.then(async () => void (this.#isCompared = await this.#options.compareAll()));
    this.#passes = pass.catch(() => {}); // the caller gets the error
    return pass;
  }

  get #present(): Edition[] {
    return this.#editions.filter((edition) => edition !== undefined);
  }

  get #asksForWorkloads(): boolean {
    return this.#present.some(({ kinds }) => kinds.some(asksForWorkload));
  }

  #write(edition: Edition): void {
    const { map } = this.#options;
    const { place, kinds } = edition;
    this.#remove(place);
    for (const [index, pattern] of packPatterns(kinds).entries())
      map("process_patterns").update(u32(place * Limit.PATTERNS + index), pattern);
    this.#editions[place] = edition;
    this.#writeUsers(edition);
    if (kinds.some(asksForWorkload)) {
      this.#groups = this.#groupsNow();
      for (const [cgroup, workload] of this.#groups) this.#writeGroup(edition, cgroup, workload);
    }
    map("kind_editions").update(u32(place), packEdition(kinds, ++this.#number));
  }

  #groupsNow(): Map<bigint, Workload> {
    const groups = new Map<bigint, Workload>();
    for (const [cgroup, workload] of this.#options.groups()) {
      if (groups.size >= MOST_GROUPS) break; // a user may have made any number of them
      groups.set(cgroup, workload);
    }
    return groups;
  }

  #writeUsers({ place, kinds }: Edition): void {
    const users = this.#options.map("kind_users");
    const wanted = kindsOfUsers(kinds, this.#options.users());
    for (const [uid, bits] of wanted) users.update(packUser(place, uid), bits);
    for (const key of this.#keysAt("kind_users", KindUser.place, place)) if (!wanted.has(key.readUInt32LE(KindUser.uid))) users.delete(key);
  }

  #writeGroup({ place, kinds }: Edition, cgroup: bigint, workload: Workload): void {
    this.#options
      .map("kind_groups")
      .update(packGroup(place, cgroup), kindsOfGroup(kinds, this.#options.named(workload), this.#options.groupsTellAll));
  }

  /** Makes this the only edition that packets ask for. The previous one is removed as soon as no packet uses it. */
  #enforce(edition: Edition | undefined): void {
    this.#inForce = edition;
    if (this.#isUsed) this.#turn = this.#options.waitGracePeriod().then(() => this.#forgetOthers());
  }

  #forgetOthers(): void {
    for (const place of [0, 1]) if (place !== this.#inForce?.place) this.#remove(place);
    if (this.#inForce === undefined) for (const _ of this.#options.map("identities").batches({ remove: true }));
  }

  /** True if this agent, or an earlier one, has written an edition. */
  get #isUsed(): boolean {
    return [0, 1].some((place) => this.#options.map("kind_editions").lookup(u32(place))!.readUInt32LE(KindEdition.number) !== 0);
  }

  #remove(place: number): void {
    const { map } = this.#options;
    this.#editions[place] = undefined;
    map("kind_editions").update(u32(place), Buffer.alloc(KindEdition.size));
    for (const [table, at] of [
      ["kind_users", KindUser.place],
      ["kind_groups", KindGroup.place],
    ] as const)
      for (const key of this.#keysAt(table, at, place)) map(table).delete(key);
  }

  #keysAt(table: string, at: number, place: number): Buffer[] {
    return [...this.#options.map(table).entries()].filter(({ key }) => key.readUInt32LE(at) === place).map(({ key }) => Buffer.from(key));
  }
}

const MOST_GROUPS = 32_768;
