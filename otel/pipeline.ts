/**
 * Wires the SDK: writers > counted processors > the SDK's batches > counted exporters > collector. It is imported only when
 * something is to be sent.
 */

import { context, diag, DiagLogLevel, logs, metrics, propagation, trace } from "@opentelemetry/api";
import { defaultResource, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, type LogRecordExporter, type ReadableLogRecord } from "@opentelemetry/sdk-logs";
import {
  AggregationTemporality,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { NodeSDK, type NodeSDKConfiguration } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor, type BatchSpanProcessorOptions, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace";
import manifest from "../package.json" with { type: "json" };
import { Channel } from "./channel.ts";
import { CountedLogs, CountedSpans } from "./counted.ts";
import type { Signal } from "./delivery.ts";
import { Diagnostics } from "./diagnostics.ts";
import type { Plan, QueueLimits, Target } from "./environment.ts";
import { LogWriter } from "./logs.ts";
import { resourceAttributes } from "./resource.ts";
import type { MetricSeries } from "./series.ts";
import { type Guard, Reach } from "./reach.ts";
import { TableProducer } from "./table-producer.ts";
import { SpanWriter } from "./traces.ts";
import { Announcer, type Say } from "./trouble.ts";

/** This is longer than the counted exporter waits, so that the SDK's own time-out never comes first. */
const SDK_PATIENCE_MS = 5000;

export interface Pipeline {
  channels: Partial<Record<Signal, Channel>>;
  spans?: SpanWriter;
  logs?: LogWriter;
  shutdown(timeoutMs: number): Promise<void>;
}

export interface PipelineOptions {
  plan: Plan;
  resource: Record<string, string>;
  readMetrics(): MetricSeries[];
  /** Returns the start time of the counters, in milliseconds since the epoch. */
  started(): number;
  /** Checks who listens at an address that nobody configured. */
  guard: Guard;
  say: Say;
}

export async function openPipeline({ plan, resource, readMetrics, started, guard, say }: PipelineOptions): Promise<Pipeline> {
  const wantsDetail = /^(info|debug|verbose|all)$/i.test(process.env["OTEL_LOG_LEVEL"] ?? "");
  const diagnostics = new Diagnostics(say, wantsDetail);
  diag.setLogger(diagnostics, { logLevel: wantsDetail ? DiagLogLevel.ALL : DiagLogLevel.WARN, suppressOverrideMessage: true });
  const announcer = new Announcer(say);
  const channels: Pipeline["channels"] = {};
  const reaches = new Map<string, Reach>();
  const reachOf = ({ url, asked }: Target): Reach => {
    const { origin } = new URL(url);
    const reach = reaches.get(origin) ?? new Reach(asked ? undefined : guard);
    reaches.set(origin, reach);
    return reach;
  };
  const channel = (signal: Signal, target: Target, capacity: number): Channel =>
    (channels[signal] = new Channel(signal, target, capacity, announcer, reachOf(target)));

  const configuration: Partial<NodeSDKConfiguration> = {
    resource: defaultResource().merge(resourceFromAttributes({ ...resourceAttributes(), ...resource })),
    // Detectors win over the resource given. Of the SDK's detectors, only the one that reads variables is wanted.
    ...(process.env["OTEL_NODE_RESOURCE_DETECTORS"] === undefined && { resourceDetectors: [envDetector] }),
    instrumentations: [],
    spanProcessors: [],
    logRecordProcessors: [],
    metricReaders: [],
  };
  const { traces: spanTarget, logs: logTarget, metrics: metricTarget } = plan.targets;
  if (spanTarget !== undefined) {
    const way = channel("traces", spanTarget, plan.spans.capacity);
    const { exporter } = await way.open<ReadableSpan[], SpanExporter>((batch) => batch.length, diagnostics);
    configuration.spanProcessors = [
      new CountedSpans(new BatchSpanProcessor({ exporter, ...batching(plan.spans, spanTarget) }), way.ledger),
    ];
  }
  if (logTarget !== undefined) {
    const way = channel("logs", logTarget, plan.logs.capacity);
    const { exporter } = await way.open<ReadableLogRecord[], LogRecordExporter>((batch) => batch.length, diagnostics);
    configuration.logRecordProcessors = [
      new CountedLogs(new BatchLogRecordProcessor({ exporter, ...batching(plan.logs, logTarget) }), way.ledger),
    ];
  }
  if (metricTarget !== undefined) {
    const way = channel("metrics", metricTarget, Infinity);
    const { inner, exporter } = await way.open<ResourceMetrics, PushMetricExporter>((batch) => {
      // A collection of metrics is offered and sent at once, because metrics have no queue.
      const points = dataPoints(batch);
      way.ledger.offer(points);
      return points;
    }, diagnostics);
    const producer = new TableProducer({
      read: readMetrics,
      started: started(),
      version: manifest.version,
      temporality: (instrument) => inner.selectAggregationTemporality?.(instrument) ?? AggregationTemporality.CUMULATIVE,
    });
    configuration.metricReaders = [
      new PeriodicExportingMetricReader({
        exporter,
        metricProducers: [producer],
        exportIntervalMillis: plan.interval,
        exportTimeoutMillis: plan.interval,
      }),
    ];
  }

  const sdk = withoutLogLevel(() => new NodeSDK(configuration));
  sdk.start();

  const { traces: spanWay, logs: logWay } = channels;
  const pipeline: Pipeline = {
    channels,
    ...(spanWay && { spans: new SpanWriter(trace.getTracer(manifest.name, manifest.version), spanWay.ledger) }),
    ...(logWay && { logs: new LogWriter(logs.getLogger(manifest.name, manifest.version), logWay.ledger) }),
    async shutdown(timeoutMs) {
      pipeline.spans?.close();
      pipeline.logs?.close();
      await within(timeoutMs, sdk.shutdown());
      for (const way of Object.values(channels)) way.ledger.close();
      for (const api of [trace, metrics, logs, context, propagation, diag]) api.disable();
    },
  };
  for (const way of Object.values(channels)) way.probe();
  return pipeline;
}

function batching(limits: QueueLimits, { deadline }: Target): Omit<BatchSpanProcessorOptions, "exporter"> {
  return {
    maxQueueSize: limits.capacity,
    maxExportBatchSize: limits.batch,
    scheduledDelayMillis: limits.delay,
    exportTimeoutMillis: deadline + SDK_PATIENCE_MS,
  };
}

function dataPoints(batch: ResourceMetrics): number {
  return batch.scopeMetrics.flatMap(({ metrics }) => metrics).reduce((total, { dataPoints }) => total + dataPoints.length, 0);
}

/** Hides the variable OTEL_LOG_LEVEL. The SDK would write to the console because of it; weir has read it already. */
function withoutLogLevel<Made>(make: () => Made): Made {
  const level = process.env["OTEL_LOG_LEVEL"];
  delete process.env["OTEL_LOG_LEVEL"];
  try {
    return make();
  } finally {
    if (level !== undefined) process.env["OTEL_LOG_LEVEL"] = level;
  }
}

/** Waits for the work, but no longer than the timeout. A failure has been counted where it happened. */
async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([work.catch(() => undefined), promise]);
  clearTimeout(timer);
}
