/** Every conformance case through the eyes of `weir explain`: both judges are asked, and the explanation fits the verdict. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { JudgePair } from "../../agent/explain/inquiry.ts";
import { KernelJudge } from "../../agent/explain/kernel-judge.ts";
import { explainVerdict } from "../../agent/policy/explain-verdict.ts";
import type { Arrival, Host } from "../../agent/policy/reference.ts";
import type { Case } from "../conformance/case.ts";
import { CASES } from "../conformance/cases.ts";
import { NOON } from "../conformance/clock.ts";
import { policyOf } from "../conformance/policy.ts";
import { requires, root } from "../harness/require.ts";

const sourceOf = (index: number): string => `test:${index + 1}`;

for (const { name, config, host, steps } of CASES) {
  test(`the explanation fits the verdict: ${name}`, () => {
    const policy = policyOf(config);
    let now = NOON;
    const pair = new JudgePair(policy, host ?? {}, { why: "this is about the reference" }, () => now);
    for (const step of steps) {
      if ("reload" in step || "members" in step || "bans" in step) return; // JudgePair lives under one policy
      if ("mode" in step) pair.mode = step.mode;
      else if ("wait" in step) now += step.wait * 1000;
      else {
        const judged = pair.judge(step.packet);
        assert.deepEqual(judged.outcome, step.expect);
        const { verdict, rule, conditions, staged, undecided } = explainVerdict({ policy, sourceOf }, judged.outcome, judged.steps);
        assert.equal(verdict, step.expect.verdict);
        assert.equal(rule.name, step.expect.rule);
        assert.equal(staged?.rule.name ?? null, step.expect.staged);
        assert.equal(undecided?.reason ?? null, step.expect.reason);
        assert.ok(
          conditions.every(({ matched }) => matched === true),
          JSON.stringify(conditions),
        );
        if (rule.name === "failsafe") assert.equal(conditions.length, 1, "a failsafe says which it is");
      }
    }
  });
}

test("the kernel agrees with the reference wherever explain asks it", requires(root()), async (t) => {
  const judge = await KernelJudge.over(policyOf());
  after(() => judge.close());
  let asked = 0;
  for (const hook of ["tc", "xdp"] as const) {
    for (const one of CASES.filter(fitsEmptyHost)) {
      await t.test(`${hook}: ${one.name}`, async () => {
        const policy = policyOf(one.config);
        await judge.take(
          policy,
          (one.host?.sessions ?? []).map(({ remote, localPort }) => ({
            remoteAddress: remote.address,
            remotePort: remote.port,
            localPort,
          })),
          one.host,
        );
        const pair = new JudgePair(policy, one.host ?? {}, { judge, hook });
        for (const step of one.steps) {
          if ("mode" in step) pair.mode = step.mode;
          if (!("packet" in step)) continue;
          const { kernel } = pair.judge(step.packet);
          if (!kernel.asked) return;
          asked++;
          assert.ok(kernel.agrees, JSON.stringify(kernel));
        }
      });
    }
  }
  assert.ok(asked > 800, `only ${asked} packets were asked about`);
});

/** The host has no sockets and no bans, forwards nothing, and frames are as they are in a file. */
function fitsEmptyHost({ host = {}, steps }: Case): boolean {
  const plain = ({ gso, ethernet, metadataTags }: Arrival): boolean => !gso && ethernet !== false && (metadataTags ?? []).length === 0;
  const bare = ({ listening = [], established = [], bans = [], loopback = ["lo"], leavesUnseen = false }: Partial<Host>): boolean =>
    listening.length + established.length + bans.length === 0 && !leavesUnseen && loopback.every((name) => name === "lo");
  return (
    bare(host) &&
    steps.every(
      (step) =>
        !("reload" in step) &&
        !("members" in step) &&
        !("bans" in step) &&
        !("wait" in step) &&
        (!("packet" in step) || plain(step.packet)),
    )
  );
}
