/**
 * Mutated frames through the kernel programs and the reference: both must say the same, and the kernel must count
 * what it said. WEIR_FUZZ_FRAMES sets how many, WEIR_FUZZ_SEED repeats a run.
 */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { readFaults, readTraffic, readUndecided } from "../../agent/observe/events/counters.ts";
import { type Arrival, type Outcome, Reference } from "../../agent/policy/reference.ts";
import { INTERFACE } from "../conformance/case.ts";
import { CASES } from "../conformance/cases.ts";
import { cannotRun, KernelJudge } from "../conformance/kernel-judge.ts";
import { NOON } from "../conformance/clock.ts";
import { FAMILIES } from "../conformance/family.ts";
import { Members } from "../conformance/members.ts";
import { policyOf, type PolicyText } from "../conformance/policy.ts";
import { enterOwnNamespace, ip, stayOnCpu } from "../harness/own-namespace.ts";
import { requires, root } from "../harness/require.ts";
import { FOUND } from "./found.ts";
import { mutated } from "./mutate.ts";
import { fuzzRun, Random } from "../harness/random.ts";
import { OF_STATE, segment } from "./segments.ts";
import type { Sequence, Trial } from "./sequence.ts";

/** So many frames meet one state, which then is forgotten. */
const TOGETHER = 50;
const INTERFACES = [INTERFACE, INTERFACE, INTERFACE, "eth1"];

interface Difference {
  step: number;
  kernel: unknown;
  reference: unknown;
}

// What a case wants of the host beyond its rules would have to be made for each sequence; rules are what differs here.
const PACKETS = CASES.flatMap(({ steps }) => steps.flatMap((step) => ("packet" in step ? [step.packet] : [])));
const FRAMES = PACKETS.filter((packet) => packet.ethernet !== false).map(({ frame }) => frame);
/** Seconds whose sums are not those that the cases speak of: how long the test itself takes must not matter. */
const WAITS = [701, 3001, 7001, 90_001];
const POLICIES = CASES.flatMap(({ config, steps }) => [config, ...steps.flatMap((step) => ("reload" in step ? [step.reload] : []))]);
/** Of those policies, and who comes into them and goes. */
const SETS = [...new Set(POLICIES.flatMap(({ sets = {} }) => Object.keys(sets)))];
const COMING = FAMILIES.flatMap(({ local, remote, stranger, prefix }) => [local, remote, stranger, prefix.text]);

test("mutated frames are judged by the kernel programs as by the reference, and counted", requires(root()), async (t) => {
  const { amount, seed } = fuzzRun(60_000);
  t.diagnostic(`seed ${seed}, ${amount} frames`);
  stayOnCpu(0);
  enterOwnNamespace();
  const judge = new KernelJudge(makeDevices());
  after(() => judge.close());
  const random = new Random(seed);
  const told = new Map<string, number>();
  const reasons = new Map<string, number>();
  let ran = 0;
  for (let round = 0; ran < amount; round++) {
    const sequence = FOUND[round] ?? makeSequence(random);
    const difference = await run(judge, sequence, (outcome) => {
      ran++;
      told.set(outcome.verdict, (told.get(outcome.verdict) ?? 0) + 1);
      if (outcome.reason !== null && outcome.verdict !== "carried") reasons.set(outcome.reason, (reasons.get(outcome.reason) ?? 0) + 1);
    });
    if (difference !== undefined) assert.fail(`seed ${seed}:\n${await explain(judge, sequence, difference)}`);
  }
  t.diagnostic(`verdicts: ${JSON.stringify(Object.fromEntries(told))}`);
  t.diagnostic(`reasons: ${JSON.stringify(Object.fromEntries(reasons))}`);
  assert.deepEqual(verdictsCounted(judge), sorted(told));
  assert.deepEqual(sorted(new Map(Object.entries(readUndecided(judge.plane.map("undecided"))))), sorted(reasons));
  assert.deepEqual(readFaults(judge.plane.map("faults")), {});
  assert.equal(told.size, 5, "not every verdict was met");
  assert.ok(reasons.size >= 20, `only ${reasons.size} reasons were met`);
});

function makeDevices(): Map<string, number> {
  for (const [number, name] of [...new Set(INTERFACES)].entries()) {
    ip("link", "add", name, "type", "veth", "peer", "name", `peer${number}`);
    ip("link", "set", name, "up");
    ip("link", "set", `peer${number}`, "up");
  }
  ip("address", "add", "192.0.2.1/24", "dev", INTERFACE);
  ip("route", "add", "default", "via", "192.0.2.2");
  ip("-6", "route", "add", "default", "dev", INTERFACE);
  const links = JSON.parse(ip("-j", "link", "show")) as { ifname: string; ifindex: number }[];
  return new Map(links.filter(({ ifname }) => INTERFACES.includes(ifname)).map(({ ifname, ifindex }) => [ifname, ifindex]));
}

function makeSequence(random: Random): Sequence {
  const hook = random.pick(["xdp", "tc"] as const);
  const ofSegments = random.oneIn(3);
  const config = ofSegments && random.oneIn(2) ? OF_STATE : makePolicy(random);
  // A few frames and what becomes of them meet again and again, so that state is met.
  const frames = Array.from({ length: 12 }, () => random.pick(FRAMES));
  const steps: Trial[] = [];
  while (steps.length < TOGETHER) {
    if (random.oneIn(60)) steps.push({ mode: random.pick(["detect", "prevent"] as const) });
    else if (random.oneIn(60)) steps.push({ reload: makePolicy(random) });
    else if (random.oneIn(60)) steps.push({ wait: random.pick(WAITS) });
    else if (random.oneIn(60))
      steps.push({
        members: Object.fromEntries(SETS.filter(() => random.oneIn(3)).map((name) => [name, COMING.filter(() => random.oneIn(3))])),
      });
    const packet: Arrival =
      ofSegments && !random.oneIn(10)
        ? segment(random)
        : {
            frame: mutated(random.oneIn(4) ? FRAMES : frames, random),
            hook: random.pick(["ingress", "egress"] as const),
            interface: random.pick(INTERFACES),
          };
    if (cannotRun(packet, hook) === undefined) steps.push({ packet });
  }
  return { config, hook, steps };
}

function makePolicy(random: Random): PolicyText {
  const config = random.pick(POLICIES);
  const defaults = random.oneIn(3)
    ? { ...config.defaults, on_error: random.pick([{ ingress: "block" }, { egress: "block" }] as const) }
    : config.defaults;
  return { ...config, mode: random.pick(["detect", "prevent"] as const), ...(defaults === undefined ? {} : { defaults }) };
}

/** The first step that the two judge differently; stops there. */
async function run(
  judge: KernelJudge,
  { config, hook, steps }: Sequence,
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<Difference | undefined> {
  let now = NOON;
  const members = new Members();
  const bans: string[] = [];
  const reference = new Reference(policyOf(config), { isMember: members.isMember, bans }, () => now);
  await judge.start(policyOf(config));
  for (const [step, trial] of steps.entries()) {
    if ("mode" in trial) {
      judge.setMode(trial.mode);
      reference.setMode(trial.mode);
    } else if ("wait" in trial) {
      now += trial.wait * 1000;
      judge.pass(trial.wait);
    } else if ("members" in trial) {
      await judge.setMembers(trial.members);
      members.take(trial.members);
      reference.refresh();
    } else if ("bans" in trial) {
      judge.ban(trial.bans);
      bans.splice(0, bans.length, ...trial.bans);
    } else if ("reload" in trial) {
      await judge.reload(policyOf(trial.reload));
      reference.reload(policyOf(trial.reload));
    } else {
      const said = ask(() => judge.judge(trial.packet, hook));
      const meant = ask(() => reference.judge(trial.packet));
      if (!isSame(said, meant)) return { step, kernel: said, reference: meant };
      onOutcome(meant as Outcome);
    }
  }
  return undefined;
}

function ask(judge: () => Outcome): Outcome | Error {
  try {
    return judge();
  } catch (error) {
    return error as Error;
  }
}

function isSame(one: Outcome | Error, other: Outcome | Error): boolean {
  if (one instanceof Error || other instanceof Error) return false;
  return one.verdict === other.verdict && one.rule === other.rule && one.staged === other.staged && one.reason === other.reason;
}

/** The shortest sequence found that still shows a difference, in words. */
async function explain(judge: KernelJudge, sequence: Sequence, first: Difference): Promise<string> {
  let shown = first;
  let steps = sequence.steps.slice(0, first.step + 1);
  const shorter = async (candidate: readonly Trial[]): Promise<boolean> => {
    const difference = await run(judge, { ...sequence, steps: candidate });
    if (difference === undefined) return false;
    shown = difference;
    steps = candidate.slice(0, difference.step + 1);
    return true;
  };
  for (let at = steps.length - 2; at >= 0; at--) await shorter(steps.toSpliced(at, 1));
  for (let removed = 64; removed >= 1; removed /= 2) {
    for (let last = steps.at(-1)!; ; last = steps.at(-1)!) {
      const cut = cutBy(last, removed);
      if (cut === undefined || cannotRun(cut.packet, sequence.hook) !== undefined || !(await shorter(steps.with(-1, cut)))) break;
    }
  }
  return [
    `policy ${JSON.stringify(sequence.config)}, ingress on ${sequence.hook}`,
    ...steps.map(
      (trial, step) =>
        `${step + 1}. ${"packet" in trial ? `${trial.packet.hook} ${trial.packet.interface} ${Buffer.from(trial.packet.frame).toString("hex")}` : JSON.stringify(trial)}`,
    ),
    `kernel:    ${said(shown.kernel)}`,
    `reference: ${said(shown.reference)}`,
  ].join("\n");
}

/** The trial with fewer bytes at the frame's end. */
function cutBy(trial: Trial, bytes: number): { packet: Arrival } | undefined {
  if (!("packet" in trial) || trial.packet.frame.length <= bytes) return undefined;
  return { packet: { ...trial.packet, frame: trial.packet.frame.subarray(0, trial.packet.frame.length - bytes) } };
}

function said(outcome: unknown): string {
  return outcome instanceof Error ? (outcome.stack ?? outcome.message) : JSON.stringify(outcome);
}

function verdictsCounted(judge: KernelJudge): [string, number][] {
  const counted = new Map<string, number>();
  const slots = new Set(INTERFACES).size + 1;
  for (let slot = 0; slot < slots; slot++) {
    for (const { verdict, packets } of readTraffic(judge.plane.map("traffic"), slot, String(slot)))
      counted.set(verdict, (counted.get(verdict) ?? 0) + packets);
  }
  return sorted(counted);
}

function sorted(counts: Map<string, number>): [string, number][] {
  return [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
}
