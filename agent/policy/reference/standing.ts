/** How a packet stands to its connection. */

import type { ConnectionState } from "../../values/names.ts";
import { SYN } from "./flags.ts";
import type { Flow } from "./flows.ts";
import { TCP } from "./transport.ts";

export interface Standing {
  state: ConnectionState;
  /** Of the connection, in seconds. */
  age: number;
  /** Rules that held when the connection opened, and so hold for all of it. */
  settled: string[];
  /** Of a packet that opens one: takes the names of such rules. */
  opens?: string[];
}

/** A connection that is met in the middle was answered before: its opener goes on without having asked. */
export function stateOf(protocol: number, tcpFlags: number | null, byOpener: boolean, flow: Flow | undefined): ConnectionState {
  const everSaid = (flow?.tcpFlags[0] ?? 0) | (tcpFlags ?? 0);
  const isMetInTheMiddle = protocol === TCP && (everSaid & SYN) === 0;
  return !byOpener || flow?.answered === true || isMetInTheMiddle ? "established" : "new";
}
