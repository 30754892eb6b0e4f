/** A connection of the table as `weir flows` shows it. */

import type { ConnectionFields, Direction, Endpoint, ProcessReference, Workload } from "../events/event.ts";
import type { Dropped } from "../events/snapshot.ts";

export interface FlowRow extends Workload {
  direction: Direction;
  interface: string;
  protocol: string;
  source: Endpoint;
  destination: Endpoint;
  icmp?: ConnectionFields["icmp"];
  vlan?: number[];
  tunnel?: ConnectionFields["tunnel"];
  process?: ProcessReference;
  /** Name of the rule that decided it. */
  rule: string;
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
