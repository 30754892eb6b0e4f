/** How many connections may be open, as the operator writes it: a number, or a number and for whom it is. */

import type { Layer4Config, MeterBy } from "./rule.ts";

export interface ConnectionsOver {
  count: number;
  by: MeterBy;
}

/** What an already validated value stands for. */
export function connectionsOver(value: NonNullable<Layer4Config["connections_over"]>): ConnectionsOver {
  return typeof value === "number" ? { count: value, by: "source" } : value;
}
