/**
 * The same traffic in detect and in prevent: prevent drops exactly what detect said that it would drop, both remember the same,
 * and the reference agrees. What detect only carried is left out, because without its connection nobody would have sent it.
 * WEIR_FUZZ_FRAMES sets how many packets, WEIR_FUZZ_SEED repeats a run.
 */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Decision, Flow } from "../../agent/generated/layout.ts";
import { type Arrival, type Outcome, Reference } from "../../agent/policy/reference.ts";
import { INTERFACE } from "../conformance/case.ts";
import { CASES } from "../conformance/cases.ts";
import { NOON } from "../conformance/clock.ts";
import { FAMILIES } from "../conformance/family.ts";
import { type IngressHook, KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf, type PolicyText } from "../conformance/policy.ts";
import { enterOwnNamespace, ip, stayOnCpu } from "../harness/own-namespace.ts";
import { fuzzRun, Random } from "../harness/random.ts";
import { requires, root } from "../harness/require.ts";
import { Conversations } from "./conversations.ts";

/** So many packets meet one state, which then is forgotten. */
const TOGETHER = 2000;
const POLICIES = CASES.flatMap(({ config, steps }) => [config, ...steps.flatMap((step) => ("reload" in step ? [step.reload] : []))]);
const BANNED = FAMILIES.map(({ stranger }) => stranger);

test("prevent drops the connections that detect named, and no other", requires(root()), async (t) => {
  const { amount, seed } = fuzzRun(20_000);
  t.diagnostic(`seed ${seed}, ${amount} packets`);
  stayOnCpu(0);
  enterOwnNamespace();
  const devices = makeDevice();
  const judges = { detect: new KernelJudge(devices), prevent: new KernelJudge(devices) };
  after(() => Object.values(judges).forEach((judge) => judge.close()));
  const random = new Random(seed);
  const told = new Map<string, number>();
  for (let ran = 0; ran < amount; ran += TOGETHER) {
    const hook = random.oneIn(20) ? "xdp" : "tc"; // a test run of XDP takes a hundred times as long
    const bans = random.oneIn(3) ? [...BANNED] : [];
    let policy = makePolicy(random);
    for (const mode of ["detect", "prevent"] as const) await judges[mode].start(policyOf({ ...policy, mode }), { bans });
    const reference = new Reference(policyOf({ ...policy, mode: "detect" }), { bans }, () => NOON);
    const conversations = new Conversations(random, FAMILIES);
    for (let step = 0; step < TOGETHER; step++) {
      if (random.oneIn(250)) {
        policy = random.oneIn(2) ? makePolicy(random) : withAnother(random, policy);
        for (const mode of ["detect", "prevent"] as const) await judges[mode].reload(policyOf({ ...policy, mode }));
        reference.reload(policyOf({ ...policy, mode: "detect" }));
      }
      if (random.oneIn(500)) {
        bans.splice(0, bans.length, ...(bans.length === 0 ? BANNED : []));
        for (const mode of ["detect", "prevent"] as const) judges[mode].ban(bans);
      }
      const said = compare(
        judges,
        reference,
        conversations.next(),
        hook,
        () => `seed ${seed}, packet ${ran + step}, policy ${JSON.stringify(policy)}`,
      );
      told.set(said, (told.get(said) ?? 0) + 1);
    }
    assert.deepEqual(remembered(judges.detect), remembered(judges.prevent), `seed ${seed}, before packet ${ran + TOGETHER}`);
  }
  t.diagnostic(`verdicts of detect: ${JSON.stringify(Object.fromEntries(told))}`);
  assert.equal(told.size, 4, "not every verdict was met");
});

/** Answers what detect said of the packet. */
function compare(
  { detect, prevent }: Record<"detect" | "prevent", KernelJudge>,
  reference: Reference,
  packet: Arrival,
  hook: IngressHook,
  where: () => string,
): string {
  const seen = withoutAnswer(detect.judge(packet, hook));
  assert.deepEqual(seen, withoutAnswer(reference.judge(packet)), `the reference: ${where()}`);
  if (seen.verdict === "carried") return seen.verdict;
  const met = withoutAnswer(prevent.judge(packet, hook));
  const expected: Omit<Outcome, "answer"> = { ...seen, verdict: seen.verdict === "would_drop" ? "dropped" : seen.verdict };
  assert.deepEqual(met, expected, where());
  return seen.verdict;
}

function withoutAnswer({ answer: _, ...outcome }: Outcome): Omit<Outcome, "answer"> {
  return outcome;
}

/** What rules may ask about later: how many are open, and of each connection its decision and how far TCP is. */
function remembered({ plane }: KernelJudge): unknown {
  const hex = (bytes: Buffer): string => bytes.toString("hex");
  const flows = ["flows", "unproven_flows", "openings_in", "openings_out", "pings_in", "pings_out"].flatMap((table) =>
    [...plane.map(table).entries()].map(({ key, value }) => {
      const { at, count, stride } = Flow.tcp_flags;
      const [slot, conditions] = [value.readUInt32LE(Flow.decision.at + Decision.slot), value[Flow.decision.at + Decision.condition_count]];
      return [table, hex(key), slot, conditions, hex(value.subarray(at, at + count * stride))].join(" ");
    }),
  );
  const open = [...plane.map("open_connections").entries()].map(({ key, value }) => `${hex(key)} ${value.readBigInt64LE()}`);
  return { flows: flows.sort(), open: open.sort(), rates: [...plane.map("rates").entries()].map(({ key }) => hex(key)).sort() };
}

function makePolicy(random: Random): PolicyText {
  const config = random.pick(POLICIES);
  const side = (): "allow" | "block" => (random.oneIn(4) ? "block" : "allow");
  return {
    ...config,
    defaults: { action: side(), on_error: { ingress: side(), egress: side() }, ...(random.oneIn(2) && config.defaults) },
  };
}

/** The same rules, behind one that was not there before. */
function withAnother(random: Random, policy: PolicyText): PolicyText {
  const { rules: others = [], sets = {} } = makePolicy(random);
  const rules = (policy.rules ?? []).filter(({ name }) => name !== "another");
  return others.length === 0
    ? policy
    : { ...policy, sets: { ...sets, ...policy.sets }, rules: [{ ...random.pick(others), name: "another" }, ...rules] };
}

function makeDevice(): Map<string, number> {
  ip("link", "add", INTERFACE, "type", "veth", "peer", "name", "peer0");
  for (const name of [INTERFACE, "peer0"]) ip("link", "set", name, "up");
  const links = JSON.parse(ip("-j", "link", "show")) as { ifname: string; ifindex: number }[];
  return new Map(links.filter(({ ifname }) => ifname === INTERFACE).map(({ ifname, ifindex }) => [ifname, ifindex]));
}
