/** The kernel's histograms: see struct histogram in probes/wire/statistics.h. */

import { Limit } from "../../generated/layout.ts";

export interface Histogram {
  /** There is one more count than there are bounds, because the last bucket has no bound. */
  counts: number[];
  sum: number;
}

const BOUNDS = Limit.HISTOGRAM_BUCKETS - 1;

/** The upper bounds of the buckets of times, in seconds. */
export const TIME_BOUNDS: readonly number[] = Array.from({ length: BOUNDS }, (_, bucket) => 2 ** (bucket + 4) / 1e6);

/** The upper bounds of the buckets of numbers. */
export const NUMBER_BOUNDS: readonly number[] = Array.from({ length: BOUNDS }, (_, bucket) => (bucket === 0 ? 0 : 2 ** (bucket - 1)));
