/** What others than weir drop, as `weir drops` shows it. */

import type { ConnectionFields } from "../events/event.ts";
import type { Dropped } from "../events/snapshot.ts";

/** Direction and ends are those of the packet that was dropped; a process is known of one on its way out. */
export interface DropRow extends Omit<ConnectionFields, "time" | "rule" | "vlan" | "tunnel">, Dropped {
  /** Nobody misses it: see ordinary-drops.ts. */
  ordinary?: true;
  /** ISO times. */
  first: string;
  last: string;
}
