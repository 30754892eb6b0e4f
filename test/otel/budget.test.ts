import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget } from "../../otel/budget.ts";

test("a second's budget is spent at most once, and what came beyond is counted", () => {
  let now = 0;
  const budget = new Budget(10, 0, () => now);
  let taken = 0;
  for (let index = 0; index < 25; index++) if (budget.take(false)) taken++;
  assert.equal(taken, 10);
  assert.equal(budget.leftOut, 15);
  now = 1000;
  assert.ok(budget.take(false));
});

test("ordinary records cannot spend what is reserved, urgent ones can spend all", () => {
  const budget = new Budget(10, 4, () => 0);
  const take = (urgent: boolean): number => Array.from({ length: 20 }).filter(() => budget.take(urgent)).length;
  assert.equal(take(false), 6);
  assert.equal(take(true), 4);
  assert.equal(budget.leftOut, 14 + 16);
});

test("once closed it lets nothing through and goes on counting", () => {
  const budget = new Budget(10);
  budget.close();
  assert.equal(budget.take(true), false);
  assert.equal(budget.leftOut, 1);
});
