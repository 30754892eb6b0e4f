/** Writes the metrics as text for Prometheus, with the names and types that the collector's Prometheus exporter gives them. */

import type { Snapshot } from "../agent/observe/events/snapshot.ts";
import type { HistogramRow, Metric } from "./metrics-table.ts";
import type { OwnFigures } from "./own-figures.ts";
import { isHistogram, readMetrics, type AttributeValues } from "./series.ts";

/** The units of the table as Prometheus spells them. A unit in braces only names the counted things, and does not appear. */
const UNITS: Record<string, string> = { By: "bytes", s: "seconds" };

const TYPES = { counter: "counter", updowncounter: "gauge", gauge: "gauge", histogram: "histogram" } as const;

/** Returns a name such as `weir_packets_total`; for a histogram the common part, see `prometheusSeries`. */
export function prometheusName(metric: Pick<Metric, "name" | "kind" | "unit">): string {
  const words = metric.name.split(/[^A-Za-z0-9:]+/);
  const unit = UNITS[metric.unit];
  if (unit !== undefined && !words.includes(unit)) words.push(unit);
  const suffix = metric.kind === "counter" ? "total" : metric.kind === "gauge" && metric.unit === "1" ? "ratio" : undefined;
  return (suffix === undefined ? words : [...words.filter((word) => word !== suffix), suffix]).join("_");
}

/** Returns the names that a query can use: one, or the three of a histogram. */
export function prometheusSeries(metric: Pick<Metric, "name" | "kind" | "unit">): string[] {
  const name = prometheusName(metric);
  return metric.kind === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

export function prometheusLabel(attribute: string): string {
  return attribute.replace(/[^A-Za-z0-9]+/g, "_");
}

export function renderPrometheus(snapshot: Snapshot, own: OwnFigures): string {
  const lines: string[] = [];
  for (const series of readMetrics(snapshot, own)) {
    const { metric, points } = series;
    if (points.length === 0) continue;
    const name = prometheusName(metric);
    lines.push(`# HELP ${name} ${escape(metric.description)}`, `# TYPE ${name} ${TYPES[metric.kind]}`);
    if (isHistogram(series)) {
      for (const { attributes, value } of series.points) lines.push(...histogram(name, attributes, value, series.metric.boundaries));
    } else {
      for (const { attributes, value } of series.points) lines.push(`${name}${labels(attributes)} ${value}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function histogram(name: string, attributes: AttributeValues, row: HistogramRow, boundaries: readonly number[]): string[] {
  let count = 0;
  const buckets = row.counts.map((inBucket, index) => {
    count += inBucket;
    return `${name}_bucket${labels({ ...attributes, le: String(boundaries[index] ?? "+Inf") })} ${count}`;
  });
  return [...buckets, `${name}_sum${labels(attributes)} ${row.sum}`, `${name}_count${labels(attributes)} ${count}`];
}

function labels(attributes: AttributeValues): string {
  const pairs = Object.entries(attributes).map(
    ([name, value]) => `${prometheusLabel(name)}="${escape(String(value)).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
