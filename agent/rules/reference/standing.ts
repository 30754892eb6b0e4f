/** How a packet stands to its connection. */

import type { ConnectionState } from "../../../config/names.ts";
import { type Flow, SYN } from "./flows.ts";
import { TCP } from "./transport.ts";

export interface Standing {
  state: ConnectionState;
  /** Of the connection, in seconds. */
  age: number;
}

/** A connection that is met in the middle was answered before: its opener goes on without having asked. */
export function standingOf(protocol: number, tcpFlags: number | null, byOpener: boolean, flow: Flow | undefined, now: number): Standing {
  const everSaid = (flow?.tcpFlags[0] ?? 0) | (tcpFlags ?? 0);
  const isMetInTheMiddle = protocol === TCP && (everSaid & SYN) === 0;
  const answered = !byOpener || flow?.answered === true || isMetInTheMiddle;
  return { state: answered ? "established" : "new", age: ageOf(flow, now) };
}

export function ageOf(flow: Flow | undefined, now: number): number {
  return flow === undefined ? 0 : (now - flow.opened) / 1000;
}
