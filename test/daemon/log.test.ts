import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../agent/daemon/log.ts";

function logged(format: "pretty" | "json", level: "info" | "debug" = "info") {
  const lines: string[] = [];
  return { lines, log: createLog({ format, level }, { write: (line) => lines.push(line) }) };
}

test("a pretty line has time, level, message and fields", () => {
  const { lines, log } = logged("pretty");
  log.warn({ interface: "eth0", hook: "xdp", reason: "two words", generation: 3 }, "watched");
  assert.match(lines[0]!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warn  watched interface=eth0 hook=xdp reason="two words" generation=3$/);
});

test("a level below the configured one is not logged", () => {
  const { lines, log } = logged("pretty");
  log.debug("detail");
  assert.deepEqual(lines, []);
});

test("json lines are one object each", () => {
  const { lines, log } = logged("json");
  log.info({ interface: "eth0" }, "watched\nnot a second line");
  assert.equal(lines.length, 1);
  const { level, msg, interface: name } = JSON.parse(lines[0]!);
  assert.deepEqual({ level, msg, name }, { level: "info", msg: "watched\nnot a second line", name: "eth0" });
});

test("what others wrote can neither forge a line nor command the terminal", () => {
  const { lines, log } = logged("pretty");
  log.info({ name: "x level=error\n2026 error forged", "k\x1b[2J": "\x1b]0;title\x07" }, "message\r\n\x1b[31mforged\u202e");
  assert.equal(lines.length, 1);
  assert.doesNotMatch(lines[0]!, /[\x00-\x1f\x7f-\x9f\u202e]/);
  assert.match(lines[0]!, /name="x level=error/);
});
