import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { formatNetwork } from "../../../agent/values/address.ts";
import { anOrder, bench, network } from "./fixture.ts";

const texts = (store: { size: number; at(row: number): { network: ReturnType<typeof network> } }): string[] =>
  Array.from({ length: store.size }, (_, row) => formatNetwork(store.at(row).network)).toSorted();

test("bans outlive the agent, with who gave the order, when, why and until when, in a file for root alone", async () => {
  using first = await bench();
  const order = anOrder({ uid: 7, reason: "guesses pässwords", until: 5000 });
  await first.keeper.add([network("192.0.2.7"), network("2001:db8::/32")], order);
  await first.keeper.add([network("198.51.100.0/24")], anOrder());
  await first.keeper.remove([network("198.51.100.0/24")]);
  const { store } = await first.restart();
  assert.deepEqual(texts(store), ["192.0.2.7", "2001:db8::/32"]);
  assert.deepEqual(store.orderOf(network("192.0.2.7")), { ...order, count: 2 });
  assert.equal(statSync(first.journal).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(first.path), ["bans.journal"], "nothing half written stays");
});

test("what a crash cut off was never acknowledged, and does not harm what was", async () => {
  using first = await bench();
  await first.keeper.add([network("192.0.2.7")], anOrder());
  const whole = readFileSync(first.journal, "utf8");
  const cut = `${JSON.stringify({ order: 9, ...anOrder(), bans: 2 })}\n192.0.2.8\n`;
  for (const length of [5, cut.length - 11, cut.length - 3, cut.length]) {
    writeFileSync(first.journal, whole + cut.slice(0, length));
    const { store, keeper } = await first.restart();
    assert.deepEqual([texts(store), store.trouble], [["192.0.2.7"], []], `${length}`);
    await keeper.add([network("192.0.2.9")], anOrder());
    assert.deepEqual(texts((await first.restart()).store), ["192.0.2.7", "192.0.2.9"]);
  }
});

const FIRST = JSON.stringify({ weir: "bans", version: 1, boot: "first", epoch: 0 });
const DAMAGED: [string, string, RegExp][] = [
  ["zeros", "\0".repeat(100), /JSON/],
  ["empty", "", /JSON/],
  ["another file", "{}\n", /first line/],
  ["no boot", '{"weir":"bans","version":1}\n', /in which boot/],
  ["no block", `${FIRST}\n192.0.2.7\n`, /JSON/],
  ["a block of nothing", `${FIRST}\n{}\n`, /what follows/],
  ["a count that is none", `${FIRST}\n{"order":1,"until":0,"bans":-1}\n`, /what follows/],
  ["nobody's order", `${FIRST}\n{"order":1,"until":0,"bans":0}\n`, /who gave it/],
  ["what is no network", `${FIRST}\n{"remove":1}\n192.0.2.x\n`, /line 3 is not one network/],
];

test("a damaged journal is put aside, told, and nobody is banned", async () => {
  for (const [what, text, expected] of DAMAGED) {
    using first = await bench();
    await first.keeper.add([network("192.0.2.7")], anOrder());
    writeFileSync(first.journal, text);
    const again = await first.restart();
    assert.match(again.store.trouble.join(), expected, what);
    assert.deepEqual([again.inForce(), readFileSync(`${first.journal}.damaged`, "utf8")], [[], text], what);
    await again.keeper.add([network("192.0.2.8")], anOrder());
    assert.deepEqual(again.store.trouble, [], "until there is another");
    assert.deepEqual((await first.restart()).inForce(), ["192.0.2.8"]);
  }
});

test("a clock that is set, forth or back, ends nothing early or late; over a reboot it counts as it was set last", async () => {
  using first = await bench();
  const { clock } = first;
  await first.keeper.add([network("192.0.2.7")], anOrder({ until: clock.seconds + 3600 }));
  for (const hours of [5, -2]) {
    clock.milliseconds += hours * 3_600_000;
    await first.store.followClock();
    for (const { store } of [first, await first.restart()]) {
      assert.equal(store.untilNext(), 3600);
      assert.equal(store.endOf(store.orderOf(network("192.0.2.7"))!), new Date(clock.milliseconds + 3_600_000).toISOString());
    }
  }
  clock.reboot(600);
  assert.equal((await first.restart()).store.untilNext(), 3000);
  clock.pass(100);
  assert.equal((await first.restart()).store.untilNext(), 2900);
  clock.reboot(3000);
  const { store, keeper, inForce } = await first.restart();
  assert.equal(store.isOver(store.orderOf(network("192.0.2.7"))!), true);
  assert.deepEqual(
    keeper.sweep(10).map(({ network: one }) => formatNetwork(one)),
    ["192.0.2.7"],
  );
  assert.deepEqual([inForce(), store.size], [[], 0]);
});

test("a journal that is mostly out of date is written anew, with the same bans", async () => {
  using first = await bench();
  const many = Array.from({ length: 20_000 }, (_, index) => network(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`));
  for (let round = 0; round < 8; round++) await first.store.add(anOrder({ reason: `round ${round}` }), many);
  await first.store.remove(many.slice(2));
  assert.ok(first.store.isLong);
  const before = statSync(first.journal).size;
  await first.store.rewriteIfDue();
  assert.ok(statSync(first.journal).size < before / 100 && !first.store.isLong);
  const { store } = await first.restart();
  assert.deepEqual([texts(store), store.orderAt(0).reason], [["10.0.0.0", "10.0.0.1"], "round 7"]);
  await store.clear();
  assert.equal((await first.restart()).store.size, 0);
  assert.ok(!existsSync(`${first.journal}.new`));
});

test("a disk that refuses leaves everything as it was", async () => {
  using first = await bench();
  await first.keeper.add([network("192.0.2.7")], anOrder({ until: 2000 }));
  rmSync(first.journal);
  mkdirSync(first.journal);
  await assert.rejects(first.keeper.add([network("192.0.2.7"), network("192.0.2.8")], anOrder()));
  await assert.rejects(first.keeper.remove([network("192.0.2.7")]));
  assert.deepEqual([first.inForce(), first.store.size, first.store.orderOf(network("192.0.2.7"))?.until], [["192.0.2.7"], 1, 2000]);
});
