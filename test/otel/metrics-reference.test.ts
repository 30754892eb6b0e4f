import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { embedMetrics, PAGE } from "../../otel/metrics-reference.ts";

test("otel/README.md holds the metrics as the table says them now", () => {
  const page = readFileSync(PAGE, "utf8");
  assert.equal(page, embedMetrics(page), "run: node otel/metrics-reference.ts");
});
