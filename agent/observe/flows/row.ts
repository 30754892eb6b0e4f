/** A connection of the table as `weir flows` shows it. */

import type { ConnectionFields } from "../events/event.ts";
import type { Dropped } from "../events/snapshot.ts";

export interface FlowRow extends Omit<ConnectionFields, "time" | "rule"> {
  /** Name of the rule that decided it. */
  rule: string;
  /** It goes on in detect, and this rule would drop it. Absent of all others. */
  would_drop?: true;
  /** ISO time. */
  opened: string;
  age_s: number;
  idle_s: number;
  /** Sent by the opener, and by the other end. */
  packets: [number, number];
  bytes: [number, number];
  state: string;
  /** What others than weir dropped of it. */
  dropped?: Dropped[];
}
