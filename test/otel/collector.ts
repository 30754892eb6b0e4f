/** An OTLP HTTP server for JSON, on a port of its own, that keeps what it acknowledges and misbehaves on demand. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Signal } from "../../otel/delivery.ts";

// The shapes of OTLP JSON, as far as the tests look.
interface Value {
  stringValue?: string;
  intValue?: number | string;
  boolValue?: boolean;
  doubleValue?: number;
  arrayValue?: { values: Value[] };
}
interface Attribute {
  key: string;
  value: Value;
}
export interface Attributes {
  [name: string]: unknown;
}
export interface Span {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
  events: { name: string; attributes: Attribute[] }[];
  status: { code: number; message?: string };
}
export interface LogRecord {
  timeUnixNano: string;
  eventName: string;
  severityNumber: number;
  severityText: string;
  body: { stringValue: string };
  attributes: Attribute[];
  traceId?: string;
  spanId?: string;
}
export interface Point {
  attributes: Attribute[];
  asInt?: number | string;
  asDouble?: number;
  count?: number;
  sum?: number;
  bucketCounts?: number[];
  explicitBounds?: number[];
}
interface Points {
  dataPoints: Point[];
  aggregationTemporality?: number;
  isMonotonic?: boolean;
}
export interface MetricRecord {
  name: string;
  unit: string;
  description: string;
  sum?: Points;
  gauge?: Points;
  histogram?: Points;
}
interface Scoped {
  scopeSpans?: { spans: Span[] }[];
  scopeLogs?: { logRecords: LogRecord[] }[];
  scopeMetrics?: { metrics: MetricRecord[] }[];
  resource: { attributes: Attribute[] };
}
interface Body {
  resourceSpans?: Scoped[];
  resourceLogs?: Scoped[];
  resourceMetrics?: Scoped[];
}

export type Answer = (request: IncomingMessage, response: ServerResponse, signal: Signal, records: number) => boolean;

/** Says that it has the records. Every answer tells whether it did. */
export const accept: Answer = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
  return true;
};

export class Collector {
  spans: Span[] = [];
  logs: LogRecord[] = [];
  metrics: MetricRecord[] = [];
  resources: Attributes[] = [];
  headers: IncomingMessage["headers"][] = [];
  requests = 0;
  answer: Answer = accept;
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  /** @param port 0 for any free one */
  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve, reject) => this.#server.once("error", reject).listen(port, "127.0.0.1", resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // the exporter hung up
    }
    this.requests++;
    this.headers.push(request.headers);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Body;
    const signal = request.url!.split("/").at(-1) as Signal;
    const scoped = body.resourceSpans ?? body.resourceLogs ?? body.resourceMetrics ?? [];
    const spans = scoped.flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap((scope) => scope.spans));
    const logs = scoped.flatMap(({ scopeLogs = [] }) => scopeLogs.flatMap((scope) => scope.logRecords));
    const metrics = scoped.flatMap(({ scopeMetrics = [] }) => scopeMetrics.flatMap((scope) => scope.metrics));
    if (!this.answer(request, response, signal, spans.length + logs.length)) return;
    this.resources.push(...scoped.map(({ resource }) => attributesOf(resource)));
    this.spans.push(...spans);
    this.logs.push(...logs);
    this.metrics.push(...metrics);
  }
}

export function attributesOf({ attributes }: { attributes: Attribute[] }): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: Value): unknown {
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(plain);
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue;
}

/** Polls until the condition holds. The limit only ends a test that would hang. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never happened: ${what}`);
}
