/** Telemetry under test: with variables of its own, ended with the test. */

import type { TestContext } from "node:test";
import { startTelemetry, type Telemetry, type TelemetryOptions } from "../../otel/start.ts";
import { snapshot } from "./fixtures.ts";

export interface Session {
  telemetry: Telemetry;
  /** What was said to the operator, as `warn: sentence`. */
  said: string[];
}

/** Quick, so that tests need not wait for a timer made for production. */
const QUICK = {
  OTEL_BSP_SCHEDULE_DELAY: "20",
  OTEL_BLRP_SCHEDULE_DELAY: "20",
  OTEL_METRIC_EXPORT_INTERVAL: "100",
  OTEL_EXPORTER_OTLP_TIMEOUT: "400",
};

/** The SDK registers itself in the process: one session at a time. */
export async function session(
  t: TestContext,
  options: Partial<TelemetryOptions>,
  variables: Record<string, string> = {},
): Promise<Session> {
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith("OTEL_")) delete process.env[name];
  Object.assign(process.env, QUICK, variables);
  const said: string[] = [];
  const telemetry = await startTelemetry({
    endpoint: "http://127.0.0.1:4318",
    traces: false,
    metrics: false,
    logs: false,
    resource: {},
    snapshot,
    guard: { listens: () => true, refuses: async () => undefined },
    say: (level, text) => said.push(`${level}: ${text}`),
    ...options,
  });
  t.after(async () => {
    await telemetry.shutdown(100);
    for (const name of Object.keys(process.env)) if (name.startsWith("OTEL_")) delete process.env[name];
    Object.assign(process.env, before);
  });
  return { telemetry, said };
}
