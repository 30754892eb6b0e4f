/** A connection of the table as `weir flows` shows it. */

import type { ConnectionFields } from "../events/event.ts";
import type { Dropped } from "../events/snapshot.ts";

export interface FlowRow extends Omit<ConnectionFields, "time" | "rule"> {
  /** The name of the rule that decided it. */
  rule: string;
  /** True if it goes on in detect and this rule would drop it; absent for all others. */
  would_drop?: true;
  /** The time in ISO format. */
  opened: string;
  age_s: number;
  idle_s: number;
  /** The packets of the opener, and those of the other end. */
  packets: [number, number];
  bytes: [number, number];
  state: string;
  /** Its packets that others than weir dropped. */
  dropped?: Dropped[];
}
