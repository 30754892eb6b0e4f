/** Turns the metric table into series. Each metric has a limited number of series: those beyond are summed, marked and counted. */

import type { Snapshot } from "../agent/observe/events/snapshot.ts";
import { METRICS, type HistogramMetric, type HistogramRow, type NumberMetric, type MetricSources, type Row } from "./metrics-table.ts";
import type { OwnFigures } from "./own-figures.ts";

/** The most series of one metric, the overflow series included. */
export const SERIES_LIMIT = 2000;

export type AttributeValues = Record<string, string | boolean>;

interface Series<M, V> {
  metric: M;
  points: { attributes: AttributeValues; value: V }[];
}

export type NumberSeries = Series<NumberMetric, number>;
export type HistogramSeries = Series<HistogramMetric, HistogramRow>;
export type MetricSeries = NumberSeries | HistogramSeries;

export function isHistogram(series: MetricSeries): series is HistogramSeries {
  return series.metric.kind === "histogram";
}

/** The attribute that the specification names for a series that stands for those beyond a limit. */
const OVERFLOW: AttributeValues = { "otel.metric.overflow": true };

export function readMetrics(snapshot: Snapshot, own: OwnFigures): MetricSeries[] {
  const reading: MetricSources = { snapshot, own, folded: new Map() };
  return METRICS.map((metric) =>
    metric.kind === "histogram"
      ? { metric, points: metric.read(reading).map((row) => ({ attributes: named(metric.attributes, row.attributes), value: row })) }
      : { metric, points: bounded(metric, reading) },
  );
}

function bounded(metric: NumberMetric, reading: MetricSources): NumberSeries["points"] {
  let rows = metric.read(reading);
  // Series with the value 0 make room first. Then the first rows in order stay, so that the choice is stable.
  if (rows.length > SERIES_LIMIT) rows = rows.filter(([value]) => value !== 0);
  const kept = rows.length > SERIES_LIMIT ? SERIES_LIMIT - 1 : rows.length;
  const points = rows.slice(0, kept).map(([value, ...attributes]: Row) => ({ attributes: named(metric.attributes, attributes), value }));
  if (kept < rows.length) {
    let value = 0;
    for (let index = kept; index < rows.length; index++) value += rows[index]![0];
    points.push({ attributes: OVERFLOW, value });
    reading.folded.set(metric.name, rows.length - kept);
  }
  return points;
}

function named(names: readonly string[], values: readonly string[]): AttributeValues {
  return Object.fromEntries(names.flatMap((name, index) => (values[index] === "" ? [] : [[name, values[index]!]])));
}
