/** Telemetry of the agent: it takes events, sends traces, metrics and logs over OTLP, and counts what does not arrive. */

import type { ConnectionEvent, ReportedEvent } from "../agent/observe/events/event.ts";
import type { Snapshot } from "../agent/observe/events/snapshot.ts";
import type { SignalState } from "./channel.ts";
import type { Signal } from "./delivery.ts";
import { planTelemetry } from "./environment.ts";
import type { Changes } from "./logs.ts";
import { SelfObserver, type OwnFigures } from "./own-figures.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Guard } from "./reach.ts";
import { readMetrics } from "./series.ts";
import type { Say } from "./trouble.ts";

export interface TelemetryOptions {
  /** The beginning of the collector's OTLP address, if one is configured. `OTEL_*` variables win over this and all below. */
  endpoint?: string | undefined;
  traces: boolean;
  metrics: boolean;
  logs: boolean;
  /** Resource attributes beside those of host, system and service. */
  resource: Record<string, string>;
  /** Called at every collection of metrics, the last one during shutdown. */
  snapshot(): Snapshot;
  /** Checks who listens at an address that nobody configured. */
  guard: Guard;
  /** Takes sentences for the operator: about the collector, wrong variables and the SDK. */
  say: Say;
}

export interface Telemetry {
  event(event: ReportedEvent): void;
  connection(event: ConnectionEvent): void;
  changed<Name extends keyof Changes>(name: Name, change: Changes[Name]): void;
  /**
   * The number of records that were not delivered, by stage: `otel_logs`, `otel_traces`, and the same with `_budget` for those
   * left out on purpose.
   */
  lost(): Record<string, number>;
  /** The figures that `renderPrometheus` needs beside the snapshot. */
  figures(): OwnFigures;
  /** One entry for each signal in use. */
  state(): Partial<Record<Signal, SignalState>>;
  /** Sends what is queued, for at most this time. Everything that remains is counted as lost. */
  shutdown(timeoutMs: number): Promise<void>;
}

export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const plan = planTelemetry(options, process.env);
  for (const warning of plan.warnings) options.say("warn", warning);
  const self = new SelfObserver();
  let pipeline: Pipeline | undefined;
  if (Object.keys(plan.targets).length > 0) {
    // The SDK costs some 40 MB and a fifth of a second, so it is loaded only when something is to be sent.
    const { openPipeline } = await import("./pipeline.ts");
    pipeline = await openPipeline({
      plan,
      resource: options.resource,
      readMetrics: () => readMetrics(options.snapshot(), figures()),
      started: () => options.snapshot().started,
      guard: options.guard,
      say: options.say,
    });
  }

  function state(): Partial<Record<Signal, SignalState>> {
    return Object.fromEntries(Object.entries(pipeline?.channels ?? {}).map(([signal, channel]) => [signal, channel.state()]));
  }

  function figures(): OwnFigures {
    return self.figures(state());
  }

  return {
    event(event) {
      if (!("rule" in event)) {
        pipeline?.logs?.socket(event);
        return;
      }
      const span = pipeline?.spans?.event(event);
      pipeline?.logs?.event(event, span);
    },
    connection(event) {
      self.connection(event);
      pipeline?.spans?.connection(event);
    },
    changed(name, change) {
      pipeline?.logs?.changed(name, change);
    },
    lost() {
      const stages = {
        otel_logs: pipeline?.channels.logs?.ledger.read().lost,
        otel_logs_budget: pipeline?.logs?.leftOut,
        otel_traces: pipeline?.channels.traces?.ledger.read().lost,
        otel_traces_budget: pipeline?.spans?.leftOut,
      };
      return Object.fromEntries(Object.entries(stages).filter((stage): stage is [string, number] => (stage[1] ?? 0) > 0));
    },
    figures,
    state,
    async shutdown(timeoutMs) {
      await pipeline?.shutdown(timeoutMs);
      self.close();
    },
  };
}
