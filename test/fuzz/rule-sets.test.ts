/**
 * Rule sets of every shape, and packets that meet them, or nearly: the kernel programs and the reference must agree on
 * each. A pair on which they do not is reported with as few rules as still show it.
 */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { LARGEST } from "../../agent/rules/capacity.ts";
import { Reference, type Arrival, type Outcome } from "../../agent/rules/reference.ts";
import type { Sets } from "../../config/sets.ts";
import type { Ports } from "../../config/types.ts";
import { NOON } from "../conformance/clock.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";
import { enterOwnNamespace, ip, stayOnCpu } from "../harness/own-namespace.ts";
import { fuzzRun, Random } from "../harness/random.ts";
import { requires, root } from "../harness/require.ts";
import { DENSE, openingFor, type Profile, PROFILES } from "../harness/rule-sets.ts";
import { arrivalOf, atTimes, varied } from "./vary.ts";

/** Packets are judged one by one, so that many small sets find more than few large ones; some must be large. */
const SIZES = [3, 10, 17, 40, 100, 300, 1000];
const PACKETS = 200;
const SHAPES: Profile[] = [...Object.values(PROFILES), ...Object.values(DENSE)];

test("the kernel programs find the rules that the reference finds, whatever the shape of the rule set", requires(root()), async (t) => {
  const { amount, seed } = fuzzRun(20_000);
  t.diagnostic(`seed ${seed}, ${amount} packets`);
  stayOnCpu(0);
  enterOwnNamespace();
  ip("link", "add", "eth0", "type", "veth", "peer", "name", "far");
  ip("link", "set", "eth0", "up");
  const [{ ifindex }] = JSON.parse(ip("-j", "link", "show", "eth0")) as [{ ifindex: number }];
  const judge = new KernelJudge(new Map([["eth0", ifindex]]), LARGEST);
  after(() => judge.close());
  const random = new Random(seed);
  const moments = new Random(seed + 1);
  const found = new Map<string, number>();
  for (let judged = 0; judged < amount; judged += PACKETS) {
    const plain = atTimes(moments, varied(random, random.pick(SHAPES)(random, random.pick(SIZES))));
    const packets = Array.from({ length: PACKETS }, () => arrivalOf(random, openingFor(random, plain)));
    const { sets, rules } = random.oneIn(3) ? withSets(random, plain) : { sets: {}, rules: plain };
    const inFront = random.oneIn(3) ? 0 : random.below(rules.length + 1);
    for (const { packet, is, want } of await differences(judge, policy(rules, sets), inFront, packets)) {
      const { fewest, front } = await shrink(judge, rules, sets, inFront, packet);
      assert.deepEqual(is, want, `seed ${seed}: ${JSON.stringify({ sets, rules: fewest, front, hook: packet.hook, frame: Buffer.from(packet.frame).toString("hex") })}`);
    }
    for (const packet of packets.slice(0, 20)) {
      const { verdict, rule } = new Reference(policy(rules, sets), {}, () => NOON).judge(packet);
      const what = `${verdict} by ${rule === "default" || rule === "on_error" ? rule : "a rule"}`;
      found.set(what, (found.get(what) ?? 0) + 1);
    }
  }
  t.diagnostic(`of every tenth packet: ${JSON.stringify(Object.fromEntries(found))}`);
  for (const what of ["passed by a rule", "passed by default", "dropped by a rule"]) assert.ok((found.get(what) ?? 0) > 0, `no packet was ${what}`);
});

/** The first difference; both remember the packets before. The kernel has so many of the rules in front of the others. */
async function differences(judge: KernelJudge, policy: ReturnType<typeof policyOf>, inFront: number, packets: readonly Arrival[]): Promise<{ packet: Arrival; is: Outcome; want: Outcome }[]> {
  const [front, behind] = [policy.rules.slice(0, inFront), { ...policy, rules: policy.rules.slice(inFront) }];
  await judge.start(behind);
  if (inFront > 0 && !(await judge.changeFront(front))) await judge.start({ ...behind, front });
  const reference = new Reference(policy, {}, () => NOON);
  for (const packet of packets) {
    const [is, want] = [judge.judge(packet, "xdp"), reference.judge(packet)];
    if (JSON.stringify(is) !== JSON.stringify(want)) return [{ packet, is, want }];
  }
  return [];
}

/** Takes rules away as long as the two still differ. */
async function shrink(judge: KernelJudge, rules: readonly RuleText[], sets: Sets, inFront: number, packet: Arrival): Promise<{ fewest: readonly RuleText[]; front: number }> {
  let fewest = rules;
  let front = inFront;
  for (let part = Math.ceil(fewest.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let from = 0; from < fewest.length; ) {
      const rest = fewest.toSpliced(from, part);
      const frontRest = front - Math.max(0, Math.min(front - from, part));
      if ((await differences(judge, policy(rest, sets), frontRest, [packet])).length > 0) [fewest, front] = [rest, frontRest];
      else from += part;
    }
  }
  return { fewest, front };
}

const policy = (rules: readonly RuleText[], sets: Sets): ReturnType<typeof policyOf> => policyOf({ mode: "prevent", failsafe: { management_ports: [] }, sets, rules });

/** Some addresses and ports as members of sets, beside others of the same rules. */
function withSets(random: Random, rules: readonly RuleText[]): { sets: Sets; rules: RuleText[] } {
  const sets: Record<string, { addresses: string[]; ports: Ports[] }> = Object.fromEntries(Array.from({ length: 1 + random.below(5) }, (_, number) => [`s${number}`, { addresses: [], ports: [] }]));
  const moved = <T extends Ports>(list: T[] | undefined, of: "addresses" | "ports"): T[] | undefined => {
    if (list === undefined || list.length === 0 || random.oneIn(2)) return list;
    const name = random.pick(Object.keys(sets));
    (sets[name]![of] as Ports[]).push(list[0]!);
    return [`@${name}` as T, ...list.slice(1)];
  };
  const replaced = rules.map((rule) => {
    // What leaves out a part of an end cannot name sets there.
    const [source, destination] = (["source", "destination"] as const).map((end) => (rule.not?.layer3?.[end] === undefined ? moved(rule.layer3?.[end], "addresses") : rule.layer3?.[end]));
    const ports = moved(rule.layer4?.destination_ports, "ports");
    return {
      ...rule,
      ...(rule.layer3 && { layer3: { ...(source && { source }), ...(destination && { destination }) } }),
      ...(rule.layer4 && { layer4: { ...rule.layer4, ...(ports && { destination_ports: ports }) } }),
    };
  });
  return { sets, rules: replaced };
}
