/** Which rules a question is about, and who can answer it: those of a file, or those in force. */

import { printable } from "../values/quote.ts";
import type { Kernel } from "../explain/inquiry.ts";
import type { RuleSet } from "../policy/explain-verdict.ts";
import type { RulesSource } from "../policy/compiled.ts";
import type { Arrival, Host, Policy } from "../policy/reference.ts";
import type { Call } from "./arguments.ts";
import { MOST_NETWORKS, type PolicyInForce } from "../service/contract.ts";
import { Refusal } from "../values/refusal.ts";
import { codeOf } from "../values/error-code.ts";
import { clientFor, settingsFor } from "./paths.ts";
import { note } from "./print.ts";
import type { OperatorSession } from "../values/session.ts";

export interface AskedRules extends RuleSet {
  policy: Policy & RulesSource;
  host: Partial<Host>;
  /** For people: `weir.yaml`, `the rules in force (generation 3)`. */
  called: string;
  /** Of the agent; absent where a file was asked. */
  inForce?: PolicyInForce;
}

/** The file that was named, else what the running agent has in force, else the file it would read. */
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

/** The facts about this host that an agent would find if it started here. */
async function hostHere(): Promise<Partial<Host>> {
  const { listAddresses, listLinks } = await import("../kernel/links.ts");
  const { ownEndsOf } = await import("../enforce/interfaces/own-ends.ts");
  try {
    return ownEndsOf(listLinks(), listAddresses());
  } catch (error) {
    note(`warning: tunnels are judged as if none ended on this host: ${printable((error as Error).message, 500)}`);
    return {};
  }
}

/** With what the sets hold, as far as these packets ask. */
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

/** The tables in the kernel if an agent runs, or tables made of the file where `fromFile` asks for them. Close it in the end. */
export async function kernelFor(
  { inForce, policy, host }: AskedRules,
  interfaceName: string,
  fromFile: boolean,
): Promise<Kernel & { close?: () => void }> {
  if (inForce === undefined && !fromFile)
    return { why: "these rules are in no kernel; --kernel loads them into tables of their own, as root" };
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

/** Whether those rules are still the ones in force: their tables are written again once they are not. */
export async function stillInForce({ inForce }: AskedRules, call: Call): Promise<boolean> {
  return inForce === undefined || (await (await clientFor(call)).status()).generation === inForce.generation;
}
