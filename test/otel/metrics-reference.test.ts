import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { README } from "../../config/embed.ts";
import { embedMetrics } from "../../otel/metrics-reference.ts";

test("the README holds the metrics as the table says them now", () => {
  const readme = readFileSync(README, "utf8");
  assert.equal(readme, embedMetrics(readme), "run: node otel/metrics-reference.ts");
});
