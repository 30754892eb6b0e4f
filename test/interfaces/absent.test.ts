import assert from "node:assert/strict";
import { test } from "node:test";

import { warnOfAbsent } from "../../agent/interfaces/absent.ts";
import type { RuleConfig } from "../../config/types.ts";

const rule = (interfaces?: string[], not?: string[]): RuleConfig => ({ name: "r", action: "block", enforce: false, direction: "both", ...(interfaces && { interfaces }), ...(not && { not: { interfaces: not } }) });

test("a rule whose interfaces are all absent is warned of, by name", () => {
  assert.deepEqual(warnOfAbsent([rule(["wan0", "ppp*"])], ["lo", "eth0"]), ['rule "r" matches nothing for now: no interface is called "wan0" or "ppp*"']);
});

test("a rule is not warned of when one of its interfaces is there, or when it names none", () => {
  assert.deepEqual(warnOfAbsent([rule(["wan0", "eth*"]), rule(), rule([]), rule([], [])], ["lo", "eth0"]), []);
});

test("a rule whose not names only absent interfaces is warned of, for it leaves out nothing", () => {
  assert.deepEqual(warnOfAbsent([rule(["eth0"], ["etho"])], ["lo", "eth0"]), ['the "not" of rule "r" leaves out nothing for now: no interface is called "etho"']);
  assert.deepEqual(warnOfAbsent([rule(undefined, ["etho", "eth0"]), rule([], ["eth*"])], ["lo", "eth0"]), []);
});

test("of many such rules a hundred are named", () => {
  const warnings = warnOfAbsent(Array.from({ length: 250 }, () => rule(["wan0"])), ["lo"]);
  assert.equal(warnings.length, 101);
  assert.equal(warnings[100], "150 more rules name only interfaces that are not there");
});
