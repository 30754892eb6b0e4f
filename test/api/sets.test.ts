import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { MOST_NETWORKS } from "../../agent/service/requests/networks.ts";
import { Refusal } from "../../agent/values/refusal.ts";
import { ask } from "./raw-http.ts";
import { startFixture } from "./support.ts";

test("flags become a request, and what came of it is told", async () => {
  await using fixture = await startFixture();
  fixture.agent.onSetChange = () => ({
    set: "partners",
    members: 4,
    changed: 2,
    expires: "2026-11-21T03:10:00.000Z",
    warnings: ["mind this"],
  });
  const { code, stdout, stderr } = await fixture.weir([
    "set",
    "add",
    "partners",
    "192.0.2.7",
    "2001:db8::/32",
    "--for",
    "10m",
    "--reason",
    "so",
  ]);
  assert.deepEqual(
    [code, stdout, stderr],
    [0, "Added 192.0.2.7, 2001:db8::/32 to the set partners until 2026-11-21T03:10:00.000Z. It has 4 members.\n", "warning: mind this\n"],
  );
  assert.equal(JSON.parse((await fixture.weir(["set", "remove", "partners", "192.0.2.7", "--json"])).stdout).members, 4);
  assert.match(
    (await fixture.weir(["set", "remove", "partners", "--all"])).stdout,
    /^Removed 2 members from the set partners\. It has 4 members\.\n$/,
  );
  assert.deepEqual(fixture.agent.askedOfSets, [
    { set: "partners", networks: ["192.0.2.7", "2001:db8::/32"], check_only: false, for_s: 600, reason: "so" },
    { set: "partners", networks: ["192.0.2.7"] },
    { set: "partners", networks: "all" },
  ]);
});

test("a mistake on the line is told before anybody is asked", async () => {
  await using fixture = await startFixture();
  const list = join(fixture.folder, "list.txt");
  writeFileSync(list, "192.0.2.7\nnobody\n");
  const wrong: [string[], RegExp][] = [
    [["add"], /an argument is missing: weir set add NAME/],
    [["add", "partners"], /name the addresses to add, or a list of them with --file LIST/],
    [["add", "partners", "192.0.2.7", "--file", list], /do not go together/],
    [["add", "partners", "192.0.2.7", "--for", "soon"], /--for takes a duration/],
    [["add", "partners", "example.org"], /"example\.org" is not an address/],
    [["add", "partners", "--file", list], /list\.txt:2: "nobody" is not an address/],
    [["remove", "partners"], /name the addresses to remove, or a list of them with --file LIST/],
    [["remove", "partners", "192.0.2.7", "--all"], /--all does not go with addresses/],
    [["lits"], /there is no command "set lits"; did you mean set list\?/],
  ];
  for (const [words, expected] of wrong) {
    const { code, stderr } = await fixture.weir(["set", ...words]);
    assert.deepEqual([code, expected.test(stderr)], [2, true], `${words.join(" ")}: ${stderr}`);
  }
  assert.deepEqual(fixture.agent.askedOfSets, []);
});

test("a long list is checked as a whole before the first is added, and a refusal names the line", async () => {
  await using fixture = await startFixture();
  const list = join(fixture.folder, "list.txt");
  writeFileSync(
    list,
    Array.from({ length: MOST_NETWORKS + 10 }, (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}\n`).join(""),
  );
  assert.equal((await fixture.weir(["set", "add", "partners", "--file", list])).code, 0);
  assert.deepEqual(
    fixture.agent.askedOfSets.map((one) => [(one as { networks: string[] }).networks.length, (one as { check_only: boolean }).check_only]),
    [
      [MOST_NETWORKS, true],
      [10, true],
      [MOST_NETWORKS, false],
      [10, false],
    ],
  );
  fixture.agent.onSetChange = () => {
    throw new Refusal("Nothing has changed.", {
      kind: "not_found",
      next: "Look.",
      details: ["10.0.0.5: no command put it into the set partners"],
    });
  };
  const { code, stderr } = await fixture.weir(["set", "remove", "partners", "--file", list]);
  assert.equal(code, 1);
  assert.match(stderr, /list\.txt:6: 10\.0\.0\.5: no command put it into the set partners/);
});

test("sets are listed with where their members come from, and what is wrong with their files", async () => {
  await using fixture = await startFixture();
  const { stdout, stderr } = await fixture.weir(["set", "list"]);
  assert.match(
    stdout,
    /^SET +MEMBERS +CONFIGURED +OF FILE +ADDED +TTL +PORTS +FILE\npartners +3 +1 +2 +0 +1h +- +\/etc\/weir\/feed\.txt\nweb +0 +0 +- +0 +- +80 +-\n$/,
  );
  assert.match(stderr, /^warning: the file of the set partners is not used: /);
  assert.equal(JSON.parse((await fixture.weir(["set", "list", "--json"])).stdout).length, 2);
});

test("members are listed with their origin, all of them in JSON", async () => {
  await using fixture = await startFixture();
  const { stdout } = await fixture.weir(["set", "list", "partners", "192.0.2.7"]);
  assert.match(
    stdout,
    /^MEMBER +FROM +EXPIRES +REASON +ADDED\n192\.0\.2\.7 +command +never +tells lies +.* by uid 0\n198\.51\.100\.0\/24 +configuration +never +- +-\n$/,
  );
  assert.deepEqual(
    JSON.parse((await fixture.weir(["set", "list", "partners", "--json"])).stdout).map((row: { network: string }) => row.network),
    ["192.0.2.7", "198.51.100.0/24"],
  );
  assert.deepEqual(fixture.agent.askedOfSets, [
    { set: "partners", network: "192.0.2.7", limit: 1000, from: 0 },
    { set: "partners", network: undefined, limit: 5000, from: 0 },
  ]);
});

test("anything but exactly the right shape is refused by the socket", async () => {
  await using fixture = await startFixture();
  const wrong: [string, string, object | undefined][] = [
    ["GET", "/v1/sets?set=partners", undefined],
    ["GET", "/v1/sets/members", undefined],
    ["GET", "/v1/sets/members?set=partners&limit=0", undefined],
    ["GET", "/v1/sets/members?set=partners&from=-1", undefined],
    ["POST", "/v1/sets/members", { networks: ["192.0.2.7"] }],
    ["POST", "/v1/sets/members", { set: 7, networks: ["192.0.2.7"] }],
    ["POST", "/v1/sets/members", { set: "partners", networks: [] }],
    ["POST", "/v1/sets/members", { set: "partners", networks: ["192.0.2.7"], more: 1 }],
    ["POST", "/v1/sets/members", { set: "partners", networks: Array.from({ length: MOST_NETWORKS + 1 }, () => "192.0.2.7") }],
    ["DELETE", "/v1/sets/members", { set: "partners", networks: "some" }],
    ["POST", "/v1/sets/holding", { addresses: ["192.0.2.0/24"] }],
    ["POST", "/v1/sets/holding", { addresses: "all" }],
  ];
  for (const [method, path, body] of wrong) {
    const { status, text } = await ask(fixture.path, method, path, body === undefined ? undefined : JSON.stringify(body));
    assert.equal(status, 400, `${method} ${path}: ${text}`);
  }
  assert.deepEqual(fixture.agent.askedOfSets, []);
});
