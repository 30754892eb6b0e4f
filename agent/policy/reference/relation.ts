/** The relation of a packet to its connection. */

import type { ConnectionState } from "../../values/names.ts";
import { SYN } from "./flags.ts";
import type { Flow } from "./flows.ts";
import { TCP } from "./transport.ts";

export interface Relation {
  state: ConnectionState;
  /** The age of the connection in seconds. */
  age: number;
  /** Rules that matched when the connection opened, and so hold for all of it. */
  settled: string[];
  /** Present for a packet that opens a connection: it receives the names of such rules. */
  opens?: string[];
}

/** A connection that is met in the middle counts as answered, because its opener goes on without a SYN. */
export function stateOf(protocol: number, tcpFlags: number | null, byOpener: boolean, flow: Flow | undefined): ConnectionState {
  const everSaid = (flow?.tcpFlags[0] ?? 0) | (tcpFlags ?? 0);
  const isMetInTheMiddle = protocol === TCP && (everSaid & SYN) === 0;
  return !byOpener || flow?.answered === true || isMetInTheMiddle ? "established" : "new";
}
