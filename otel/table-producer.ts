/**
 * Passes the metric table to the SDK's reader at each collection, without instruments in between. The counters already exist in
 * the kernel, and the SDK's memory of every series it has ever seen would grow with rules and interfaces that come and go.
 */

import { ValueType, type HrTime } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  DataPointType,
  InstrumentType,
  type CollectionResult,
  type DataPoint,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import type { Metric } from "./metrics-table.ts";
import { isHistogram, type AttributeValues, type MetricSeries } from "./series.ts";

const INSTRUMENTS: Record<Metric["kind"], InstrumentType> = {
  counter: InstrumentType.OBSERVABLE_COUNTER,
  updowncounter: InstrumentType.OBSERVABLE_UP_DOWN_COUNTER,
  gauge: InstrumentType.OBSERVABLE_GAUGE,
  histogram: InstrumentType.HISTOGRAM,
};

export interface TableProducerOptions {
  read(): MetricSeries[];
  /** The time in milliseconds since the epoch. */
  started: number;
  version: string;
  temporality(instrument: InstrumentType): AggregationTemporality;
}

export class TableProducer implements MetricProducer {
  readonly #options: TableProducerOptions;
  readonly #started: HrTime;
  #collected: HrTime;
  /** The last values of each series of a delta metric. */
  #before = new Map<string, number[]>();
  #now = new Map<string, number[]>();

  constructor(options: TableProducerOptions) {
    this.#options = options;
    this.#started = this.#collected = hrTime(options.started);
  }

  async collect(): Promise<CollectionResult> {
    const at = hrTime(Date.now());
    const metrics = this.#options
      .read()
      .filter(({ points }) => points.length > 0)
      .map((series) => this.#metricData(series, at));
    this.#collected = at;
    this.#before = this.#now;
    this.#now = new Map();
    const scope = { name: "weir", version: this.#options.version };
    return { resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope, metrics }] }, errors: [] };
  }

  #metricData(series: MetricSeries, endTime: HrTime): MetricData {
    const { name, unit, description, kind } = series.metric;
    const valueType = unit === "s" || unit === "1" ? ValueType.DOUBLE : ValueType.INT;
    const descriptor = { name, unit, description, valueType };
    const aggregationTemporality = this.#options.temporality(INSTRUMENTS[kind]);
    // Delta is for values that only grow; the preference leaves the other kinds as they are.
    const delta = aggregationTemporality === AggregationTemporality.DELTA && (kind === "counter" || kind === "histogram");
    const startTime = delta ? this.#collected : this.#started;
    const change = (attributes: AttributeValues, values: number[]): number[] => (delta ? this.#change(name, attributes, values) : values);

    if (isHistogram(series)) {
      const boundaries = [...series.metric.boundaries];
      const dataPoints = series.points.map(({ attributes, value }): DataPoint<Histogram> => {
        const [sum = 0, ...counts] = change(attributes, [value.sum, ...value.counts]);
        const count = counts.reduce((total, inBucket) => total + inBucket, 0);
        return { startTime, endTime, attributes, value: { buckets: { boundaries, counts }, sum, count } };
      });
      return { descriptor, aggregationTemporality, dataPointType: DataPointType.HISTOGRAM, dataPoints };
    }
    const dataPoints = series.points.map(
      ({ attributes, value }): DataPoint<number> => ({ startTime, endTime, attributes, value: change(attributes, [value])[0]! }),
    );
    if (kind === "gauge") return { descriptor, aggregationTemporality, dataPointType: DataPointType.GAUGE, dataPoints };
    return { descriptor, aggregationTemporality, dataPointType: DataPointType.SUM, isMonotonic: kind === "counter", dataPoints };
  }

  #change(metric: string, attributes: AttributeValues, values: number[]): number[] {
    const key = JSON.stringify([metric, attributes]);
    this.#now.set(key, values);
    const before = this.#before.get(key);
    // A counter that fell has started again from 0.
    if (before === undefined || values.some((value, index) => value < before[index]!)) return values;
    return values.map((value, index) => value - before[index]!);
  }
}

function hrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)];
}
