import assert from "node:assert/strict";
import { test } from "node:test";
import { Reference } from "../../agent/policy/reference.ts";
import { CASES } from "./cases.ts";
import { NOON } from "./clock.ts";
import { Members } from "./members.ts";
import { policyOf } from "./policy.ts";

test("there are at least 300 cases, each with a name of its own", () => {
  assert.ok(CASES.length >= 300, `${CASES.length} cases`);
  const names = CASES.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});

for (const { name, config, host, steps } of CASES) {
  test(`the reference: ${name}`, () => {
    let now = NOON;
    const members = new Members();
    const bans = [...(host?.bans ?? [])];
    const reference = new Reference(policyOf(config), { ...host, bans, isMember: members.isMember }, () => now);
    for (const [index, step] of steps.entries()) {
      if ("reload" in step) reference.reload(policyOf(step.reload));
      else if ("mode" in step) reference.setMode(step.mode);
      else if ("bans" in step) bans.splice(0, bans.length, ...step.bans);
      else if ("wait" in step) now += step.wait * 1000;
      else if ("members" in step) {
        members.take(step.members);
        reference.refresh();
      } else assert.deepEqual(reference.judge(step.packet), step.expect, `step ${index + 1}`);
    }
  });
}
