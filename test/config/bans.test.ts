import assert from "node:assert/strict";
import { test } from "node:test";

import { Limit } from "../../agent/generated/layout.ts";
import { formatProblem, parseConfig } from "../../config/load.ts";

function problems(except: string[]): string {
  const loaded = parseConfig(JSON.stringify({ version: 1, bans: { except } }), "weir.yaml");
  return (loaded.ok ? loaded.warnings : loaded.problems).map(formatProblem).join("\n");
}

test("exceptions from bans are as many as the kernel looks at, and never everyone", () => {
  const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `192.0.2.${2 * index}`);
  assert.equal(problems(many(Limit.BAN_EXCEPTIONS)), "");
  assert.match(problems(many(Limit.BAN_EXCEPTIONS + 1)), /bans\.except/);
  assert.match(problems(["192.0.2.1-192.0.3.254", ...many(20)]), /bans\.except: these become 3\d prefixes, and at most 32 fit/);
  for (const everyone of ["0.0.0.0/0", "::/0", "::/8"]) assert.match(problems([everyone]), /bans\.except\[0\]: this exempts every address/);
  assert.match(problems(["192.0.2.7/24"]), /counts as 192\.0\.2\.0\/24/);
  assert.match(problems(["192.0.2.x"]), /is not an address/);
});
