import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { fittingText, resolveProcesses } from "../../../agent/enforce/processes/resolved.ts";
import { policyOf, type RuleText } from "../../conformance/policy.ts";

const USERS = [
  { name: "root", uid: 0 },
  { name: "www-data", uid: 33 },
  { name: "www-admin", uid: 34 },
];
const resolve = (rules: RuleText[], pids: number[] = []) => resolveProcesses(policyOf({ rules }).rules, USERS, () => pids);

test("what a rule about processes comes to is told: who runs it now, and which users it names", () => {
  const { facts: told, warnings } = resolve([
    { name: "web", action: "block", process: { executable: "*/curl", user: ["www-*", 4711] } },
    { name: "plain", action: "allow" },
  ]);
  assert.deepEqual(told, ['rule "web" fits 0 processes now; its users: www-data 33, www-admin 34']);
  assert.deepEqual(warnings, []);
  assert.equal(fittingText({ pids: [1, 2, 3, 4, 5, 6], users: [], partly: false }), "6 processes now (1, 2, 3, 4, 5, …)");
  assert.equal(fittingText({ pids: [1], users: [], partly: true }), "1 process now (1), of which those count that are in what it names");
});

test("of processes only those count whose user is named", () => {
  const own = process.getuid!();
  const mine = resolve([{ name: "mine", action: "block", process: { user: own } }], [process.pid]);
  const others = resolve([{ name: "others", action: "block", process: { user: own + 1 } }], [process.pid]);
  assert.match(mine.facts[0]!, new RegExp(`fits 1 process now \\(${process.pid}\\)`));
  assert.match(others.facts[0]!, /fits 0 processes now/);
});

test("a user or a file that is not there is warned of, also where it is left out", () => {
  const { warnings } = resolve([
    {
      name: "gone",
      action: "block",
      process: { executable: ["/no/such/file", "*/curl"], user: "wwwdata" },
      not: { process: { parent: "/nor/this" } },
    },
  ]);
  assert.deepEqual(warnings, [
    'rule "gone" names the user "wwwdata", and /etc/passwd has none that fits; is "www-data" meant? name users of containers by their numbers',
    'rule "gone" names "/no/such/file", which is no file of this host now; only a process with another root directory can fit',
    'rule "gone" names "/nor/this", which is no file of this host now; only a process with another root directory can fit',
  ]);
});

test("a link to a program is warned of, which no process runs", (t) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "weir-resolved-")));
  t.after(() => rmSync(folder, { recursive: true }));
  const [file, link] = [join(folder, "file"), join(folder, "link")];
  writeFileSync(file, "");
  symlinkSync(file, link);
  const { warnings } = resolve([{ name: "link", action: "block", process: { executable: [file, link, `${folder}/*`] } }]);
  assert.deepEqual(warnings, [
    `rule "link" names "${link}", which leads to "${file}": a process runs that file, and only a process with another root directory can fit`,
  ]);
});

test("of many rules the first are told, and how many more there are", () => {
  const rules = Array.from({ length: 25 }, (_, number): RuleText => ({ name: `r${number}`, action: "block", process: { user: number } }));
  const { facts: told } = resolve(rules);
  assert.deepEqual([told.length, told.at(-1)], [21, "5 more rules are about processes; see each with weir rule show"]);
});
