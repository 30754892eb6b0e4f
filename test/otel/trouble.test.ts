import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer, explain } from "../../otel/trouble.ts";

const TARGET = { url: "http://127.0.0.1:4318/v1/logs", setBy: "otel.endpoint" };

function announcer(): { announcer: Announcer; said: string[]; wait(milliseconds: number): void } {
  let now = 1;
  const said: string[] = [];
  return {
    announcer: new Announcer(
      (level, text) => said.push(`${level}: ${text}`),
      () => now,
    ),
    said,
    wait: (milliseconds) => (now += milliseconds),
  };
}

test("a sentence names the address, what is wrong and what to change", () => {
  assert.equal(
    explain(Object.assign(new Error(), { code: "ECONNREFUSED" }), TARGET),
    "nobody listens at http://127.0.0.1:4318; weir goes on without telemetry; start a collector or set otel.endpoint",
  );
  assert.match(
    explain(Object.assign(new Error(), { code: "ENOTFOUND" }), { url: "http://nowhere:1/v1/logs", setBy: "OTEL_EXPORTER_OTLP_ENDPOINT" }),
    /^the name nowhere cannot be resolved;.*change OTEL_EXPORTER_OTLP_ENDPOINT$/,
  );
  assert.match(explain(new Error("self-signed certificate"), TARGET), /does not take telemetry: self-signed certificate/);
});

test("one trouble of three signals is told once, and its end once, when all are well and it stays so", () => {
  const { announcer: it, said, wait } = announcer();
  for (let tries = 0; tries < 100; tries++) for (const signal of ["traces", "metrics", "logs"] as const) it.failed(signal, "refused");
  assert.deepEqual(said, ["warn: refused"]);
  wait(20_000);
  it.arrived("traces", TARGET, 7);
  it.arrived("metrics", TARGET, 7);
  assert.equal(said.length, 1);
  it.arrived("logs", TARGET, 7);
  assert.deepEqual(said.slice(1), ["info: telemetry reaches http://127.0.0.1:4318 again; 7 records were not acknowledged since the start"]);
  it.failed("logs", "refused");
  assert.equal(said.length, 3);
});

test("a collector that fails every other batch does not fill the log", () => {
  const { announcer: it, said, wait } = announcer();
  for (let tries = 0; tries < 1000; tries++) {
    it.failed("logs", tries % 4 === 0 ? "answers 500" : "refused");
    it.arrived("logs", TARGET, tries);
    wait(100);
  }
  assert.ok(said.length <= 11, `${said.length} lines in 100 seconds`);
});
