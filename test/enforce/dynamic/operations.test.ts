import assert from "node:assert/strict";
import { mkdirSync, rmdirSync } from "node:fs";
import { test, type TestContext } from "node:test";

import type { NewRule } from "../../../agent/service/contract.ts";
import { Refusal, type RefusalKind } from "../../../agent/values/refusal.ts";
import { type Bench, bench, blockRule } from "./fixture.ts";

const ROOT = { uid: 0, pid: 42 };

function blocking(more: Partial<NewRule> = {}): NewRule {
  return { rule: { action: "block", enforce: true, layer4: { protocol: "tcp", destination_ports: [80] } }, place: "last", ...more };
}

const refused =
  (kind: RefusalKind, ...details: RegExp[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.kind, kind);
    for (const [index, expected] of details.entries()) assert.match(error.details[index] ?? error.message, expected);
    assert.ok(error.next.length > 0);
    return true;
  };

/** Lets timers fire whose time has come, and what they began come to its end. */
async function tick(t: TestContext, milliseconds: number, { dynamic }: Bench): Promise<void> {
  t.mock.timers.tick(milliseconds);
  for (let turn = 0; turn < 10; turn++) {
    await new Promise(setImmediate);
    await dynamic.settled;
  }
}

test("rules stand where they are put, before those of the file", async () => {
  using it = bench([blockRule("in-file")]);
  const { operations, installed } = it;
  await operations.add(blocking({ place: "first" }), ROOT);
  await operations.add(blocking({ rule: { name: "web", action: "allow" } }), ROOT);
  await operations.add(blocking({ place: { before: "d2" } }), ROOT);
  assert.deepEqual(installed.at(-1), ["d1", "d3", "web", "in-file"]);
  await operations.move("d2", "first", ROOT);
  assert.deepEqual(installed.at(-1), ["web", "d1", "d3", "in-file"]);
  await operations.move("d2", { before: "d3" }, ROOT);
  assert.deepEqual(installed.at(-1), ["d1", "web", "d3", "in-file"]);
  await operations.move("d1", { before: "d1" }, ROOT);
  await operations.move("d1", "last", ROOT);
  assert.deepEqual(installed.at(-1), ["web", "d3", "d1", "in-file"]);
  await operations.delete(["d3", "d3", "d1"], ROOT);
  assert.deepEqual(installed.at(-1), ["web", "in-file"]);
  const { rules } = await operations.clear(ROOT);
  assert.deepEqual([rules.map(({ id }) => id), installed.at(-1)], [["d2"], ["in-file"]]);
  assert.deepEqual(it.state.open().all, []);
});

test("each operation is audited with who asked, and why", async () => {
  using it = bench();
  await it.operations.add(blocking({ reason: "ticket 42", for_s: 60 }), { uid: 7, pid: 43 });
  await it.operations.move("d1", "first", ROOT);
  await it.operations.delete(["d1"], ROOT);
  assert.deepEqual(it.audited, [
    {
      action: "RULE-ADD",
      uid: 7,
      detail: {
        rules: "d1:d1",
        rule: "block, enforced: tcp to any port 80",
        expires: "2026-11-21T00:01:00.000Z",
        reason: "ticket 42",
        generation: 1,
        pid: 43,
      },
    },
    { action: "RULE-MOVE", uid: 0, detail: { rules: "d1:d1", to: "first", generation: 2, pid: 42 } },
    { action: "RULE-DELETE", uid: 0, detail: { rules: "d1:d1", generation: 3, pid: 42 } },
  ]);
});

test("what is refused changes nothing, and is audited as refused", async () => {
  using it = bench([blockRule("in-file")]);
  const { operations, installed, audited } = it;
  await operations.add(blocking({ rule: { name: "mine", action: "allow" } }), ROOT);
  const wrong: [Promise<unknown>, ReturnType<typeof refused>][] = [
    [
      operations.add(blocking({ rule: { action: "bloc" } }), ROOT),
      refused("invalid", /^action: "bloc" is not one of allow, block; did you mean block\?$/),
    ],
    [
      operations.add(blocking({ rule: { action: "block", layer4: { destination_ports: [80] } } }), ROOT),
      refused("invalid", /^layer4\.destination_ports: destination_ports need the protocol tcp or udp$/),
    ],
    [
      operations.add(blocking({ rule: { action: "block", layr3: {} } }), ROOT),
      refused("invalid", /^layr3: unknown key "layr3"; did you mean layer3\?$/),
    ],
    [
      operations.add(blocking({ rule: { name: "in-file", action: "block" } }), ROOT),
      refused("invalid", /^name: "in-file" is already that of a rule of the file/),
    ],
    [
      operations.add(blocking({ rule: { name: "mine", action: "block" } }), ROOT),
      refused("invalid", /^name: "mine" is already that of the dynamic rule d1/),
    ],
    [operations.add(blocking({ until: it.state.clock.wall() - 1 }), ROOT), refused("invalid", /^until: this time is over already/)],
    [operations.add(blocking({ place: { before: "d7" } }), ROOT), refused("not_found", /no dynamic rule "d7"/)],
    [operations.delete(["d1", "r16"], ROOT), refused("not_found", /no dynamic rule "r16"/)],
    [operations.move("in-file", "last", ROOT), refused("not_found", /no dynamic rule "in-file"/)],
  ];
  for (const [attempt, expected] of wrong) await assert.rejects(attempt, expected);
  assert.equal(installed.length, 1);
  assert.deepEqual(
    audited.slice(1).map(({ action, uid }) => `${action} ${uid}`),
    wrong.map(() => "RULE-REFUSED 0"),
  );
  assert.equal(
    it.dynamic.nextId(() => false),
    "d2",
    "an attempt takes no id",
  );
});

test("what the compiler refuses, it refuses by name", async () => {
  using it = bench();
  const flags = (set: string) => ({ action: "block", layer4: { protocol: "tcp", flags: { set: [set] } } });
  for (let count = 0; count < 8; count++) await it.operations.add(blocking({ rule: flags("syn") }), ROOT);
  await assert.rejects(
    it.operations.add(blocking({ rule: { name: "ninth", ...flags("fin") } }), ROOT),
    refused("invalid", /"d1".*"ninth"/),
  );
  assert.equal(it.state.open().all.length, 8);
});

test("a change that the disk refuses is not in force", async () => {
  using it = bench();
  mkdirSync(`${it.state.file}.new`);
  await assert.rejects(it.operations.add(blocking(), ROOT), refused("failed", /nothing has changed: EISDIR/));
  assert.deepEqual([it.installed, it.dynamic.all], [[], []]);
});

test("warnings are about the rule that came, not about others", async () => {
  using it = bench([blockRule("all"), blockRule("shadowed-before")]);
  assert.deepEqual((await it.operations.add(blocking({ rule: { action: "allow", layer3: { source: ["10.0.0.1/8"] } } }), ROOT)).warnings, [
    'layer3.source[0]: "10.0.0.1/8" has bits set beyond its prefix and counts as 10.0.0.0/8; did you mean 10.0.0.0/8?',
  ]);
  await it.operations.add(blocking({ rule: { name: "everything", action: "allow" } }), ROOT);
  const { warnings } = await it.operations.add(blocking(), ROOT);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /"d3" matches nothing: "everything" before it allows all of it/);
});

test("a rule goes when its time is over, once, and nobody is named who did it", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  using it = bench([blockRule("in-file")]);
  await it.operations.add(blocking({ for_s: 2.5 }), ROOT);
  await it.operations.add(blocking({ rule: { name: "too", action: "block" }, for_s: 2.5 }), ROOT);
  await it.operations.add(blocking({ rule: { name: "later", action: "block" }, for_s: 60 }), ROOT);
  it.state.clock.milliseconds += 3_600_000;
  for (const milliseconds of [1000, 1000, 490]) {
    it.state.clock.pass(milliseconds / 1000);
    await tick(t, milliseconds, it);
  }
  assert.equal(it.installed.length, 3, "not before");
  it.state.clock.pass(0.01);
  await tick(t, 10, it);
  assert.deepEqual(it.installed.slice(3), [["later", "in-file"]]);
  assert.deepEqual(it.audited.at(-1), { action: "RULE-EXPIRED", detail: { rules: "d1:d1,d2:too", generation: 4 } });
  assert.deepEqual(
    it.state.open().all.map(({ id }) => id),
    ["d3"],
  );
});

test("a machine that slept ends what is over within a second after", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  using it = bench();
  await it.operations.add(blocking({ for_s: 3600 }), ROOT);
  it.state.clock.pass(7200);
  await tick(t, 1000, it);
  assert.deepEqual(it.installed.at(-1), []);
});

test("what ended goes also where the disk is full", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  using it = bench();
  await it.operations.add(blocking({ for_s: 1 }), ROOT);
  mkdirSync(`${it.state.file}.new`);
  it.state.clock.pass(1);
  await tick(t, 1000, it);
  assert.deepEqual([it.installed.at(-1), it.dynamic.all], [[], []]);
  assert.match(it.said.join(), /cannot be struck from the state directory/);
  rmdirSync(`${it.state.file}.new`);
  assert.equal(it.state.open().due().length, 1, "the next start drops it");
});

test("where the rules that remain are refused, the ended one stays, which is said, audited and tried again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const flags = (name: string) => blockRule(name, { enforce: false, layer4: { protocol: "tcp", flags: { set: ["syn"] } } });
  using it = bench([1, 2, 3, 4, 5].map((number) => flags(`file-${number}`)));
  for (let count = 0; count < 3; count++) await it.operations.add(blocking({ rule: { ...flags(`d-${count}`) } }), ROOT);
  await it.operations.add(blocking({ rule: { name: "between", action: "allow" }, for_s: 1 }), ROOT);
  it.fileRules.push(flags("one-more"));
  const changes = it.installed.length;
  it.state.clock.pass(1);
  await tick(t, 1000, it);
  assert.equal(it.installed.length, changes);
  assert.match(it.said.at(-1)!, /stay in force.*tried again in a minute.*"one-more"/);
  assert.match(JSON.stringify(it.audited.at(-1)), /RULE-REFUSED.*"what":"expire".*d4:between/);
  it.fileRules.pop();
  await tick(t, 60_000, it);
  assert.ok(!it.installed.at(-1)!.includes("between"));
});
