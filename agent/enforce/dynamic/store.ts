/** Keeps the rules that were added by command in the state directory, never in the operator's file. */

import { renameSync } from "node:fs";
import { join } from "node:path";

import { readOutsideNow } from "../../files/outside-file.ts";
import { StateFile } from "../../files/state-file.ts";
import { checkRule } from "./check.ts";
import { type Clock, deadlineKept, remaining, shownAgain, systemClock } from "./clock.ts";
import type { DynamicRule } from "./rule.ts";

/** weir never writes a file as large as this, because rules by command come one by one. */
const LARGEST_KEPT = 64 << 20;

interface Kept {
  /** The number of the next id. */
  next: number;
  /** The boot in which the deadlines were written. */
  boot: string;
  rules: DynamicRule[];
}

/** If the wall time of a deadline is wrong by more than this, somebody set the wall clock. */
const CLOCK_WAS_SET_MS = 1000;
const LARGEST_ID = Number.MAX_SAFE_INTEGER / 2;

export class DynamicRules {
  readonly clock: Clock;
  /** Tells the operator what was wrong with the file that was found, until there is another file. */
  trouble: string[];
  readonly #path: string;
  readonly #file: StateFile;
  #next: number;
  #rules: readonly DynamicRule[];

  /** The directory must exist. */
  constructor(stateDirectory: string, clock = systemClock()) {
    this.clock = clock;
    this.#path = join(stateDirectory, "dynamic-rules.json");
    this.#file = new StateFile(this.#path);
    const { next, rules, trouble } = read(this.#path, clock);
    this.#next = next;
    this.#rules = rules;
    this.trouble = trouble === undefined ? [] : [trouble];
  }

  /** Resolves once everything that was to be kept is on the disk, or was refused. */
  get settled(): Promise<unknown> {
    return this.#file.settled;
  }

  /** The rules in the order in which they are tried. */
  get all(): readonly DynamicRule[] {
    return this.#rules;
  }

  /** Returns the id of the next rule. The id is also the name of a rule without one, so ids that are names of other rules are skipped. */
  nextId(isTaken: (name: string) => boolean): string {
    let number = this.#next;
    while (isTaken(`d${number}`)) number++;
    return `d${number}`;
  }

  /** Returns the rules whose time is over. */
  due(): DynamicRule[] {
    return this.#rules.filter(({ expires }) => expires !== undefined && remaining(expires, this.clock) <= 0);
  }

  /** Returns the seconds until the next rule is due; Infinity if none ever is. */
  untilNext(): number {
    return Math.min(...this.#rules.map(({ expires }) => (expires === undefined ? Infinity : remaining(expires, this.clock))));
  }

  /** Returns when a rule ends, as the wall clock will show it. */
  endOf({ expires }: DynamicRule): string | undefined {
    return expires && new Date(Math.round(shownAgain(expires, this.clock).wall / 1000) * 1000).toISOString();
  }

  /** Replaces the rules and writes them to the disk. If the disk refuses, this rejects and nothing has changed. */
  async keep(rules: readonly DynamicRule[]): Promise<void> {
    const next = Math.max(this.#next, ...rules.map(({ id }) => numberOf(id) + 1));
    const current = rules.map((one) => (one.expires === undefined ? one : { ...one, expires: shownAgain(one.expires, this.clock) }));
    await this.#file.keep({ next, boot: this.clock.boot, rules: current } satisfies Kept);
    this.#next = next;
    this.#rules = current;
    this.trouble = [];
  }

  /** Moves the file aside. Its rules no longer fit the file's rules, which were changed while no agent ran. */
  async setAside(reasons: readonly string[]): Promise<void> {
    const aside = `${this.#path}.refused`;
    const moved = putAside(this.#path, aside);
    if (moved) await this.keep([]);
    this.#rules = [];
    this.trouble = [
      `the rules added by command are not in force: ${reasons.join("; ")}${moved ? `; they were put aside as ${aside}` : ""}; correct the file or add them again`,
    ];
  }

  /** Forgets rules in this process only, because the disk refuses. */
  forget(gone: readonly DynamicRule[]): void {
    this.#rules = without(this.#rules, gone);
  }

  /** Corrects the wall times that are kept for the next boot, after somebody set the wall clock. */
  async followClock(): Promise<void> {
    const wasSet = this.#rules.some(
      ({ expires }) => expires !== undefined && Math.abs(shownAgain(expires, this.clock).wall - expires.wall) > CLOCK_WAS_SET_MS,
    );
    if (wasSet) await this.keep(this.#rules);
  }
}

export function without(rules: readonly DynamicRule[], gone: readonly DynamicRule[]): DynamicRule[] {
  const ids = new Set(gone.map(({ id }) => id));
  return rules.filter(({ id }) => !ids.has(id));
}

function numberOf(id: string): number {
  return Number(id.slice(1));
}

interface Found {
  next: number;
  rules: DynamicRule[];
  trouble?: string;
}

/** A damaged file is moved aside and not overwritten: it is the only copy of the rules that somebody ordered. */
function read(path: string, clock: Clock): Found {
  let text = "";
  try {
    text = readOutsideNow(path, LARGEST_KEPT).toString();
    return checked(JSON.parse(text), clock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { next: 1, rules: [] };
    const aside = `${path}.damaged`;
    const moved = putAside(path, aside);
    return {
      next: largestIdIn(text) + 1,
      rules: [],
      trouble: `the rules added by command are not in force: ${path} is damaged (${(error as Error).message})${moved ? ` and was put aside as ${aside}` : ""}; add them again`,
    };
  }
}

function putAside(path: string, aside: string): boolean {
  try {
    renameSync(path, aside);
    return true;
  } catch {
    return false; // the next change will report the problem with the directory
  }
}

/** Returns the largest id that a damaged file mentions, so that no id is given again. */
function largestIdIn(text: string): number {
  return [...text.matchAll(/"d([0-9]{1,15})"/g)].reduce((largest, [, number]) => Math.max(largest, Number(number)), 0);
}

function checked(kept: unknown, clock: Clock): Found {
  const { next, boot, rules } = objectOf(kept, "the whole") as Partial<Kept>;
  if (!Number.isSafeInteger(next) || next! < 1 || next! > LARGEST_ID) throw new TypeError("the next id is no number");
  if (typeof boot !== "string") throw new TypeError("it does not say in which boot it was written");
  if (!Array.isArray(rules)) throw new TypeError("there is no list of rules");
  const seen = new Set<string>();
  for (const one of rules as unknown[]) checkKept(one, seen);
  const largest = Math.max(0, ...[...seen].map(numberOf));
  if (largest >= next!) throw new TypeError(`the id d${largest} was not given yet`);
  return {
    next: next!,
    rules: rules.map((one) =>
      one.expires === undefined ? one : { ...one, expires: deadlineKept(one.expires, boot === clock.boot, clock) },
    ),
  };
}

function checkKept(value: unknown, seen: Set<string>): void {
  const { id, rule, uid, added, reason, expires } = objectOf(value, "an entry") as Partial<DynamicRule>;
  if (typeof id !== "string" || !/^d[1-9][0-9]{0,14}$/.test(id) || seen.has(id)) throw new TypeError("an entry has no id of its own");
  seen.add(id);
  if (typeof uid !== "number" || typeof added !== "string" || !["undefined", "string"].includes(typeof reason))
    throw new TypeError(`${id} does not say who added it, and when`);
  if (expires !== undefined && !(Number.isFinite(expires?.boot) && Number.isFinite(expires?.wall)))
    throw new TypeError(`${id} has no valid expiry`);
  const { problems } = checkRule(rule);
  if (problems.length > 0) throw new TypeError(`${id}: ${problems[0]}`);
}

function objectOf(value: unknown, what: string): object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError(`${what} is not an object`);
  return value;
}
