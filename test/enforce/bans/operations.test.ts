import assert from "node:assert/strict";
import { test } from "node:test";

import type { BanChange, NewBans } from "../../../agent/service/contract.ts";
import { Refusal } from "../../../agent/values/refusal.ts";
import { type Bench, bench } from "./fixture.ts";

const ROOT = { uid: 0, pid: 1 };
const OPERATOR = { ...ROOT, session: { address: "203.0.113.5", remote_port: 50000, local_port: 22 } };

function add({ operations }: Bench, networks: string[], more: Partial<NewBans> = {}, caller = ROOT): Promise<BanChange> {
  return operations.add({ networks, check_only: false, ...more }, caller);
}

async function problemsOf(change: Promise<unknown>): Promise<string[]> {
  try {
    await change;
  } catch (error) {
    assert.ok(error instanceof Refusal && error.next !== "");
    return error.details;
  }
  assert.fail("it was not refused");
}

test("a ban that harms or does nothing is refused with the reason, and nothing changes", async () => {
  using some = await bench();
  some.config.bans.except = ["192.0.2.0/28"];
  some.config.failsafe.addresses = ["2001:db8:1::/64"];
  const refused: [string, RegExp][] = [
    ["0.0.0.0/0", /would ban everyone/],
    ["::/0", /would ban everyone/],
    ["::/1", /would ban everyone/],
    ["127.0.0.1", /loopback always passes/],
    ["126.0.0.0/7", /loopback always passes/],
    ["::1", /loopback always passes/],
    ["192.0.2.7", /bans\.except says that 192\.0\.2\.0\/28 is never banned/],
    ["2001:db8:1::7", /failsafe\.addresses lets 2001:db8:1::\/64 always pass/],
    ["203.0.113.5", /your own session comes from 203\.0\.113\.5/],
    ["203.0.113.0/24", /your own session comes from 203\.0\.113\.5/],
    ["192.0.2.300", /part above 255/],
  ];
  for (const [network, expected] of refused) {
    const [problem = ""] = await problemsOf(add(some, ["198.51.100.1", network], {}, OPERATOR));
    assert.match(problem, expected, network);
    assert.ok(problem.startsWith(`${network}: `), problem);
  }
  assert.deepEqual(some.inForce(), []);
  assert.equal(some.audited.filter(({ action }) => action === "BAN-REFUSED").length, refused.length);
  assert.deepEqual(await problemsOf(add(some, ["198.51.100.1"], { until: some.clock.milliseconds - 1 })), [
    "until: this time is over already",
  ]);
});

test("a prefix around the excepted is banned, and it is said who is not; so is one around an operator who is excepted", async () => {
  using some = await bench();
  some.config.bans.except = ["203.0.113.5"];
  const { warnings } = await add(some, ["203.0.113.0/24", "198.51.100.7/24"], {}, OPERATOR);
  assert.match(warnings.join("\n"), /203\.0\.113\.0\/24 is banned but for a part: bans\.except .*203\.0\.113\.5/);
  assert.match(warnings.join("\n"), /198\.51\.100\.7\/24 has bits set beyond its prefix and counts as 198\.51\.100\.0\/24/);
  assert.deepEqual(some.inForce(), ["198.51.100.0/24", "203.0.113.0/24"]);
});

test("what is only checked changes nothing", async () => {
  using some = await bench();
  assert.equal((await add(some, ["192.0.2.7"], { check_only: true })).bans, 0);
  assert.deepEqual([some.inForce(), some.audited], [[], []]);
});

test("a ban is listed with its end until then, and not after; who is banned again gets the new end", async () => {
  using some = await bench();
  await add(some, ["192.0.2.7", "192.0.2.8"], { for_s: 60, reason: "first" });
  const { changed, bans, expires } = await add(some, ["192.0.2.8"], { for_s: 600, reason: "second" });
  assert.deepEqual([changed, bans, expires], [0, 2, new Date(some.clock.milliseconds + 600_000).toISOString()]);
  some.clock.pass(59);
  assert.equal(some.operations.list({ limit: 10 }).bans.length, 2);
  some.clock.pass(1);
  assert.deepEqual(
    some.operations.list({ limit: 10 }).bans.map(({ network, reason }) => [network, reason]),
    [["192.0.2.8", "second"]],
  );
});

test("a list tells of an address what covers it, and of a prefix what is in it, page by page", async () => {
  using some = await bench();
  await add(some, ["192.0.0.0/16", "192.0.2.0/24", "192.0.2.7", "192.0.3.1", "2001:db8::/32"]);
  const found = (network: string): string[] => some.operations.list({ network, limit: 10 }).bans.map((row) => row.network);
  assert.deepEqual(found("192.0.2.7"), ["192.0.2.7", "192.0.2.0/24", "192.0.0.0/16"]);
  assert.deepEqual(found("192.0.2.0/23"), ["192.0.0.0/16", "192.0.3.1", "192.0.2.7", "192.0.2.0/24"]);
  assert.deepEqual([found("2001:db8::1"), found("198.51.100.1")], [["2001:db8::/32"], []]);
  assert.throws(() => some.operations.list({ network: "example.org", limit: 10 }), /not an address/);
  const pages: string[] = [];
  for (let from: number | undefined = undefined, first = true; first || from !== undefined; first = false) {
    const page = some.operations.list({ limit: 2, ...(from === undefined ? {} : { from }) });
    pages.push(page.bans.map(({ network }) => network).join());
    from = page.next;
  }
  assert.deepEqual(pages, ["2001:db8::/32,192.0.3.1", "192.0.2.7,192.0.2.0/24", "192.0.0.0/16"]);
});

test("bans are lifted all or none, and it is said what still bans an address", async () => {
  using some = await bench();
  await add(some, ["192.0.2.0/24", "192.0.2.7", "192.0.2.8"]);
  assert.deepEqual(await problemsOf(some.operations.delete(["192.0.2.8", "192.0.2.9", "198.51.100.1"], ROOT)), [
    "192.0.2.9: there is no such ban; 192.0.2.0/24 covers it",
    "198.51.100.1: there is no such ban",
  ]);
  const { warnings, bans } = await some.operations.delete(["192.0.2.7"], ROOT);
  assert.deepEqual([warnings, bans], [["192.0.2.7 is still banned, by the ban of 192.0.2.0/24"], 2]);
  assert.deepEqual([(await some.operations.clear(ROOT)).changed, some.inForce()], [2, []]);
  assert.deepEqual(
    some.audited.map(({ action, detail }) => [action, detail?.["networks"]]),
    [
      ["BAN", "192.0.2.0/24,192.0.2.7,192.0.2.8"],
      ["BAN-REFUSED", "192.0.2.8,192.0.2.9,198.51.100.1"],
      ["UNBAN", "192.0.2.7"],
      ["UNBAN", "all"],
    ],
  );
});
