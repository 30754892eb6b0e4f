import assert from "node:assert/strict";
import { test } from "node:test";
import { HealthBoard } from "../../agent/daemon/health.ts";

test("health changes when a source says something else, and a source that is followed is asked at each look", () => {
  const told: string[] = [];
  const health = new HealthBoard(({ state, reasons }) => told.push([state, ...reasons].join(": ")));
  let trouble: string[] = [];
  health.follow("disk", () => trouble);
  trouble = ["the disk is full"];
  assert.equal(health.current.state, "ok");
  health.look();
  health.look();
  health.report("tracers", ["no control group"]);
  trouble = [];
  health.look();
  health.report("tracers", []);
  assert.deepEqual(told, [
    "degraded: the disk is full",
    "degraded: the disk is full: no control group",
    "degraded: no control group",
    "ok",
  ]);
});
