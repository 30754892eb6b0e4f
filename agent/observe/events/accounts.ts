/** The equation emitted = received + pending + lost, from the kernel's counters and the positions of the ring. */

import type { RingState } from "../../kernel/ring.ts";
import type { KernelEventCounts } from "./counters.ts";
import type { EventCounts } from "./snapshot.ts";

const TRIES = 64;

/**
 * Reads the counters between two equal readings of the ring, so that both belong to one moment. If a load never pauses, `emitted`
 * is the number of records that went into the ring plus the number that did not.
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
