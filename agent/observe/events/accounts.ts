/** emitted = received + pending + lost, from what the kernel counted and where the ring's ends stand. */

import type { RingState } from "../../kernel/ring.ts";
import type { KernelEventCounts } from "./counters.ts";
import type { EventCounts } from "./snapshot.ts";

const TRIES = 64;

/**
 * Reads both between two equal looks at the ring, so that they speak of one moment. Under a load that never
 * pauses, what was emitted is what went into the ring and what did not.
 */
export function eventCounts(ring: () => RingState, stride: number, kernel: () => KernelEventCounts): EventCounts {
  for (let tries = 0; ; tries++) {
    const before = ring();
    const counted = kernel();
    const after = ring();
    const settled = before.producer === after.producer && before.consumer === after.consumer;
    const written = after.producer / stride;
    if ((settled && counted.emitted - counted.lost === written) || tries === TRIES) {
      return {
        emitted: settled ? counted.emitted : written + counted.lost,
        received: after.consumer / stride,
        pending: (after.producer - after.consumer) / stride,
        lost: counted.lost,
        suppressed: counted.suppressed,
      };
    }
  }
}
