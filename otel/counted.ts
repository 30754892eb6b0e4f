/** Exporters and processors of the SDK that account for every record. */

import { ExportResultCode, type ExportResult } from "@opentelemetry/core";
import { TraceFlags } from "@opentelemetry/api";
import type { LogRecordProcessor, ReadWriteLogRecord } from "@opentelemetry/sdk-logs";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { DeliveryLedger } from "./delivery.ts";
import type { Remark } from "./diagnostics.ts";
import { DeliveryProblem } from "./trouble.ts";

export interface Exporter<Batch> {
  export(batch: Batch, done: (result: ExportResult) => void): void;
  shutdown(): Promise<void>;
  forceFlush?(): Promise<void>;
}

export interface Accounts<Batch> {
  ledger: DeliveryLedger;
  size(batch: Batch): number;
  /** Returns what the SDK said about the answer that it is about to report. */
  takeRemark(): Remark | undefined;
  /** Returns the reason why nobody can be reached at this moment; undefined if it may be tried. */
  unreachable(): Error | undefined;
  /** Called for every batch. Without a problem the collector has it. */
  outcome(problem: unknown): void;
  /** A batch that is still on its way after this many milliseconds counts as lost. */
  deadline: number;
  /** Called when that happened. */
  abandon(): void;
}

/**
 * Counts the records that the collector acknowledged. For the SDK every batch is a success: it could only log a failure for each
 * attempt, and would stop flushing at the first one.
 */
export class CountedExporter<Batch> implements Exporter<Batch> {
  readonly #inner: Exporter<Batch>;
  readonly #accounts: Accounts<Batch>;

  constructor(inner: Exporter<Batch>, accounts: Accounts<Batch>) {
    this.#inner = inner;
    this.#accounts = accounts;
  }

  export(batch: Batch, done: (result: ExportResult) => void): void {
    const { ledger, size, takeRemark, unreachable, outcome, deadline, abandon } = this.#accounts;
    const records = size(batch);
    let settled = false;
    const settle = (problem: unknown, lost: number): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      outcome(problem);
      ledger.arrive(records, lost);
      done({ code: ExportResultCode.SUCCESS });
    };
    // The exporter's own timeout only detects silence: an answer that arrives byte by byte would last for ever.
    const timer = setTimeout(() => {
      settle(new DeliveryProblem("silent"), records);
      abandon();
    }, deadline);
    timer.unref();
    ledger.depart(records);
    const nobody = unreachable();
    if (nobody !== undefined) {
      settle(nobody, records);
      return;
    }
    try {
      this.#inner.export(batch, (result) => {
        const remark = takeRemark();
        if (result.code !== ExportResultCode.SUCCESS) settle(understood(result.error), records);
        else settle(remark?.problem, Math.min(records, remark?.refused ?? 0));
      });
    } catch (error) {
      settle(error, records);
    }
  }

  async forceFlush(): Promise<void> {
    await this.#inner.forceFlush?.();
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }
}

/** The exporters distinguish these two by their text only. */
function understood(error: unknown): unknown {
  const message = error instanceof Error ? error.message : "";
  if (/^Request timed out|^Concurrent export limit/.test(message)) return new DeliveryProblem("silent");
  if (/retryable status/.test(message)) return new DeliveryProblem("overloaded");
  return error ?? new Error("no reason given");
}

/** Refuses spans for which the queue has no room, before the SDK drops them without a count. */
export class CountedSpans implements SpanProcessor {
  readonly #inner: SpanProcessor;
  readonly #ledger: DeliveryLedger;

  constructor(inner: SpanProcessor, ledger: DeliveryLedger) {
    this.#inner = inner;
    this.#ledger = ledger;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const sampled = (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
    if (sampled && this.#ledger.offer()) this.#inner.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#inner.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }
}

/** Does the same for log records. */
export class CountedLogs implements LogRecordProcessor {
  readonly #inner: LogRecordProcessor;
  readonly #ledger: DeliveryLedger;

  constructor(inner: LogRecordProcessor, ledger: DeliveryLedger) {
    this.#inner = inner;
    this.#ledger = ledger;
  }

  onEmit(record: ReadWriteLogRecord): void {
    if (this.#ledger.offer()) this.#inner.onEmit(record);
  }

  forceFlush(): Promise<void> {
    return this.#inner.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }
}
