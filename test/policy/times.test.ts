import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

import { bootClock, weekSeconds } from "../../agent/policy/boot-clock.ts";
import { compile } from "../../agent/policy/compile.ts";
import { Endings } from "../../agent/policy/endings.ts";
import { explainRule } from "../../agent/policy/explain.ts";
import type { Subject } from "../../agent/policy/subject.ts";
import { parseMoment, parseTimeOfDay } from "../../agent/values/time.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";

/** A Wednesday, by local time. */
const NOON = new Date(2026, 10, 18, 12).getTime();
const SECOND = 1000;
const HOUR = 3600 * SECOND;
const WEEK_SECONDS = 7 * 86_400;

const ending = (name: string, at: number): RuleText => ({ name, action: "block", expires: new Date(at).toISOString() });
const rulesOf = (...rules: RuleText[]) => policyOf({ rules }).rules;

test("moments are dates with a time that there is, and without a zone they are local", () => {
  assert.equal(parseMoment("2026-12-01T00:00:00Z"), Date.UTC(2026, 11, 1));
  assert.equal(parseMoment("2026-12-01T01:00+01:00"), Date.UTC(2026, 11, 1));
  assert.equal(parseMoment("2026-12-01T08:30"), new Date(2026, 11, 1, 8, 30).getTime());
  assert.equal(parseMoment("2028-02-29T00:00Z"), Date.UTC(2028, 1, 29));
  for (const text of ["2026-12-01", "2026-02-29T00:00Z", "2026-13-01T00:00Z", "2026-12-01T25:00Z", "2026-12-01 00:00Z", "1764547200"])
    assert.equal(parseMoment(text), undefined, text);
});

test("times of the day go from 00:00 to 24:00", () => {
  assert.deepEqual(["00:00", "08:05", "23:59", "24:00"].map(parseTimeOfDay), [0, 485, 1439, 1440]);
  for (const text of ["24:01", "8:00", "08:60", "08"]) assert.equal(parseTimeOfDay(text), undefined, text);
});

test("the boot clock and the seconds of the week make local time, whenever the machine was started", () => {
  const expected = (2 * 24 + 12) * 3600;
  for (const boot of [0, 5, 86_400, WEEK_SECONDS - 1, WEEK_SECONDS, 50 * WEEK_SECONDS + 12_345]) {
    const offset = weekSeconds(NOON, boot);
    assert.ok(offset >= 0 && offset < WEEK_SECONDS, `${offset}`);
    assert.equal((boot + offset) % WEEK_SECONDS, expected, `${boot}`);
  }
});

test("a week with a change to summer time has its seconds by the clock on the wall", () => {
  const script = `
    import { weekSeconds } from ${JSON.stringify(join(import.meta.dirname, "../../agent/policy/boot-clock.ts"))};
    const seconds = (text) => weekSeconds(Date.parse(text), 0);
    console.log(JSON.stringify([seconds("2026-03-29T00:59:00Z"), seconds("2026-03-29T01:01:00Z"), seconds("2026-10-25T00:59:00Z"), seconds("2026-10-25T01:01:00Z")].map((second) => second / 60 - 6 * 1440)));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, TZ: "Europe/Berlin" },
    encoding: "utf8",
  });
  assert.equal(stdout.trim(), JSON.stringify([119, 181, 179, 121]), stderr);
});

test("the end of a rule is a second of the boot clock, and never before its moment", () => {
  const clock = bootClock(() => NOON);
  const [now, later] = [clock.bootSecondAt(NOON), clock.bootSecondAt(NOON + HOUR)];
  assert.ok(later - now >= 3599 && later - now <= 3601);
  assert.ok(clock.bootSecondAt(NOON) >= performance.now() / SECOND - 1);
});

test("rules that are over are left out with a warning, and the others stand", () => {
  const compiled = compile(
    policyOf({ rules: [ending("over", NOON - 1), ending("stands", NOON + HOUR)] }),
    undefined,
    bootClock(() => NOON),
  );
  assert.deepEqual(compiled.warnings, [`rule "over" is left out: it expired at ${new Date(NOON - 1).toISOString()}`]);
  assert.equal(
    compiled.file.alternatives,
    compile(
      policyOf({ rules: [ending("stands", NOON + HOUR)] }),
      undefined,
      bootClock(() => NOON),
    ).file.alternatives,
  );
});

test("any number of rules that hold at times may lie over each other, and none of them hides another", () => {
  const many = Array.from({ length: 50 }, (_, index) => ending(`rule-${index}`, NOON + HOUR + index));
  const { warnings } = compile(
    policyOf({
      rules: [...many.map((rule): RuleText => ({ ...rule, action: "allow" })), { name: "last", action: "block", enforce: true }],
    }),
    undefined,
    bootClock(() => NOON),
  );
  assert.deepEqual(warnings, []);
});

test("what was compiled is stale once a rule ended, or the clock was set while rules are to end", () => {
  const rules = rulesOf(ending("first", NOON + HOUR), ending("second", NOON + 2 * HOUR), ending("before", NOON - HOUR), {
    name: "lasting",
    action: "allow",
  });
  const endings = new Endings(rules, NOON, 1000);
  assert.ok(!endings.isStale(NOON + HOUR - SECOND, 1000 + 3599));
  assert.ok(endings.isStale(NOON + HOUR, 1000 + 3600));
  assert.deepEqual(endings.over(rules, NOON + HOUR), ["first"]);
  assert.deepEqual(endings.over(rules, NOON + 2 * HOUR), ["first", "second"]);
  assert.ok(endings.isStale(NOON - HOUR, 1001), "the clock was set back");
  assert.ok(!new Endings(rulesOf({ name: "lasting", action: "allow" }), NOON, 1000).isStale(NOON - HOUR, 1001));
});

test("what a rule asks of the time and of open connections is explained", () => {
  const [rule] = rulesOf({
    name: "rule",
    action: "block",
    schedule: [
      { days: ["sat", "sun"], from: "00:00", to: "24:00" },
      { days: ["wed"], from: "11:00", to: "13:00" },
    ],
    expires: "2026-01-01T00:00:00Z",
    layer4: { connections_over: { count: 3, by: "rule" } },
  });
  const subject = { now: NOON, counted: new Map([["rule", { connections: 3 }]]), direction: "ingress" } as unknown as Subject;
  assert.deepEqual(explainRule(rule!, subject), [
    { field: "schedule", matched: true, want: "sat,sun 00:00-24:00 or wed 11:00-13:00", got: "wed 12:00" },
    { field: "expires", matched: false, want: "before 2026-01-01T00:00:00Z", got: new Date(NOON).toISOString() },
    { field: "layer4.connections_over", matched: true, want: "3 open by rule", got: "3 open" },
  ]);
});
