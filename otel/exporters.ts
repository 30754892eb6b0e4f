/** Loads the SDK's exporters, only for the signals and the protocol in use. */

import type { ExportResult } from "@opentelemetry/core";
import type { Exporter } from "./counted.ts";
import type { Signal } from "./delivery.ts";
import { MAX_BATCHES, type Target } from "./environment.ts";
import type { Reach } from "./reach.ts";

const PACKAGE_PARTS = { traces: "trace", metrics: "metrics", logs: "logs" } as const;
const CLASSES = { traces: "OTLPTraceExporter", metrics: "OTLPMetricExporter", logs: "OTLPLogExporter" } as const;
const ENCODINGS = { "http/json": "http", "http/protobuf": "proto", grpc: "grpc" } as const;

/** At shutdown the batches of a full queue of spans are sent at once, beside the batch that is on its way. */
const CONCURRENT_BATCHES = MAX_BATCHES + 1;

export interface LoadedExporter<Made> {
  exporter: Made;
  /** Ends the connections of batches that were given up. The next batch opens a new one. */
  abandon(): void;
}

/** The exporter itself reads headers and compression from `OTEL_EXPORTER_OTLP_*`. */
export async function loadExporter<Batch, Made extends Exporter<Batch>>(
  signal: Signal,
  target: Target,
  reach: Reach,
): Promise<LoadedExporter<Made>> {
  if (target.exporter === "console") return { exporter: (await loadConsole(signal)) as Made, abandon: () => {} };
  const name = `@opentelemetry/exporter-${PACKAGE_PARTS[signal]}-otlp-${ENCODINGS[target.protocol]}`;
  const module = (await import(name)) as Record<string, new (options: object) => Made>;
  const options = { url: target.url, timeoutMillis: target.patience, concurrencyLimit: CONCURRENT_BATCHES };
  const make = (more: object): Made => new module[CLASSES[signal]]!({ ...options, ...more });
  // gRPC has deadlines of its own.
  if (target.protocol === "grpc") return { exporter: make({}), abandon: () => {} };
  const agent = reach.agent(target);
  return { exporter: make({ httpAgentOptions: () => agent }), abandon: () => agent.destroy() };
}

async function loadConsole(
  signal: Signal,
): Promise<{ export(batch: never, done: (result: ExportResult) => void): void; shutdown(): Promise<void> }> {
  switch (signal) {
    case "traces":
      return new (await import("@opentelemetry/sdk-trace")).ConsoleSpanExporter();
    case "metrics":
      return new (await import("@opentelemetry/sdk-metrics")).ConsoleMetricExporter();
    case "logs":
      return new (await import("@opentelemetry/sdk-logs")).ConsoleLogRecordExporter();
  }
}
