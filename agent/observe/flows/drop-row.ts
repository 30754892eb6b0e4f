/** Packets that others than weir drop, as `weir drops` shows them. */

import type { ConnectionFields } from "../events/event.ts";
import type { Dropped } from "../events/snapshot.ts";

/** Direction and ends are those of the dropped packet. The process is known for an outgoing packet. */
export interface DropRow extends Omit<ConnectionFields, "time" | "rule" | "vlan" | "tunnel">, Dropped {
  /** True if nobody misses the packet: see ordinary-drops.ts. */
  ordinary?: true;
  /** Times in ISO format. */
  first: string;
  last: string;
}
