import assert from "node:assert/strict";
import { test } from "node:test";

import { warnOfAbsent } from "../../agent/interfaces/absent.ts";
import type { RuleConfig } from "../../config/types.ts";

const rule = (interfaces?: string[]): RuleConfig => ({ name: "r", action: "block", enforce: false, direction: "both", ...(interfaces === undefined ? {} : { interfaces }) });

test("a rule whose interfaces are all absent is warned of, by name", () => {
  assert.deepEqual(warnOfAbsent([rule(["wan0", "ppp*"])], ["lo", "eth0"]), ['rule "r" matches nothing for now: no interface is called "wan0" or "ppp*"']);
});

test("a rule is not warned of when one of its interfaces is there, or when it names none", () => {
  assert.deepEqual(warnOfAbsent([rule(["wan0", "eth*"]), rule()], ["lo", "eth0"]), []);
});
