import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { MOST_NETWORKS } from "../../agent/service/requests/networks.ts";
import type { NewBans } from "../../agent/service/contract.ts";
import { Refusal } from "../../agent/values/refusal.ts";
import { ask } from "./raw-http.ts";
import { startFixture } from "./support.ts";

test("flags become a request, and what came of it is told", async () => {
  await using fixture = await startFixture();
  fixture.agent.onBanChange = () => ({ bans: 3, changed: 2, expires: "2026-11-21T03:10:00.000Z", warnings: ["mind this"] });
  const { code, stdout, stderr } = await fixture.weir(["ban", "add", "192.0.2.7", "2001:db8::/32", "--for", "10m", "--reason", "so"]);
  assert.deepEqual([code, stdout], [0, "Banned 2 networks until 2026-11-21T03:10:00.000Z. 3 bans are in force.\n"]);
  assert.match(stderr, /warning: mind this\nThe mode is detect: it drops nothing/);
  await fixture.weir(["ban", "delete", "192.0.2.7", "--json"]);
  await fixture.weir(["ban", "clear", "--yes"]);
  assert.deepEqual(fixture.agent.askedOfBans, [
    { networks: ["192.0.2.7", "2001:db8::/32"], check_only: false, for_s: 600, reason: "so" },
    ["192.0.2.7"],
    "all",
  ]);
});

test("one ban is called one", async () => {
  await using fixture = await startFixture();
  fixture.agent.onBanChange = () => ({ bans: 1, changed: 1, warnings: [] });
  assert.equal((await fixture.weir(["ban", "clear", "--yes"])).stdout, "Lifted 1 ban. 1 ban is in force.\n");
  fixture.agent.onBanChange = () => ({ bans: 0, changed: 2, warnings: [] });
  assert.equal((await fixture.weir(["ban", "clear", "--yes"])).stdout, "Lifted 2 bans. 0 bans are in force.\n");
});

test("a mistake on the line is told before anybody is asked", async () => {
  await using fixture = await startFixture();
  const list = join(fixture.folder, "list.txt");
  writeFileSync(list, "# whom\n\n192.0.2.7 # one\n192.0.2.300\n2001:db8::/32\n192.0.2\n");
  const empty = join(fixture.folder, "empty.txt");
  writeFileSync(empty, "# nobody\n");
  const wrong: [string[], RegExp][] = [
    [["add"], /name the addresses to ban, or a list of them with --file LIST/],
    [["add", "192.0.2.7", "--file", list], /do not go together/],
    [["add", "192.0.2.7", "--for", "1m", "--until", "2026-11-21T03:00Z"], /--for and --until do not go together/],
    [["add", "192.0.2.7", "--for", "soon"], /--for takes a duration/],
    [["add", "example.org"], /"example\.org" is not an address; names are not looked up/],
    [["add", "--file", list], /list\.txt:4: "192\.0\.2\.300" has a part above 255\n.*list\.txt:6: "192\.0\.2" is not an IPv4 address/],
    [["add", "--file", empty], /empty\.txt has no address/],
    [["clear"], /use --yes to lift all bans/],
    [["lift"], /there is no command "ban lift"/],
  ];
  for (const [words, expected] of wrong) {
    if (words[0] === "clear") fixture.agent.banned = [{ network: "192.0.2.7", uid: 0, added: "2026-11-21T03:00:00.000Z" }];
    const { code, stderr } = await fixture.weir(["ban", ...words]);
    assert.deepEqual([code, expected.test(stderr)], [2, true], `${words.join(" ")}: ${stderr}`);
  }
  assert.equal((await fixture.weir(["ban", "add", "--file", join(fixture.folder, "none")])).code, 1);
  assert.deepEqual(fixture.agent.askedOfBans, []);
});

test("a long list is checked as a whole before the first is banned, and a refusal names the line", async () => {
  await using fixture = await startFixture();
  const list = join(fixture.folder, "list.txt");
  writeFileSync(
    list,
    Array.from({ length: MOST_NETWORKS + 10 }, (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}\n`).join(""),
  );
  const asked = (): unknown[] =>
    fixture.agent.askedOfBans.map((one) => [(one as { networks: string[] }).networks.length, (one as { check_only: boolean }).check_only]);
  assert.equal((await fixture.weir(["ban", "add", "--file", list])).code, 0);
  assert.deepEqual(asked(), [
    [MOST_NETWORKS, true],
    [10, true],
    [MOST_NETWORKS, false],
    [10, false],
  ]);
  fixture.agent.askedOfBans = [];
  fixture.agent.onBanChange = (request) => {
    if (!(request as NewBans).networks.includes("10.0.64.5")) return { bans: 1, changed: 1, warnings: [] };
    throw new Refusal("The ban is refused; nothing has changed.", {
      kind: "invalid",
      next: "Mend it.",
      details: ["10.0.64.5: bans.except says so"],
    });
  };
  const { code, stderr } = await fixture.weir(["ban", "add", "--file", list]);
  assert.equal(code, 2);
  assert.match(stderr, /list\.txt:16390: 10\.0\.64\.5: bans\.except says so/);
  assert.deepEqual(asked(), [
    [MOST_NETWORKS, true],
    [10, true],
  ]);
});

test("the list is a table, or all of it as JSON, however many pages it takes", async () => {
  await using fixture = await startFixture();
  assert.equal((await fixture.weir(["ban", "list"])).stdout, "Nobody is banned.\n");
  assert.equal((await fixture.weir(["ban", "list", "192.0.2.7"])).stdout, "192.0.2.7 is not banned.\n");
  assert.deepEqual(JSON.parse((await fixture.weir(["ban", "list", "--json"])).stdout), []);
  fixture.agent.banned = Array.from({ length: 6000 }, (_, index) => ({
    network: `10.0.${index >> 8}.${index & 255}`,
    uid: 0,
    added: "2026-11-21T03:00:00.000Z",
    reason: "\u001b[31mred",
  }));
  const { stdout, stderr } = await fixture.weir(["ban", "list", "--limit", "2"]);
  assert.equal(stdout.trim().split("\n").length, 3);
  assert.doesNotMatch(stdout, /\u001b/);
  assert.match(stderr, /There are more, 6,000 in all/);
  assert.equal(JSON.parse((await fixture.weir(["ban", "list", "--json"])).stdout).length, 6000);
});

const MISSHAPEN: [string, string, unknown, RegExp][] = [
  ["POST", "/v1/bans", {}, /There is no "networks" in the request: a list of addresses, prefixes and ranges/],
  ["POST", "/v1/bans", { networks: [] }, /"networks" takes a list of addresses, prefixes and ranges, not an empty list/],
  ["POST", "/v1/bans", { networks: [7] }, /"networks\[0\]" takes text, not 7/],
  ["POST", "/v1/bans", { networks: "all" }, /"networks" takes a list of addresses, prefixes and ranges, not "all"/],
  ["POST", "/v1/bans", { networks: Array(MOST_NETWORKS + 1).fill("::2") }, /"networks" takes at most 16384 at a time, not 16385/],
  ["POST", "/v1/bans", { networks: ["::2"], check_only: 1 }, /"check_only" takes true or false, not 1/],
  ["POST", "/v1/bans", { networks: ["::2"], for_s: 1, until: 1 }, /"for_s" and "until" do not go together/],
  ["POST", "/v1/bans", { networks: ["::2"], reason: "a\u202eb" }, /"reason" does not fit: .* cannot be shown/],
  ["POST", "/v1/bans", { networks: ["::2"], force: true }, /There is no "force" in the request/],
  ["DELETE", "/v1/bans", {}, /There is no "networks" in the request: .*, or "all"/],
  ["GET", "/v1/bans?limit=5001", undefined, /"limit" takes a whole number from 1 to 5000, not 5001/],
  ["GET", "/v1/bans?from=-1", undefined, /"from" takes a whole number from 0/],
  ["GET", "/v1/bans?network=example.org", undefined, /"network" does not fit: "example\.org" is not an address/],
  ["GET", "/v1/bans?network=192.0.2.1-192.0.2.9", undefined, /"network" does not fit: .* is more than one prefix/],
  ["GET", "/v1/bans?address=::2", undefined, /There is no "address" in the request/],
];

test("a request about bans that is not meant exactly so changes nothing, and says what to send", async () => {
  await using fixture = await startFixture();
  for (const [method, path, body, expected] of MISSHAPEN) {
    const answer = await ask(fixture.path, method, path, body === undefined ? undefined : JSON.stringify(body));
    const { error } = answer.json();
    assert.deepEqual([answer.status, expected.test(error.what), error.next.length > 0], [400, true, true], `${path}: ${error.what}`);
  }
  const large = await ask(fixture.path, "POST", "/v1/bans", JSON.stringify({ networks: ["x".repeat(2 ** 20)] }));
  assert.equal(large.status, 413);
  assert.deepEqual(fixture.agent.askedOfBans, []);
});
