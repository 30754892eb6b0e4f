import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { deadlineIn } from "../../../agent/enforce/dynamic/clock.ts";
import { dynamicRule, StateDirectory } from "./fixture.ts";

test("rules outlive the agent, with their order, owner and reason, in a file for root alone", async () => {
  using state = new StateDirectory();
  const rules = [dynamicRule("d2", { uid: 7, reason: "so" }), dynamicRule("d1")];
  await state.open().keep(rules);
  assert.deepEqual(state.open().all, rules);
  assert.equal(statSync(state.file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(state.path), ["dynamic-rules.json"], "nothing half written stays");
});

test("an id is never given again, nor one that names another rule", async () => {
  using state = new StateDirectory();
  const store = state.open();
  assert.equal(
    store.nextId(() => false),
    "d1",
  );
  await store.keep([dynamicRule("d1"), dynamicRule("d2")]);
  await store.keep([]);
  assert.equal(
    store.nextId(() => false),
    "d3",
  );
  assert.equal(
    state.open().nextId((name) => name === "d3"),
    "d4",
  );
});

test("a clock that is set, forth or back, ends nothing early or late", async () => {
  using state = new StateDirectory();
  for (const hours of [1, -1]) {
    const store = state.open();
    await store.keep([dynamicRule("d1", { expires: deadlineIn(60, state.clock) })]);
    state.clock.milliseconds += hours * 3_600_000;
    state.clock.pass(59);
    for (const holder of [store, state.open()]) {
      assert.equal(holder.due().length, 0);
      assert.equal(holder.untilNext(), 1);
      assert.equal(holder.endOf(holder.all[0]!), new Date(state.clock.milliseconds + 1000).toISOString(), "told as the clock shows it now");
    }
    state.clock.pass(1);
    assert.deepEqual([store.due().length, state.open().due().length], [1, 1]);
  }
});

test("a rule has one end, however exactly the clocks are read", async () => {
  using state = new StateDirectory();
  const store = state.open();
  state.clock.milliseconds += 499;
  await store.keep([dynamicRule("d1", { expires: deadlineIn(60, state.clock) })]);
  const end = store.endOf(store.all[0]!);
  state.clock.milliseconds += 1; // read a little later than the boot clock
  assert.equal(store.endOf(store.all[0]!), end);
  assert.equal(state.open().endOf(store.all[0]!), end);
});

test("over a reboot the wall clock counts, as it was set last", async () => {
  using state = new StateDirectory();
  const store = state.open();
  await store.keep([dynamicRule("d1", { expires: deadlineIn(3600, state.clock) }), dynamicRule("d2")]);
  state.clock.milliseconds += 86_400_000;
  await store.followClock();
  state.clock.reboot(600);
  const after = state.open();
  assert.equal(after.untilNext(), 3000);
  assert.equal(after.due().length, 0);
  state.clock.reboot(3000);
  assert.deepEqual(
    state
      .open()
      .due()
      .map(({ id }) => id),
    ["d1"],
  );
});

test("the file is not written again as long as the clocks go together", async () => {
  using state = new StateDirectory();
  const store = state.open();
  await store.keep([dynamicRule("d1", { expires: deadlineIn(3600, state.clock) })]);
  rmSync(state.file);
  state.clock.pass(100);
  await store.followClock();
  assert.ok(!existsSync(state.file));
});

const GOOD = { next: 2, boot: "first", rules: [dynamicRule("d1")] };
const DAMAGED: [string, unknown, RegExp][] = [
  ["cut off", JSON.stringify(GOOD).slice(0, -4), /JSON/],
  ["zeros", "\0".repeat(100), /JSON/],
  ["empty", "", /JSON/],
  ["a list", [], /not an object/],
  ["no next id", { ...GOOD, next: 0 }, /next id/],
  ["an id from the future", { ...GOOD, next: 1 }, /d1 was not given yet/],
  ["an id twice", { ...GOOD, next: 3, rules: [dynamicRule("d1"), dynamicRule("d1")] }, /id of its own/],
  ["another id", { ...GOOD, rules: [dynamicRule("r1")] }, /id of its own/],
  [
    "a rule that is none",
    { ...GOOD, rules: [dynamicRule("d1", { rule: { name: "x", action: "bloc" } as never })] },
    /d1: action: "bloc" is not one of allow, block/,
  ],
  ["no time", { ...GOOD, rules: [dynamicRule("d1", { expires: { boot: null, wall: 1 } as never })] }, /d1 has no valid expiry/],
  ["no owner", { ...GOOD, rules: [dynamicRule("d1", { uid: "0" as never })] }, /who added it/],
];

test("a damaged file means no rules and a sentence; it is put aside, and its ids are not given again", async () => {
  for (const [what, content, expected] of DAMAGED) {
    using state = new StateDirectory();
    const text = typeof content === "string" ? content : JSON.stringify(content);
    writeFileSync(state.file, text);
    const store = state.open();
    assert.deepEqual(store.all, [], what);
    assert.match(store.trouble.join(), expected, what);
    assert.match(store.trouble.join(), /not in force: .*dynamic-rules\.json is damaged .*put aside as .*\.damaged/, what);
    assert.equal(readFileSync(`${state.file}.damaged`, "utf8"), text, what);
    assert.equal(
      store.nextId(() => false),
      text.includes('"d1"') ? "d2" : "d1",
      what,
    );
    await store.keep([dynamicRule("d9")]);
    assert.deepEqual([store.trouble, state.open().trouble], [[], []], what);
  }
});

test("rules that do not go together with the file's are put aside whole, and their ids are not given again", async () => {
  using state = new StateDirectory();
  const store = state.open();
  await store.keep([dynamicRule("d1"), dynamicRule("d2")]);
  const text = readFileSync(state.file, "utf8");
  await store.setAside(["name: x is taken"]);
  assert.deepEqual(store.all, []);
  assert.match(store.trouble.join(), /not in force: name: x is taken; they were put aside as .*\.refused/);
  assert.equal(readFileSync(`${state.file}.refused`, "utf8"), text);
  assert.equal(
    state.open().nextId(() => false),
    "d3",
  );
});

test("what the disk refuses has not happened", async () => {
  using state = new StateDirectory();
  const store = state.open();
  await store.keep([dynamicRule("d1")]);
  mkdirSync(`${state.file}.new`);
  await assert.rejects(store.keep([]));
  assert.deepEqual([store.all.length, state.open().all.length], [1, 1]);
});
