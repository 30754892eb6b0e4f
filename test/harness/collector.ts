/** A real collector, with the configuration that weir ships, inside a namespace of a test. */

import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCollector } from "../../collector/build.ts";
import type { Lab } from "./netns.ts";
import { readLogs, readMetrics, readSpans, type LogRecord, type Point, type Span } from "./otlp-json.ts";

const SHIPPED = join(import.meta.dirname, "../../collector");

export interface Collector extends AsyncDisposable {
  readonly pid: number;
  /** As OTEL_EXPORTER_OTLP_ENDPOINT takes it. */
  readonly endpoint: string;
  readonly grpc: string;
  readonly prometheus: string;
  /** Everything received so far; it gets here about a second after it was sent. */
  spans(): Promise<Span[]>;
  logs(): Promise<LogRecord[]>;
  metrics(): Promise<Point[]>;
  /** What Prometheus would read. */
  scrape(): Promise<string>;
  /** Lets it write what it holds, and ends it. What it wrote can still be read. */
  stop(): Promise<void>;
}

export async function startCollector(lab: Lab, namespace: string): Promise<Collector> {
  const binary = await buildCollector();
  const [http, grpc, prometheus, health, ownMetrics] = await lab.freePorts(namespace, 5);
  const directory = await mkdtemp(join(tmpdir(), "weir-collector-"));
  const file = join(directory, "telemetry.jsonl");
  const command = [binary, "--config", join(SHIPPED, "collector.yaml"), "--config", join(SHIPPED, "to-file.yaml")];
  const child = lab.spawn(namespace, command, {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      WEIR_COLLECTOR_HTTP: `127.0.0.1:${http}`,
      WEIR_COLLECTOR_GRPC: `127.0.0.1:${grpc}`,
      WEIR_COLLECTOR_PROMETHEUS: `127.0.0.1:${prometheus}`,
      WEIR_COLLECTOR_HEALTH: `127.0.0.1:${health}`,
      WEIR_COLLECTOR_OWN_METRICS: String(ownMetrics),
      WEIR_COLLECTOR_FILE: file,
    },
  });

  let said = "";
  const gone = once(child, "exit");
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the collector ended with ${code}:\n${said}`)));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-20_000);
      if (said.includes("Everything is ready")) resolve();
    });
  });

  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await gone;
  };
  const written = async (): Promise<string> => (existsSync(file) ? readFile(file, "utf8") : "");
  return {
    pid: child.pid ?? 0,
    endpoint: `http://127.0.0.1:${http}`,
    grpc: `http://127.0.0.1:${grpc}`,
    prometheus: `http://127.0.0.1:${prometheus}/metrics`,
    spans: async () => readSpans(await written()),
    logs: async () => readLogs(await written()),
    metrics: async () => readMetrics(await written()),
    scrape: () => lab.exec(namespace, "curl", "-sf", `http://127.0.0.1:${prometheus}/metrics`),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(directory, { recursive: true });
    },
  };
}
