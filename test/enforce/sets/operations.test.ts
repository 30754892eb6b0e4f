import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import type { NewMembers, SetChange } from "../../../agent/service/contract.ts";
import { Refusal } from "../../../agent/values/refusal.ts";
import { FakeMemory } from "../bans/fixture.ts";
import { eventually } from "../../harness/eventually.ts";
import { type SetBench, setBench } from "./fixture.ts";

const ROOT = { uid: 0, pid: 1 };

function add({ operations }: SetBench, set: string, networks: string[], more: Partial<NewMembers> = {}): Promise<SetChange> {
  return operations.add({ set, networks, check_only: false, ...more }, ROOT);
}

async function refused(change: () => unknown): Promise<Refusal> {
  try {
    await change();
  } catch (error) {
    assert.ok(error instanceof Refusal && error.next !== "");
    return error;
  }
  assert.fail("it was not refused");
}

test("what is added is a member beside what is configured, has connections ask again, and is audited", async () => {
  using some = await setBench({ bad: { addresses: ["192.0.2.0/24"] }, other: {} });
  const { changed, members, expires } = await add(some, "bad", ["198.51.100.7", "2001:db8::/32"], { for_s: 60, reason: "scans" });
  assert.deepEqual([changed, members, expires], [2, 3, new Date(some.clock.milliseconds + 60_000).toISOString()]);
  assert.deepEqual(some.inForce(), ["bad 192.0.2.0/24 0", "bad 198.51.100.7 1060", "bad 2001:db8::/32 1060"]);
  assert.equal(some.refreshed(), 1);
  assert.deepEqual(some.audited, [
    {
      action: "SET-ADD",
      uid: 0,
      detail: { set: "bad", networks: "198.51.100.7,2001:db8::/32", members: 2, until: expires, reason: "scans", pid: 1 },
    },
  ]);
  assert.equal((await add(some, "other", ["::/0"])).changed, 2);
  assert.deepEqual(
    some.operations.list().map(({ name, members, from }) => [name, members, from]),
    [
      ["bad", 3, { configuration: 1, file: 0, command: 2 }],
      ["other", 2, { configuration: 0, file: 0, command: 2 }],
    ],
  );
});

test("the last to say it says when a member ends, yet never before what is configured", async () => {
  using some = await setBench({ bad: { addresses: ["192.0.2.7"] } });
  await add(some, "bad", ["192.0.2.7", "192.0.2.8"], { for_s: 600 });
  await add(some, "bad", ["192.0.2.8"], { for_s: 60 });
  assert.deepEqual(some.inForce(), ["bad 192.0.2.7 0", "bad 192.0.2.8 1060"]);
  await add(some, "bad", ["192.0.2.8"]);
  assert.deepEqual(some.inForce(), ["bad 192.0.2.7 0", "bad 192.0.2.8 0"]);
});

test("what is refused says why, names the nearest set, is audited, and changes nothing", async () => {
  using some = await setBench({ partners: {}, web: { ports: [80] } });
  const unknown = await refused(() => add(some, "partnrs", ["192.0.2.7"]));
  assert.deepEqual([unknown.message, unknown.next], ['There is no set "partnrs".', "Did you mean partners?"]);
  assert.match((await refused(() => add(some, "quite-another", ["192.0.2.7"]))).next, /Write it into "sets" of the configuration/);
  assert.match((await refused(() => add(some, "web", ["192.0.2.7"]))).message, /The set web holds only ports/);
  assert.deepEqual((await refused(() => add(some, "partners", ["192.0.2.7", "192.0.2.300"]))).details, [
    '192.0.2.300: "192.0.2.300" has a part above 255',
  ]);
  assert.deepEqual((await refused(() => add(some, "partners", ["192.0.2.7"], { until: some.clock.milliseconds - 1 }))).details, [
    "until: this time is over already",
  ]);
  assert.match(
    (await refused(() => some.operations.remove({ set: "partners", networks: ["192.0.2.9"] }, ROOT))).details.join(),
    /192\.0\.2\.9: no command put it into the set partners/,
  );
  await refused(() => some.operations.members({ set: "partnrs", limit: 10 }));
  assert.deepEqual(
    [some.inForce(), some.refreshed(), some.audited.map(({ action }) => action)],
    [[], 0, Array.from({ length: 6 }, () => "SET-REFUSED")],
  );
  assert.equal((await add(some, "partners", ["192.0.2.7"], { check_only: true })).changed, 0);
  assert.deepEqual(some.inForce(), []);
});

test("what is removed is out, unless the configuration or a wider prefix keeps it in, which is said", async () => {
  using some = await setBench({ bad: { addresses: ["192.0.2.0/24"] } });
  await add(some, "bad", ["192.0.2.7", "198.51.100.7", "203.0.113.1-203.0.113.3"]);
  assert.match(
    (await refused(() => some.operations.remove({ set: "bad", networks: ["192.0.2.0/24"] }, ROOT))).details.join(),
    /no command put it into the set bad; it is there by 192\.0\.2\.0\/24 of the configuration/,
  );
  const { changed, warnings } = await some.operations.remove({ set: "bad", networks: ["192.0.2.7", "198.51.100.7"] }, ROOT);
  assert.deepEqual([changed, warnings], [2, ["192.0.2.7 is still in the set bad, by 192.0.2.0/24 of the configuration"]]);
  assert.deepEqual(some.inForce(), ["bad 192.0.2.0/24 0", "bad 203.0.113.1 0", "bad 203.0.113.2/31 0"]);
  assert.equal((await some.operations.remove({ set: "bad", networks: "all" }, ROOT)).changed, 2);
  assert.deepEqual(some.inForce(), ["bad 192.0.2.0/24 0"]);
  assert.equal((await some.operations.remove({ set: "bad", networks: "all" }, ROOT)).changed, 0);
});

test("members come back with the next start, those that are over do not, and a rewritten configuration keeps them", async () => {
  using some = await setBench({ bad: {}, other: {} });
  await add(some, "bad", ["192.0.2.7"], { for_s: 60 });
  await add(some, "bad", ["192.0.2.8", "2001:db8::/32"], { for_s: 6000, reason: "scans" });
  await add(some, "other", ["192.0.2.9"]);
  assert.equal(statSync(join(some.path, "sets/bad.journal")).mode & 0o777, 0o600);
  some.clock.pass(60);
  const again = await some.restart();
  assert.deepEqual(
    again.inForce().filter((one) => !one.endsWith(" 1060")),
    ["bad 192.0.2.8 7000", "bad 2001:db8::/32 7000", "other 192.0.2.9 0"],
  );
  await eventually("those that are over go", () => again.inForce().length === 3);
  assert.deepEqual(again.audited, [{ action: "SET-EXPIRED", detail: { set: "bad", networks: "192.0.2.7", members: 1 } }]);
  await again.configure({ bad: { addresses: ["203.0.113.0/24"] } });
  assert.deepEqual(again.inForce(), ["bad 192.0.2.8 7000", "bad 2001:db8::/32 7000", "bad 203.0.113.0/24 0"]);
  await again.configure({ bad: {}, other: {} });
  some.clock.reboot(40);
  const booted = await again.restart();
  const left = ["bad 192.0.2.8 5905", "bad 2001:db8::/32 5905", "other 192.0.2.9 0"];
  await eventually("those that still count, by the clock of this boot", () => booted.inForce().join() === left.join());
  assert.deepEqual(
    booted.operations
      .members({ set: "bad", network: "192.0.2.8", limit: 10 })
      .members.map(({ network, from, reason }) => [network, from, reason]),
    [["192.0.2.8", "command", "scans"]],
  );
});

test("a journal that is damaged is put aside and told, and the other sets are as they were", async () => {
  using some = await setBench({ bad: {}, other: {} });
  await add(some, "bad", ["192.0.2.7"]);
  await add(some, "other", ["192.0.2.9"]);
  appendFileSync(join(some.path, "sets/bad.journal"), "so\n");
  const again = await some.restart();
  assert.deepEqual(again.inForce(), ["other 192.0.2.9 0"]);
  assert.match(
    again.library.trouble.join(),
    /nothing that was added to the set bad is in force: .*bad\.journal is damaged .*; add again what you need/,
  );
  assert.deepEqual(readdirSync(join(some.path, "sets")).toSorted(), ["bad.journal", "bad.journal.damaged", "other.journal"]);
});

test("where there is no room, all or nothing is added", async () => {
  using some = await setBench({ bad: {} }, new FakeMemory(64, 3));
  await add(some, "bad", ["2001:db8::/32"]);
  const { details, message } = await refused(() =>
    add(some, "bad", ["192.0.2.7", "2001:db8:1::/48", "2001:db8:2::/48", "2001:db8:3::/48"]),
  );
  assert.match(`${message} ${details.join()}`, /no room for it.*the table of prefixes is full/);
  assert.deepEqual(some.inForce(), ["bad 2001:db8::/32 0"]);
  assert.deepEqual((await some.restart()).inForce(), ["bad 2001:db8::/32 0"]);
});

test("a list of members tells where each is from, and of an address what covers it, page by page", async () => {
  using some = await setBench({ bad: { addresses: ["192.0.0.0/16"] } });
  await add(some, "bad", ["192.0.2.0/24", "192.0.2.7", "192.0.3.1", "2001:db8::/32"]);
  const found = (network: string): string[] =>
    some.operations.members({ set: "bad", network, limit: 10 }).members.map((row) => `${row.network} ${row.from}`);
  assert.deepEqual(found("192.0.2.7"), ["192.0.0.0/16 configuration", "192.0.2.7 command", "192.0.2.0/24 command"]);
  assert.deepEqual(found("192.0.3.0/24"), ["192.0.0.0/16 configuration", "192.0.3.1 command"]);
  assert.deepEqual(found("198.51.100.1"), []);
  const pages: string[] = [];
  for (let from: number | undefined, more = true; more; ) {
    const { members, next, total } = some.operations.members({ set: "bad", limit: 2, ...(from === undefined ? {} : { from }) });
    assert.equal(total, 5);
    pages.push(members.map(({ network }) => network).join());
    [from, more] = [next, next !== undefined];
  }
  assert.deepEqual(pages, ["2001:db8::/32,192.0.3.1", "192.0.2.7,192.0.2.0/24", "192.0.0.0/16"]);
  assert.deepEqual(some.operations.holding({ addresses: ["192.0.2.7", "198.51.100.1", "2001:db8::1"] }), {
    "192.0.2.7": ["bad"],
    "198.51.100.1": [],
    "2001:db8::1": ["bad"],
  });
});

test("a file is taken again when it changes, also when another is put in its place; a bad or missing one leaves what was", async () => {
  using some = await setBench({});
  const file = join(some.path, "feed.txt");
  writeFileSync(file, "192.0.2.7\n192.0.2.8\n");
  await some.configure({ feed: { file, addresses: ["203.0.113.1"] } });
  const holds = (...members: string[]): Promise<unknown> =>
    eventually(`the set is ${members.join()}`, () => some.inForce().join() === members.map((one) => `feed ${one} 0`).join());
  await holds("192.0.2.7", "192.0.2.8", "203.0.113.1");
  writeFileSync(file, "192.0.2.8\n192.0.2.9\n");
  await holds("192.0.2.8", "192.0.2.9", "203.0.113.1");
  writeFileSync(`${file}.new`, "198.51.100.0/24\n");
  renameSync(`${file}.new`, file);
  await holds("198.51.100.0/24", "203.0.113.1");
  const before = some.inForce();
  writeFileSync(file, "192.0.2.7\nnobody\n");
  await eventually("the bad file is told of", () => some.operations.list()[0]?.problem?.includes('feed.txt:2: "nobody" is not an address'));
  assert.deepEqual(some.inForce(), before);
  assert.match(some.said.at(-1)!, /^warn: the file of the set feed is not used: .*; its earlier content stays in force$/);
  rmSync(file);
  await eventually("the missing file is told of", () => some.operations.list()[0]?.problem?.includes("no such file"));
  assert.deepEqual(some.inForce(), before);
  writeFileSync(file, "");
  await holds("203.0.113.1");
  assert.equal(some.operations.list()[0]?.problem, undefined);
  await some.configure({ feed: { addresses: ["203.0.113.1"] } });
  assert.deepEqual(some.library.trouble, []);
});

test("a change between the first reading of a file and its watch is not missed", async () => {
  using some = await setBench({});
  const file = join(some.path, "feed.txt");
  writeFileSync(file, "192.0.2.7\n");
  const sets = { feed: { file } };
  await (await some.keeper.prepare(await some.library.open(sets), { feed: 0 }, 0)).finish();
  writeFileSync(file, "192.0.2.8\n192.0.2.9\n");
  some.operations.configure();
  await eventually("the new members", () => some.keeper.sets.get("feed")?.listed.networks.size === 2);
});

test("a start that finds the file missing or bad goes on with what it held when it was good, unless its time is over", async () => {
  using some = await setBench({});
  const file = join(some.path, "feed.txt");
  const sets = { feed: { file, ttl: "10m" } };
  writeFileSync(file, "\ufeff192.0.2.7\n192.0.2.8 # and this\n");
  await some.configure(sets);
  const kept = join(some.path, "sets/feed.list");
  assert.equal(statSync(kept).mode & 0o777, 0o600);
  utimesSync(kept, some.clock.milliseconds / 1000, some.clock.milliseconds / 1000);
  writeFileSync(file, "nobody\n");
  some.clock.pass(200);
  const again = await some.restart();
  assert.deepEqual(again.inForce(), ["feed 192.0.2.7 1600", "feed 192.0.2.8 1600"]);
  assert.match(
    again.library.trouble.join(),
    /^the file of the set feed is not used: \S+feed\.txt:1: "nobody" is not an address.*; its content of 2026-11-21T00:00:00\.000Z is in force$/,
  );
  rmSync(file);
  assert.deepEqual((await some.restart()).inForce(), ["feed 192.0.2.7 1600", "feed 192.0.2.8 1600"]);
  const other = join(some.path, "other.txt");
  await again.configure({ feed: { ...sets.feed, file: other } });
  assert.deepEqual(again.inForce(), [], "that was another file");
  some.clock.pass(400);
  await again.configure(sets);
  assert.deepEqual((await again.restart()).inForce(), []);
});

test("a list that cannot be kept is in force, and that is told", async () => {
  using some = await setBench({});
  const file = join(some.path, "feed.txt");
  writeFileSync(file, "192.0.2.7\n");
  mkdirSync(join(some.path, "sets/feed.list.new"), { recursive: true });
  await some.configure({ feed: { file } });
  assert.deepEqual(some.inForce(), ["feed 192.0.2.7 0"]);
  assert.match(some.library.trouble.join(), /the file of the set feed is in force, but no copy could be kept for a start .*EISDIR/);
});

test("with a ttl what a file held is out when it was not written again in time, and what a command added ends then", async () => {
  using some = await setBench({});
  const file = join(some.path, "feed.txt");
  writeFileSync(file, "192.0.2.7\n");
  await some.configure({ feed: { file, ttl: "10m" } });
  await add(some, "feed", ["192.0.2.9"]);
  await add(some, "feed", ["192.0.2.10"], { for_s: 3600 });
  assert.deepEqual(some.inForce(), ["feed 192.0.2.10 4600", "feed 192.0.2.7 1600", "feed 192.0.2.9 1600"]);
  some.clock.pass(300);
  utimesSync(file, 1, 1); // the same again
  await eventually("it is taken again", () => some.inForce().includes("feed 192.0.2.7 1900"));
  some.clock.pass(400);
  await eventually("what was added is out", () => some.inForce().join() === "feed 192.0.2.10 4600,feed 192.0.2.7 1900");
  some.clock.pass(400);
  await eventually("what was in the file is out", () => some.inForce().join() === "feed 192.0.2.10 4600");
  assert.deepEqual(
    some.audited.filter(({ action }) => action === "SET-EXPIRED").map(({ detail }) => detail),
    [
      { set: "feed", networks: "192.0.2.9", members: 1 },
      { set: "feed", networks: "those of its file", members: 1 },
    ],
  );
  writeFileSync(file, "192.0.2.7\n");
  await eventually("it is back", () => some.inForce().length === 2);
});
