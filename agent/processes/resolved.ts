/** What rules about processes come to on this host now, in sentences for the operator. */

import { existsSync, statSync } from "node:fs";

import { textsOf } from "../../config/processes.ts";
import { quote } from "../../config/quote.ts";
import type { RuleConfig } from "../../config/types.ts";
import { processesOf } from "../rules/kinds.ts";
import { fitsUser } from "../rules/process-field.ts";
import type { User } from "./edition.ts";

export interface Resolved {
  /** Of rules that may not say what their author means. */
  warnings: string[];
  told: string[];
}

const MOST_TOLD = 20;
const MOST_PIDS = 5;

/** `pids`: of the processes that run, and come from, what a rule says. */
export function resolveProcesses(rules: readonly RuleConfig[], users: readonly User[], pids: (rule: RuleConfig) => readonly number[]): Resolved {
  const about = rules.filter((rule) => processesOf(rule).length > 0);
  const told = about.slice(0, MOST_TOLD).flatMap((rule) => (rule.process === undefined ? [] : [tell(rule, users, pids(rule))]));
  const rest = about.length - MOST_TOLD;
  return { warnings: about.flatMap((rule) => warn(rule, users)), told: rest > 0 ? [...told, `${rest} more rules are about processes; weir rule show tells of each`] : told };
}

function tell(rule: RuleConfig, users: readonly User[], pids: readonly number[]): string {
  const named = textsOf(rule.process, "user");
  const uids = users.filter((user) => named.some((text) => fitsUser(text, user))).map(({ name, uid }) => `${name} ${uid}`);
  const all = named.length === 0 ? pids : pids.filter((pid) => named.some((text) => fitsUser(text, ownerOf(pid, users))));
  const shown = all.slice(0, MOST_PIDS).join(", ") + (all.length > MOST_PIDS ? ", …" : "");
  const workload = (["container", "unit", "pod", "namespace"] as const).some((key) => textsOf(rule.process, key).length > 0);
  const count = `${all.length} ${all.length === 1 ? "process" : "processes"}${all.length === 0 ? "" : ` (${shown})`}`;
  return `rule ${quote(rule.name)} fits ${count} now${workload ? ", as far as they are in what it names" : ""}${uids.length === 0 ? "" : `; its users are ${uids.slice(0, MOST_PIDS).join(", ")}`}`;
}

function ownerOf(pid: number, users: readonly User[]): { uid: number; name?: string } {
  try {
    const { uid } = statSync(`/proc/${pid}`);
    return users.find((user) => user.uid === uid) ?? { uid };
  } catch {
    return { uid: -1 }; // it has just ended
  }
}

function warn(rule: RuleConfig, users: readonly User[]): string[] {
  return processesOf(rule).flatMap((process) => [
    ...textsOf(process, "user")
      .filter((text) => !/^[0-9]+$/.test(text) && !users.some((user) => fitsUser(text, user)))
      .map((text) => `rule ${quote(rule.name)} names the user ${quote(text)}, and this host has none`),
    ...(["executable", "parent"] as const)
      .flatMap((key) => textsOf(process, key))
      .filter((path) => !path.includes("*") && !existsSync(path))
      .map((path) => `rule ${quote(rule.name)} names ${quote(path)}, which is no file of this host now; only a process that sees another root can fit`),
  ]);
}
