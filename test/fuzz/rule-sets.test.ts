/**
 * Rule sets of every shape, and packets that meet them, or nearly: the kernel programs, by XDP and by TC, and the
 * reference must agree on each. A difference is reported with as few rules and packets as still show it.
 */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { LARGEST } from "../../agent/policy/capacity.ts";
import { RulesRefused } from "../../agent/policy/compile.ts";
import { FIELD_ENTRIES } from "../../agent/policy/fields/index.ts";
import { type Outcome, Reference } from "../../agent/policy/reference.ts";
import { NOON } from "../conformance/clock.ts";
import { type IngressHook, KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf } from "../conformance/policy.ts";
import { fewest } from "../harness/fewest.ts";
import { enterOwnNamespace, ip, stayOnCpu } from "../harness/own-namespace.ts";
import { fuzzRun, Random } from "../harness/random.ts";
import { requires, root } from "../harness/require.ts";
import { makeTrial, PACKETS, type Trial } from "./trial.ts";
import { INTERFACES } from "./vary.ts";

/** What one of a trial's packets was judged by the kernel, by this program, and by the reference. */
interface Difference {
  packet: number;
  hook: IngressHook;
  kernel: Outcome;
  reference: Outcome;
}

test("the kernel programs find the rules that the reference finds, whatever the shape of the rule set", requires(root()), async (t) => {
  const { amount, seed } = fuzzRun(20_000);
  t.diagnostic(`seed ${seed}, ${amount} packets`);
  stayOnCpu(0);
  enterOwnNamespace();
  const judge = new KernelJudge(makeDevices(), LARGEST);
  after(() => judge.close());
  const random = new Random(seed);
  const found = new Map<string, number>();
  let [judged, trials] = [0, 0];
  while (judged < amount) {
    const trial = makeTrial(random);
    trials++;
    const difference = await run(judge, trial, ({ verdict, rule }) => {
      judged++;
      const what = `${verdict} by ${rule === "default" || rule === "on_error" ? rule : "a rule"}`;
      found.set(what, (found.get(what) ?? 0) + 1);
    });
    if (difference !== undefined) assert.fail(`seed ${seed}:\n${await explain(judge, trial, difference)}`);
  }
  t.diagnostic(`${judged} packets of ${trials} rule sets by each program: ${JSON.stringify(Object.fromEntries(found))}`);
  assert.ok(judged > trials * PACKETS * 0.95, "too many rule sets were refused");
  for (const what of ["passed by a rule", "passed by default", "dropped by a rule", "undecided by on_error"])
    assert.ok((found.get(what) ?? 0) > 0, `no packet was ${what}`);
});

test("the rule sets ask for every field in every way", () => {
  const random = new Random(1);
  const asked = new Set<string>();
  for (let round = 0; round < 150; round++) {
    for (const rule of policyOf({ rules: makeTrial(random).rules.map(({ rule }) => rule) }).rules) {
      for (const [path, field] of FIELD_ENTRIES) for (const { operator } of field.wants(rule)) asked.add(`${path} ${operator}`);
    }
  }
  const known = FIELD_ENTRIES.flatMap(([path, { operators }]) => Object.keys(operators).map((operator) => `${path} ${operator}`));
  assert.deepEqual(
    known.filter((use) => !asked.has(use)),
    [],
  );
});

function makeDevices(): Map<string, number> {
  for (const [number, name] of INTERFACES.entries()) {
    ip("link", "add", name, "type", "veth", "peer", "name", `far${number}`);
    ip("link", "set", name, "up");
  }
  const links = JSON.parse(ip("-j", "link", "show")) as { ifname: string; ifindex: number }[];
  return new Map(links.filter(({ ifname }) => INTERFACES.includes(ifname)).map(({ ifname, ifindex }) => [ifname, ifindex]));
}

/** The first difference. Both remember the packets before; what they remember is forgotten between the programs. */
async function run(
  judge: KernelJudge,
  { rules, packets, ...rest }: Trial,
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<Difference | undefined> {
  const policy = policyOf({ ...rest, rules: rules.map(({ rule }) => rule) });
  const inFront = rules.filter((placed) => placed.inFront).length;
  const [front, behind] = [policy.rules.slice(0, inFront), { ...policy, rules: policy.rules.slice(inFront) }];
  try {
    await judge.start(behind);
    if (inFront > 0 && !(await judge.changeFront(front))) await judge.start({ ...behind, front });
  } catch (error) {
    if (error instanceof RulesRefused) return undefined; // nothing to judge by
    throw error;
  }
  const reference = new Reference(policy, {}, () => NOON);
  const meant = packets.map((packet) => reference.judge(packet));
  for (const hook of ["xdp", "tc"] as const) {
    for (const [number, packet] of packets.entries()) {
      const kernel = judge.judge(packet, hook);
      if (JSON.stringify(kernel) !== JSON.stringify(meant[number])) return { packet: number, hook, kernel, reference: meant[number]! };
    }
    judge.forget();
  }
  for (const outcome of meant) onOutcome(outcome);
  return undefined;
}

/** The least found that still shows a difference, in words. */
async function explain(judge: KernelJudge, whole: Trial, first: Difference): Promise<string> {
  let shown = first;
  const differs = async (trial: Trial): Promise<boolean> => {
    const difference = await run(judge, trial);
    if (difference !== undefined) shown = difference;
    return difference !== undefined;
  };
  const last = { ...whole, packets: whole.packets.slice(0, first.packet + 1) };
  const packets = await fewest(last.packets, (rest) => differs({ ...last, packets: rest }));
  const rules = await fewest(last.rules, (rest) => differs({ ...last, packets, rules: rest }));
  const { rules: _, packets: __, ...rest } = whole;
  await differs({ ...rest, rules, packets });
  return [
    `policy ${JSON.stringify(rest).slice(0, 2000)}`,
    ...rules.map(({ rule, inFront }) => `${inFront ? "front" : "rule"} ${JSON.stringify(rule)}`),
    ...packets.map(
      ({ hook, interface: device, frame }, number) => `${number + 1}. ${hook} ${device} ${Buffer.from(frame).toString("hex")}`,
    ),
    `packet ${shown.packet + 1}, ingress by ${shown.hook}`,
    `kernel:    ${JSON.stringify(shown.kernel)}`,
    `reference: ${JSON.stringify(shown.reference)}`,
  ].join("\n");
}
