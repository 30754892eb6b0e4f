import assert from "node:assert/strict";
import { test } from "node:test";

import { createLog } from "../../agent/daemon/log.ts";
import { listenForSignals } from "../../agent/daemon/signals.ts";

test("a SIGHUP that comes during the start is heeded once the agent runs, and later ones at once", () => {
  const { onHangup } = listenForSignals(createLog({ level: "error", format: "json" }));
  let heeded = 0;
  process.emit("SIGHUP", "SIGHUP");
  process.emit("SIGHUP", "SIGHUP");
  onHangup(() => heeded++);
  assert.equal(heeded, process.stdout.isTTY ? 0 : 1);
  if (process.stdout.isTTY) return; // there it ends the agent
  process.emit("SIGHUP", "SIGHUP");
  assert.equal(heeded, 2);
});
