import assert from "node:assert/strict";
import { test } from "node:test";
import { TrafficRates } from "../../agent/control/status.ts";
import type { TrafficRow } from "../../agent/events/snapshot.ts";

const row = (packets: number, more: Partial<TrafficRow> = {}): TrafficRow => ({
  interface: "eth0",
  direction: "ingress",
  transport: "tcp",
  verdict: "passed",
  packets,
  bytes: packets * 100,
  ...more,
});

test("a rate is that of the last ten seconds, not of all time", () => {
  const rates = new TrafficRates();
  for (let second = 0; second <= 60; second++) rates.sample([row(second <= 50 ? second * 1000 : 50_000)], second * 1000);
  assert.equal(rates.cells([row(50_000)])[0]?.packets_per_s, 0);
  for (let second = 61; second <= 65; second++) rates.sample([row(50_000 + (second - 60) * 20)], second * 1000);
  const [cell] = rates.cells([row(50_100)]);
  assert.equal(cell?.packets_per_s, 10);
  assert.equal(cell?.bytes_per_s, 1000);
});

test("there is no rate before there are two samples", () => {
  const rates = new TrafficRates();
  assert.equal(rates.cells([row(5)])[0]?.packets_per_s, 0);
  rates.sample([row(5)], 0);
  assert.equal(rates.cells([row(5)])[0]?.packets_per_s, 0);
});

test("a counter that begins anew or for the first time gives no negative rate", () => {
  const rates = new TrafficRates();
  rates.sample([row(1000)], 0);
  rates.sample([row(10), row(50, { verdict: "dropped" })], 1000);
  const [anew, first] = rates.cells([row(10), row(50, { verdict: "dropped" })]);
  assert.equal(anew?.packets_per_s, 0);
  assert.equal(first?.packets_per_s, 50);
});
