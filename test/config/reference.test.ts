import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { configReference, embedReference, PAGE } from "../../config/reference.ts";

test("the reference has one line for every key", () => {
  const lines = configReference()
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  const keys = lines.map((line) => line.split("`")[1]);
  assert.equal(new Set(keys).size, keys.length);
  for (const key of [
    "version",
    "defaults.on_error.egress",
    "interfaces.overrides[].name",
    "audit.rotate.size",
    "layer4.icmp[].code",
    "layer4.flags.unset",
  ]) {
    assert.ok(keys.includes(key), key);
  }
  for (const line of lines) assert.equal(line.split(/(?<!\\)\|/).length, 6, line);
});

test("config/README.md holds the reference as the schema says it now", () => {
  const page = readFileSync(PAGE, "utf8");
  assert.equal(page, embedReference(page), "run: node config/reference.ts");
});
