/** What others than weir drop, as `weir drops` shows it. */

import type { ConnectionFields, Direction, Endpoint, ProcessReference, Workload } from "../events/event.ts";
import type { Dropped } from "../events/snapshot.ts";

export interface DropRow extends Workload, Dropped {
  /** Of the packet that was dropped, as are the two ends. */
  direction: Direction;
  interface: string;
  protocol: string;
  source: Endpoint;
  destination: Endpoint;
  icmp?: ConnectionFields["icmp"];
  /** Of a packet that was dropped on its way out. */
  process?: ProcessReference;
  /** ISO times. */
  first: string;
  last: string;
}
