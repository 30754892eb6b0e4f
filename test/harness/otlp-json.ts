/** Reads the lines of the collector's file exporter (OTLP as JSON) into flat records that a test can search. */

export type Value = string | number | boolean | Value[] | { [key: string]: Value } | null;
export type Attributes = Record<string, Value>;

export interface Span {
  resource: Attributes;
  scope: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  kind: number;
  /** Nanoseconds since the epoch. */
  start: bigint;
  end: bigint;
  attributes: Attributes;
  /** 0 unset, 1 ok, 2 error. */
  status: number;
  events: { name: string; attributes: Attributes }[];
}

export interface LogRecord {
  resource: Attributes;
  scope: string;
  eventName: string;
  time: bigint;
  severity: string;
  body: Value;
  attributes: Attributes;
  traceId: string;
  spanId: string;
}

export interface Point {
  resource: Attributes;
  name: string;
  unit: string;
  kind: "sum" | "gauge" | "histogram" | "exponentialHistogram";
  monotonic: boolean;
  attributes: Attributes;
  time: bigint;
  /** Of a histogram: how many values it has. */
  value: number;
  /** Of a histogram: their sum. */
  sum?: number;
}

// The parts of OTLP's JSON that are read here. Fields that have their default value are left out by the writer.
interface Line {
  resourceSpans?: Resource<{ scopeSpans?: Scope<{ spans?: JsonSpan[] }>[] }>[];
  resourceLogs?: Resource<{ scopeLogs?: Scope<{ logRecords?: JsonLog[] }>[] }>[];
  resourceMetrics?: Resource<{ scopeMetrics?: Scope<{ metrics?: JsonMetric[] }>[] }>[];
}
type Resource<T> = T & { resource?: { attributes?: KeyValue[] } };
type Scope<T> = T & { scope?: { name?: string } };
interface KeyValue {
  key: string;
  value?: AnyValue;
}
interface AnyValue {
  stringValue?: string;
  intValue?: string | number;
  doubleValue?: number;
  boolValue?: boolean;
  arrayValue?: { values?: AnyValue[] };
  kvlistValue?: { values?: KeyValue[] };
}
interface JsonSpan {
  name?: string;
  traceId?: string;
  spanId?: string;
  parentSpanId?: string;
  kind?: number;
  startTimeUnixNano?: string;
  endTimeUnixNano?: string;
  attributes?: KeyValue[];
  status?: { code?: number };
  events?: { name?: string; attributes?: KeyValue[] }[];
}
interface JsonLog {
  eventName?: string;
  timeUnixNano?: string;
  severityText?: string;
  body?: AnyValue;
  attributes?: KeyValue[];
  traceId?: string;
  spanId?: string;
}
interface JsonPoint {
  attributes?: KeyValue[];
  timeUnixNano?: string;
  asInt?: string;
  asDouble?: number;
  count?: string;
  sum?: number;
}
interface JsonMetric {
  name?: string;
  unit?: string;
  sum?: { dataPoints?: JsonPoint[]; isMonotonic?: boolean };
  gauge?: { dataPoints?: JsonPoint[] };
  histogram?: { dataPoints?: JsonPoint[] };
  exponentialHistogram?: { dataPoints?: JsonPoint[] };
}

export function readSpans(text: string): Span[] {
  return lines(text)
    .flatMap((line) => line.resourceSpans ?? [])
    .flatMap((resource) =>
      (resource.scopeSpans ?? []).flatMap((scope) =>
        (scope.spans ?? []).map((span) => ({
          resource: attributes(resource.resource?.attributes),
          scope: scope.scope?.name ?? "",
          name: span.name ?? "",
          traceId: span.traceId ?? "",
          spanId: span.spanId ?? "",
          parentSpanId: span.parentSpanId ?? "",
          kind: span.kind ?? 0,
          start: BigInt(span.startTimeUnixNano ?? 0),
          end: BigInt(span.endTimeUnixNano ?? 0),
          attributes: attributes(span.attributes),
          status: span.status?.code ?? 0,
          events: (span.events ?? []).map((event) => ({ name: event.name ?? "", attributes: attributes(event.attributes) })),
        })),
      ),
    );
}

export function readLogs(text: string): LogRecord[] {
  return lines(text)
    .flatMap((line) => line.resourceLogs ?? [])
    .flatMap((resource) =>
      (resource.scopeLogs ?? []).flatMap((scope) =>
        (scope.logRecords ?? []).map((record) => ({
          resource: attributes(resource.resource?.attributes),
          scope: scope.scope?.name ?? "",
          eventName: record.eventName ?? "",
          time: BigInt(record.timeUnixNano ?? 0),
          severity: record.severityText ?? "",
          body: value(record.body),
          attributes: attributes(record.attributes),
          traceId: record.traceId ?? "",
          spanId: record.spanId ?? "",
        })),
      ),
    );
}

/** Every point ever exported, oldest first. */
export function readMetrics(text: string): Point[] {
  return lines(text)
    .flatMap((line) => line.resourceMetrics ?? [])
    .flatMap((resource) =>
      (resource.scopeMetrics ?? []).flatMap((scope) =>
        (scope.metrics ?? []).flatMap((metric) =>
          (["sum", "gauge", "histogram", "exponentialHistogram"] as const).flatMap((kind) =>
            (metric[kind]?.dataPoints ?? []).map((point) => ({
              resource: attributes(resource.resource?.attributes),
              name: metric.name ?? "",
              unit: metric.unit ?? "",
              kind,
              monotonic: metric.sum?.isMonotonic ?? false,
              attributes: attributes(point.attributes),
              time: BigInt(point.timeUnixNano ?? 0),
              value: Number(point.asInt ?? point.asDouble ?? point.count ?? 0),
              ...(point.sum === undefined ? {} : { sum: point.sum }),
            })),
          ),
        ),
      ),
    );
}

/** A last line without its end is still being written. */
function lines(text: string): Line[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

function attributes(list: KeyValue[] = []): Attributes {
  return Object.fromEntries(list.map((entry) => [entry.key, value(entry.value)]));
}

function value(any: AnyValue = {}): Value {
  if (any.intValue !== undefined) return Number(any.intValue);
  if (any.arrayValue !== undefined) return (any.arrayValue.values ?? []).map(value);
  if (any.kvlistValue !== undefined) return attributes(any.kvlistValue.values);
  return any.stringValue ?? any.doubleValue ?? any.boolValue ?? null;
}
