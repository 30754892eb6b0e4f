import assert from "node:assert/strict";
import { test } from "node:test";
import { TrafficRates } from "../../agent/service/status.ts";
import type { Health, TrafficRow } from "../../agent/observe/events/snapshot.ts";
import { startFixture } from "../api/support.ts";

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

test("status succeeds whenever the agent answers; with --check a degraded one is 3", async () => {
  await using fixture = await startFixture();
  const answer = fixture.agent.status();
  const is = (health: Health) => (fixture.agent.status = () => ({ ...answer, health }));
  const codes = async (): Promise<(number | null)[]> =>
    Promise.all([[], ["--check"], ["--json"], ["--json", "--check"]].map(async (words) => (await fixture.weir(["status", ...words])).code));
  is({ state: "ok", reasons: [] });
  assert.deepEqual(await codes(), [0, 0, 0, 0]);
  is({ state: "degraded", reasons: ["eth0 is not watched"] });
  assert.deepEqual(await codes(), [0, 3, 0, 3]);
  assert.match((await fixture.weir(["status", "--check"])).stdout, /degraded: eth0 is not watched/, "and says why");
  assert.deepEqual(await fixture.weir(["status", "--check", "--quiet"]), { code: 3, stdout: "", stderr: "" });
  assert.deepEqual(await fixture.weir(["status", "--quiet"]), { code: 0, stdout: "", stderr: "" });
  assert.equal((await fixture.weir(["status", "--quiet", "--json"])).code, 2);
});

test("status fails where no agent answers, and with --quiet says nothing about it", async () => {
  await using fixture = await startFixture();
  const elsewhere = { env: { WEIR_CONTROL_SOCKET: "/nonexistent/control.sock" } };
  assert.deepEqual(await fixture.weir(["status", "--check", "--quiet"], elsewhere), { code: 1, stdout: "", stderr: "" });
  const loud = await fixture.weir(["status", "--check"], elsewhere);
  assert.equal(loud.code, 1);
  assert.match(loud.stderr, /No agent answers|not running/i);
});
