import assert from "node:assert/strict";
import { test } from "node:test";
import { Losses } from "../../agent/daemon/losses.ts";
import { News } from "../../agent/daemon/news.ts";
import { anEvent } from "../api/support.ts";

test("listeners hear what they ask for, in the order in which they joined, until they leave", () => {
  const news = new News();
  const heard: string[] = [];
  news.event(anEvent(1)); // nobody is there yet
  news.sendsTo({ event: ({ seq }) => heard.push(`log ${seq}`), action: ({ action }) => heard.push(`log ${action}`) });
  const leave = news.sendsTo({ event: ({ seq }) => heard.push(`view ${seq}`) });
  news.sendsTo({ changed: (name) => heard.push(`telemetry ${name}`) });
  news.event(anEvent(2));
  news.changed("weir.bans.changed", { active: 1 });
  news.action({ action: "START" });
  leave();
  news.event(anEvent(3));
  assert.deepEqual(heard, ["log 2", "view 2", "telemetry weir.bans.changed", "log START", "log 3"]);
});

test("losses are counted by stage, and a stage that lost nothing is left out", () => {
  const losses = new Losses();
  assert.deepEqual(losses.counts, {});
  let lost = 0;
  losses.countsOf(() => ({ audit: lost, watch: 0 }));
  losses.countsOf(() => ({ malformed: 2 }));
  assert.deepEqual(losses.counts, { malformed: 2 });
  lost = 7;
  assert.deepEqual(losses.counts, { audit: 7, malformed: 2 });
});
