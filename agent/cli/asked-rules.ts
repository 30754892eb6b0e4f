/** Finds the rules that a question is about, and the parts that answer it. The rules are those of a file, or those in force. */

import { printable } from "../values/quote.ts";
import type { Kernel } from "../explain/inquiry.ts";
import type { RuleSet } from "../policy/explain-verdict.ts";
import type { RulesSource } from "../policy/compiled.ts";
import type { Arrival, Host, Policy } from "../policy/reference.ts";
import type { Call } from "./arguments.ts";
import type { PolicyInForce } from "../service/contract.ts";
import { MOST_NETWORKS } from "../service/requests/networks.ts";
import { Refusal } from "../values/refusal.ts";
import { codeOf } from "../values/error-code.ts";
import { clientFor, settingsFor } from "./paths.ts";
import { note } from "./print.ts";
import type { OperatorSession } from "../values/session.ts";

export interface AskedRules extends RuleSet {
  policy: Policy & RulesSource;
  host: Partial<Host>;
  /** A name for people: `weir.yaml`, `the rules in force (generation 3)`. */
  called: string;
  /** The agent's policy; absent if the rules come from a file. */
  inForce?: PolicyInForce;
}

/** Returns the rules of the file that was named, else those in force in the running agent, else those of the file that it would read. */
export async function rulesFor(call: Call): Promise<AskedRules> {
  if (call.has("config")) return rulesOfFile(call);
  const client = await clientFor(call);
  try {
    return rulesInForce(await client.policy());
  } catch (error) {
    const nobody = error instanceof Refusal && ["ENOENT", "ECONNREFUSED"].includes(codeOf(error.cause));
    if (!nobody || call.has("socket")) throw error;
    return rulesOfFile(call);
  }
}

async function rulesOfFile(call: Call): Promise<AskedRules> {
  const { config, path, sourceOf } = await settingsFor(call);
  return { policy: config, sourceOf, host: await hostHere(), called: path ?? "the built-in defaults, which have no rules" };
}

/** Returns the facts about this host that an agent would find if it started here. */
async function hostHere(): Promise<Partial<Host>> {
  const { listAddresses, listLinks } = await import("../kernel/links.ts");
  const { ownEndsOf } = await import("../enforce/interfaces/own-ends.ts");
  try {
    return ownEndsOf(listLinks(), listAddresses());
  } catch (error) {
    note(`warning: weir judges tunnels as if none ended on this host: ${printable((error as Error).message, 500)}`);
    return {};
  }
}

/** Adds the members of sets, as far as these packets need them. */
export async function withMembers(rules: AskedRules, arrivals: Iterable<Arrival>, call: Call): Promise<AskedRules> {
  if (Object.keys(rules.policy.sets).length === 0) return rules;
  const { addressesIn, membershipBy, membershipByFiles } = await import("../explain/membership.ts");
  if (rules.inForce === undefined) {
    const { isMember, problems } = await membershipByFiles(rules.policy.sets);
    for (const problem of problems) note(`warning: ${printable(problem, 1000)}`);
    return { ...rules, host: { ...rules.host, isMember } };
  }
  const client = await clientFor(call);
  const addresses = addressesIn(arrivals);
  const holding: Record<string, string[]> = {};
  for (let from = 0; from < addresses.length; from += MOST_NETWORKS)
    Object.assign(holding, await client.setsHolding(addresses.slice(from, from + MOST_NETWORKS)));
  return { ...rules, host: { ...rules.host, isMember: membershipBy(holding) } };
}

function rulesInForce(inForce: PolicyInForce): AskedRules {
  const { policy, mode, rules, sessions, tunnels = [], addresses = [], generation } = inForce;
  return {
    policy: { ...policy, mode },
    sourceOf: (rule) => rules[rule]?.source ?? "not known",
    host: { sessions: sessions.map(hostSession), tunnels, addresses },
    called: `the rules in force (generation ${generation})`,
    inForce,
  };
}

function hostSession({ address, remote_port, local_port }: OperatorSession): Host["sessions"][number] {
  return { remote: { address, port: remote_port }, localPort: local_port };
}

/**
 * Returns the kernel with the tables of a running agent, or with tables made of the file if `fromFile` asks for them. The caller
 * closes it.
 */
export async function kernelFor(
  { inForce, policy, host }: AskedRules,
  interfaceName: string,
  fromFile: boolean,
): Promise<Kernel & { close?: () => void }> {
  if (inForce === undefined && !fromFile)
    return { why: "these rules are not in the kernel; --kernel loads them into tables of their own, as root" };
  const { KernelJudge } = await import("../explain/kernel-judge.ts");
  try {
    const judge = inForce === undefined ? await KernelJudge.over(policy, [], host) : KernelJudge.inForce(tablesOf(inForce));
    const hook = inForce?.interfaces.find(({ name }) => name === interfaceName)?.hook === "xdp" ? "xdp" : "tc";
    return { judge, hook, close: () => judge.close() };
  } catch (error) {
    return { why: (error as Error).message };
  }
}

function tablesOf({
  tables,
  generation,
  capacity,
  kinds,
  policy,
  rules,
  interfaces,
}: PolicyInForce): Parameters<typeof import("../explain/kernel-judge.ts").KernelJudge.inForce>[0] {
  return {
    path: tables,
    generation,
    capacity,
    kinds,
    names: new Map(rules.map(({ slot }, index) => [slot, policy.rules[index]!.name])),
    ifindexes: new Map(interfaces.map(({ name, ifindex }) => [name, ifindex])),
  };
}

/** Returns whether those rules are still in force. If not, their tables may have been overwritten. */
export async function stillInForce({ inForce }: AskedRules, call: Call): Promise<boolean> {
  return inForce === undefined || (await (await clientFor(call)).status()).generation === inForce.generation;
}
