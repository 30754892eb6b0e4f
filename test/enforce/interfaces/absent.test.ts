import assert from "node:assert/strict";
import { test } from "node:test";

import { absentIncludes, explainAbsent, warnOfAbsent, warnOfAbsentHere } from "../../../agent/enforce/interfaces/absent.ts";
import type { InterfacesConfig } from "../../../config/types.ts";
import type { RuleConfig } from "../../../agent/policy/rule.ts";

const rule = (interfaces?: string[], not?: string[]): RuleConfig => ({
  name: "r",
  action: "block",
  enforce: false,
  direction: "both",
  ...(interfaces && { interfaces }),
  ...(not && { not: { interfaces: not } }),
});

test("a rule whose interfaces are all absent is warned of, by name", () => {
  assert.deepEqual(warnOfAbsent([rule(["wan0", "ppp*"])], ["lo", "eth0"]), [
    'rule "r" matches nothing for now: no interface is called "wan0" or "ppp*"',
  ]);
});

test("a rule is not warned of when one of its interfaces is there, or when it names none", () => {
  assert.deepEqual(warnOfAbsent([rule(["wan0", "eth*"]), rule(), rule([]), rule([], [])], ["lo", "eth0"]), []);
});

test("a rule whose not names only absent interfaces is warned of, for it leaves out nothing", () => {
  assert.deepEqual(warnOfAbsent([rule(["eth0"], ["etho"])], ["lo", "eth0"]), [
    'the "not" of rule "r" leaves out nothing for now: no interface is called "etho"',
  ]);
  assert.deepEqual(warnOfAbsent([rule(undefined, ["etho", "eth0"]), rule([], ["eth*"])], ["lo", "eth0"]), []);
});

test("of many such rules a hundred are named", () => {
  const warnings = warnOfAbsent(
    Array.from({ length: 250 }, () => rule(["wan0"])),
    ["lo"],
  );
  assert.equal(warnings.length, 101);
  assert.equal(warnings[100], "150 more rules name only interfaces that do not exist");
});

const config = (include: string[], more: Partial<InterfacesConfig> = {}): InterfacesConfig => ({
  include,
  exclude: ["lo"],
  ingress: "auto",
  egress: true,
  offload: false,
  overrides: [],
  ...more,
});

test("a pattern that fits no device is told with the nearest name, and one that fits is not", () => {
  assert.deepEqual(absentIncludes(config(["eht0", "eth*", "wan0"]), ["lo", "eth0"]), [
    { pattern: "eht0", excluded: false, nearest: "eth0" },
    { pattern: "wan0", excluded: false },
  ]);
  assert.deepEqual(absentIncludes(config(["eth0"]), ["lo", "eth0"]), []);
});

test("a pattern that fits only devices that are left out watches as little, and says so", () => {
  const [absent] = absentIncludes(config(["lo"]), ["lo", "eth0"]);
  assert.equal(absent?.excluded, true);
  assert.match(explainAbsent(absent!, "later"), /interfaces\.exclude leaves out every device that "lo" fits/);
});

test("* alone finds nothing where nothing is watched, or where there is nothing but loopback", () => {
  assert.deepEqual(
    absentIncludes(config(["*"]), ["lo", "veth0"], false).map(({ pattern }) => pattern),
    ["*"],
  );
  assert.deepEqual(absentIncludes(config(["*"]), ["lo", "veth0"], true), []);
  assert.deepEqual(
    absentIncludes(config(["*"]), ["lo"]).map(({ pattern }) => pattern),
    ["*"],
  );
  assert.deepEqual(absentIncludes(config(["*"]), ["lo", "veth0"]), []);
});

test("a check of a file names every interface that is not on this machine, and none that is", () => {
  const overrides: InterfacesConfig["overrides"] = [
    { name: "eth1", ingress: "xdp" },
    { name: "eth*", ingress: "xdp" },
  ];
  assert.deepEqual(
    warnOfAbsentHere({ interfaces: config(["eht0", "eth0"], { overrides }), rules: [rule(["wan0"]), rule(["eth0"])] }, ["lo", "eth0"]),
    [
      'on this machine: interfaces.include: no device is called "eht0"; did you mean eth0? weir would watch it once it appears',
      'on this machine: interfaces.overrides: no device is called "eth1"',
      'on this machine: rule "r" matches nothing for now: no interface is called "wan0"',
    ],
  );
});
