/** Describes in sentences for the operator which processes of this host fit the rules now. */

import { counted } from "../../values/count.ts";
import { realpathSync, statSync } from "node:fs";

import { nearest } from "../../values/nearest.ts";
import { textsOf } from "../../policy/fields/process.ts";
import { quote } from "../../values/quote.ts";
import type { RuleConfig } from "../../policy/rule.ts";
import { processesOf } from "../../policy/kinds.ts";
import { fitsUser } from "../../policy/fields/process.ts";
import type { User } from "../../observe/process-facts.ts";

/** The processes and users that fit a rule now. */
export interface Fitting {
  /** The processes that run, and come from, the programs in the rule, and belong to its user. */
  pids: number[];
  /** The users in the rule, by name and number. */
  users: User[];
  /** True if the rule also asks for a container, unit or the like, which is not checked here. */
  partly: boolean;
}

export interface Resolved {
  /** Warnings about rules that may not mean what their author thinks. */
  warnings: string[];
  facts: string[];
}

const MOST_TOLD = 20;
const MOST_NAMED = 5;

/** `pids` returns the processes that run, and come from, the programs in a rule. */
export function resolveProcesses(
  rules: readonly RuleConfig[],
  users: readonly User[],
  pids: (rule: RuleConfig) => readonly number[],
): Resolved {
  const about = rules.filter(({ process }) => process !== undefined);
  const rest = about.length - MOST_TOLD;
  return {
    warnings: rules.flatMap((rule) => warn(rule, users)),
    facts: [
      ...about.slice(0, MOST_TOLD).map((rule) => `rule ${quote(rule.name)} fits ${fittingText(fittingOf(rule, users, pids(rule)))}`),
      ...(rest > 0 ? [`${counted(rest, "more rule is", "more rules are")} about processes; see each with weir rule show`] : []),
    ],
  };
}

export function fittingOf({ process }: RuleConfig, users: readonly User[], pids: readonly number[]): Fitting {
  const named = textsOf(process, "user");
  const fits = (user: Parameters<typeof fitsUser>[1]): boolean => named.some((text) => fitsUser(text, user));
  return {
    pids: named.length === 0 ? [...pids] : pids.filter((pid) => fits(ownerOf(pid, users))),
    users: users.filter(fits),
    partly: (["container", "unit", "pod", "namespace"] as const).some((key) => textsOf(process, key).length > 0),
  };
}

export function fittingText({ pids, users, partly }: Fitting): string {
  const some = (all: readonly (string | number)[]): string => all.slice(0, MOST_NAMED).join(", ") + (all.length > MOST_NAMED ? ", …" : "");
  const processes = `${counted(pids.length, "process", "processes")} now${pids.length === 0 ? "" : ` (${some(pids)})`}`;
  const part = partly ? ", of which those count that are in what it names" : "";
  return `${processes}${part}${users.length === 0 ? "" : `; its users: ${some(users.map(({ name, uid }) => `${name} ${uid}`))}`}`;
}

function ownerOf(pid: number, users: readonly User[]): { uid: number; name?: string } {
  try {
    const { uid } = statSync(`/proc/${pid}`);
    return users.find((user) => user.uid === uid) ?? { uid };
  } catch {
    return { uid: -1 }; // it has just ended
  }
}

function meant(text: string, users: readonly User[]): string {
  const known = nearest(
    text,
    users.map(({ name }) => name),
  );
  return known === undefined ? "" : `is ${quote(known)} meant? `;
}

function warn(rule: RuleConfig, users: readonly User[]): string[] {
  return processesOf(rule).flatMap((process) => [
    ...textsOf(process, "user")
      .filter((text) => !/^[0-9]+$/.test(text) && !users.some((user) => fitsUser(text, user)))
      .map(
        (text) =>
          `rule ${quote(rule.name)} names the user ${quote(text)}, and /etc/passwd has none that fits; ${meant(text, users)}name users of containers by their numbers`,
      ),
    ...(["executable", "parent"] as const)
      .flatMap((key) => textsOf(process, key))
      .filter((path) => !path.includes("*"))
      .flatMap((path) => warnOfPath(path).map((problem) => `rule ${quote(rule.name)} names ${quote(path)}, which ${problem}`)),
  ]);
}

function warnOfPath(path: string): string[] {
  try {
    const file = realpathSync(path);
    return file === path
      ? []
      : [`leads to ${quote(file)}: a process runs that file, and only a process with another root directory can fit`];
  } catch {
    return ["is no file of this host now; only a process with another root directory can fit"];
  }
}
