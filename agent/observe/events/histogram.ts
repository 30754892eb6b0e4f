/** The kernel's histograms: see struct histogram in probes/wire/statistics.h. */

import { Limit } from "../../generated/layout.ts";

export interface Histogram {
  /** One more than there are bounds: the last has none. */
  counts: number[];
  sum: number;
}

const BOUNDS = Limit.HISTOGRAM_BUCKETS - 1;

/** Up to where each bucket reaches, in seconds. */
export const TIME_BOUNDS: readonly number[] = Array.from({ length: BOUNDS }, (_, bucket) => 2 ** (bucket + 4) / 1e6);

/** The same of numbers. */
export const NUMBER_BOUNDS: readonly number[] = Array.from({ length: BOUNDS }, (_, bucket) => (bucket === 0 ? 0 : 2 ** (bucket - 1)));
