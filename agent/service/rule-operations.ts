/** Adds, deletes and moves rules while the agent runs, and ends those whose time is over. */

import type { AuditWriter } from "../../audit/writer.ts";
import type { OperatorAction } from "../../audit/record.ts";
import { quote } from "../values/quote.ts";
import { parseMoment } from "../values/time.ts";
import type { Sets } from "../policy/named-sets.ts";
import type { Fitting } from "../enforce/processes/resolved.ts";
import type { RuleConfig } from "../policy/rule.ts";
import type { Telemetry } from "../../otel/start.ts";
import type { Caller, DynamicRow, ListedRule, NewRule, Origin, Place, RuleChange, RuleDetail } from "./contract.ts";
import { MOST_RULES } from "./requests/rules.ts";
import { Refusal } from "../values/refusal.ts";
import { ruleText } from "../policy/rule-text.ts";
import { checkRule, sourceOf } from "../enforce/dynamic/check.ts";
import { Deadlines } from "../enforce/deadlines.ts";
import { deadlineIn } from "../enforce/dynamic/clock.ts";
import { type DynamicRules, without } from "../enforce/dynamic/store.ts";
import type { DynamicRule } from "../enforce/dynamic/rule.ts";
import type { RuleRow } from "../observe/events/snapshot.ts";
import { RulesRefused } from "../policy/compile.ts";

/** What is compiled and in force. */
export interface Installed {
  generation: number;
  loaded: number;
  /** About all rules. */
  warnings: string[];
}

export interface RuleOperationParts {
  dynamic: DynamicRules;
  /** Of the file. */
  fileRules(): readonly RuleConfig[];
  sets(): Sets;
  /** With the file's rules behind them. `whenCompiled` runs when nothing can refuse them any more. */
  install(dynamic: readonly DynamicRule[], whenCompiled: () => Promise<void>): Promise<Installed>;
  inTurn<T>(change: () => Promise<T>): Promise<T>;
  /** The caller's own connection passes from the next change on. */
  admit(caller: Caller): void;
  /** About interfaces that rules name and nobody has. */
  warnOfAbsent(rules: readonly RuleConfig[]): string[];
  /** What fits a rule about processes now. */
  fitting(rule: RuleConfig): Fitting | undefined;
  audit: Pick<AuditWriter, "action">;
  telemetry: Pick<Telemetry, "changed">;
  say(level: "info" | "warn" | "error", sentence: string): void;
}

interface Plan {
  rules: readonly DynamicRule[];
  changed: readonly DynamicRule[];
  warnings?: string[];
  detail?: OperatorAction["detail"];
}

type Operation = "add" | "delete" | "move" | "clear";

const ACTIONS = { add: "RULE-ADD", delete: "RULE-DELETE", move: "RULE-MOVE", clear: "RULE-CLEAR" } as const;

export class RuleOperations {
  readonly #parts: RuleOperationParts;
  readonly #deadlines: Deadlines;

  constructor(parts: RuleOperationParts) {
    this.#parts = parts;
    this.#deadlines = new Deadlines({
      untilNext: () => parts.dynamic.untilNext(),
      look: () => this.#look(),
      onTrouble: (error) => this.#tellTrouble(error),
    });
  }

  close(): void {
    this.#deadlines.close();
  }

  add({ rule, place, reason, for_s, until }: NewRule, caller: Caller): Promise<RuleChange> {
    return this.#change("add", caller, () => {
      const { dynamic, sets, warnOfAbsent } = this.#parts;
      if (dynamic.all.length >= MOST_RULES)
        throw new RulesRefused([`there are ${MOST_RULES} dynamic rules already, and no more fit; write lasting ones into the file`]);
      const id = dynamic.nextId((name) => this.#ownerOf(name) !== undefined);
      const named = { name: id, ...rule };
      const { problems, warnings } = checkRule(named, sets());
      const owner = this.#ownerOf(named.name);
      if (owner !== undefined) problems.push(`name: ${quote(named.name)} is already that of ${owner}; names are unique`);
      if (problems.length > 0) throw new RulesRefused(problems);
      const checked = named as unknown as RuleConfig;
      const seconds = for_s ?? (until === undefined ? undefined : (until - dynamic.clock.wall()) / 1000);
      if (seconds !== undefined && seconds <= 0) throw new RulesRefused(["until: this time is over already"]);
      const added: DynamicRule = {
        id,
        rule: checked,
        uid: caller.uid,
        added: new Date(dynamic.clock.wall()).toISOString(),
        ...(reason === undefined ? {} : { reason }),
        ...(seconds === undefined ? {} : { expires: deadlineIn(seconds, dynamic.clock) }),
      };
      const expires = dynamic.endOf(added);
      return {
        rules: putAt(dynamic.all, added, place),
        changed: [added],
        warnings: [...warnings, ...warnOfAbsent([checked])],
        detail: { rule: ruleText(checked), ...(expires === undefined ? {} : { expires }), ...(reason === undefined ? {} : { reason }) },
      };
    });
  }

  delete(ids: readonly string[], caller: Caller): Promise<RuleChange> {
    return this.#change("delete", caller, () => {
      const { all } = this.#parts.dynamic;
      const changed = ids.map((id) => find(all, id));
      return { rules: without(all, changed), changed: [...new Set(changed)] };
    });
  }

  clear(caller: Caller): Promise<RuleChange> {
    return this.#change("clear", caller, () => ({ rules: [], changed: this.#parts.dynamic.all }));
  }

  move(id: string, place: Place, caller: Caller): Promise<RuleChange> {
    return this.#change("move", caller, () => {
      const { all } = this.#parts.dynamic;
      const moved = find(all, id);
      if (typeof place === "object" && place.before === id) return { rules: all, changed: [moved] };
      const rules = putAt(without(all, [moved]), moved, place);
      return { rules, changed: [moved], detail: { to: typeof place === "object" ? `before ${place.before}` : place } };
    });
  }

  /** The rules in force, with what is known of those that were added by command. */
  listed(rows: readonly RuleRow[]): ListedRule[] {
    const bySource = new Map(this.#parts.dynamic.all.map((one) => [sourceOf(one), one]));
    const ending = new Map(
      this.#parts
        .fileRules()
        .flatMap(({ name, expires }) => (expires === undefined ? [] : [[name, new Date(parseMoment(expires)!).toISOString()] as const])),
    );
    return rows.map((row) => {
      const one = bySource.get(row.source);
      if (one !== undefined) return { ...row, id: one.id, dynamic: this.#origin(one) };
      const expires = ending.get(row.name);
      return expires === undefined ? row : { ...row, expires };
    });
  }

  detail(rows: readonly RuleRow[], which: string): RuleDetail {
    const { dynamic, fileRules } = this.#parts;
    const listed = this.listed(rows);
    const row = listed.find(({ id }) => id === which) ?? listed.find(({ name }) => name === which);
    const definition = [...dynamic.all.map(({ rule }) => rule), ...fileRules()].find(({ name }) => name === row?.name);
    if (row !== undefined && definition !== undefined) {
      const fitting = this.#parts.fitting(definition);
      return { ...row, definition, ...(fitting === undefined ? {} : { fitting }) };
    }
    throw new Refusal(`There is no rule ${quote(which)}.`, {
      kind: "not_found",
      next: "`weir rule list` shows the rules with their ids and names.",
    });
  }

  #origin(one: DynamicRule): Origin {
    const { uid, added, reason } = one;
    const expires = this.#parts.dynamic.endOf(one);
    return { uid, added, ...(expires === undefined ? {} : { expires }), ...(reason === undefined ? {} : { reason }) };
  }

  #row(one: DynamicRule): DynamicRow {
    return { id: one.id, name: one.rule.name, ...this.#origin(one) };
  }

  /** Whose name this is. */
  #ownerOf(name: string): string | undefined {
    const { dynamic, fileRules } = this.#parts;
    const twin = dynamic.all.find(({ rule }) => rule.name === name);
    if (twin !== undefined) return `the dynamic rule ${twin.id}`;
    return fileRules().some((rule) => rule.name === name) ? "a rule of the file" : undefined;
  }

  #change(what: Operation, caller: Caller, plan: () => Plan): Promise<RuleChange> {
    const { audit, telemetry, inTurn, admit, say } = this.#parts;
    const who = { uid: caller.uid };
    return inTurn(async () => {
      try {
        admit(caller);
        const { rules, changed, warnings = [], detail } = plan();
        const installed = await this.#install(rules);
        const { generation, loaded } = installed;
        telemetry.changed("weir.rules.changed", { generation, loaded });
        say("info", `uid ${caller.uid}: rule ${what} ${listOf(changed)}`);
        await audit.action({ action: ACTIONS[what], ...who, detail: { rules: listOf(changed), ...detail, generation, pid: caller.pid } });
        const about = (warning: string): boolean => changed.some(({ rule }) => warning.includes(quote(rule.name)));
        return {
          generation,
          loaded,
          rules: changed.map((one) => this.#row(one)),
          warnings: [...warnings, ...installed.warnings.filter(about)],
        };
      } catch (error) {
        const known = refusalOf(error);
        const problem = known.details[0] ?? known.message;
        await audit.action({
          action: "RULE-REFUSED",
          ...who,
          detail: { what, problem, problems: Math.max(1, known.details.length), pid: caller.pid },
        });
        throw known;
      }
    }).finally(() => this.#deadlines.changed());
  }

  /** They are on the disk before they are in force, and not there if they cannot be. */
  async #install(rules: readonly DynamicRule[]): Promise<Installed> {
    const { dynamic, install } = this.#parts;
    const before = dynamic.all;
    let kept = false;
    try {
      return await install(rules, async () => {
        await dynamic.keep(rules);
        kept = true;
      });
    } catch (error) {
      if (kept) await dynamic.keep(before);
      throw error;
    }
  }

  async #look(): Promise<void> {
    const { dynamic, inTurn } = this.#parts;
    if (dynamic.due().length > 0) await inTurn(() => this.#expire());
    else await inTurn(() => dynamic.followClock());
  }

  #tellTrouble(error: Error): void {
    const { dynamic, say } = this.#parts;
    const what =
      dynamic.due().length > 0 ? "rules whose time is over stay in force" : "the times at which rules end cannot be kept for the next boot";
    say("error", `${what}, and it is tried again in a minute: ${problemsOf(error).join("; ")}`);
  }

  async #expire(): Promise<void> {
    const { dynamic, audit, telemetry, install, say } = this.#parts;
    const over = dynamic.due();
    if (over.length === 0) return;
    try {
      const { generation, loaded } = await install(without(dynamic.all, over), () => dropFrom(dynamic, over, say));
      telemetry.changed("weir.rules.changed", { generation, loaded });
      say("info", `the time of rule ${listOf(over)} is over`);
      await auditExpired(audit, over, generation);
    } catch (error) {
      await audit.action({ action: "RULE-REFUSED", detail: { what: "expire", rules: listOf(over), problem: problemsOf(error)[0]! } });
      throw error;
    }
  }
}

/** What ended goes even where the disk refuses to say so: the next start drops it again. */
export async function dropFrom(dynamic: DynamicRules, over: readonly DynamicRule[], say: RuleOperationParts["say"]): Promise<void> {
  if (over.length === 0) return;
  try {
    await dynamic.keep(without(dynamic.all, over));
  } catch (error) {
    dynamic.forget(over);
    say("warn", `rules that ended cannot be struck from the state directory: ${(error as Error).message}`);
  }
}

export async function auditExpired(audit: Pick<AuditWriter, "action">, over: readonly DynamicRule[], generation: number): Promise<void> {
  await audit.action({ action: "RULE-EXPIRED", detail: { rules: listOf(over), generation } });
}

/** `d1:no-telnet,d2:d2` */
function listOf(rules: readonly DynamicRule[]): string {
  if (rules.length === 0) return "none";
  return rules.map(({ id, rule }) => `${id}:${rule.name}`).join(",");
}

function find(rules: readonly DynamicRule[], id: string): DynamicRule {
  const found = rules.find((one) => one.id === id);
  if (found !== undefined) return found;
  throw new Refusal(`There is no dynamic rule ${quote(id)}.`, {
    kind: "not_found",
    next: "`weir rule list` shows their ids; rules of the file are changed in the file.",
  });
}

function putAt(rules: readonly DynamicRule[], one: DynamicRule, place: Place): DynamicRule[] {
  if (place === "first") return [one, ...rules];
  if (place === "last") return [...rules, one];
  const at = rules.indexOf(find(rules, place.before));
  return rules.toSpliced(at, 0, one);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof RulesRefused)
    return new Refusal("The change is refused; nothing has changed.", {
      kind: "invalid",
      next: "Mend what is named, and try again.",
      details: [...error.problems],
      cause: error,
    });
  return new Refusal(`The change failed, and nothing has changed: ${(error as Error).message}.`, {
    next: "See the agent's log, and whether there is room in the state directory.",
    cause: error,
  });
}

function problemsOf(error: unknown): string[] {
  return error instanceof RulesRefused ? [...error.problems] : [(error as Error).message];
}
