/** A socket as `weir sockets` shows it. */

import type { Bypass, ProcessReference } from "../events/event.ts";
import type { Workload } from "../../values/workload.ts";
import type { Endpoint } from "../../values/traffic.ts";
import type { KernelSocket } from "./diag.ts";
import type { RawSocket } from "./raw.ts";
import type { SocketState } from "./states.ts";

export interface SocketRow extends Workload {
  protocol: KernelSocket["protocol"] | RawSocket["protocol"];
  /** The traffic of the socket: the IP protocol of a raw socket, the Ethernet type of a packet socket. */
  carries?: string;
  /** How it sends, or may send, past the egress rules; absent if it does not. */
  bypass?: Bypass;
  state: SocketState;
  /** Absent for packet sockets, which have no address. */
  local?: Endpoint;
  /** The other end; present for a connected socket. */
  remote?: Endpoint;
  /** The interface that it is bound to. */
  interface?: string;
  uid: number;
  /** Absent if nobody knows the process. */
  process?: ProcessReference;
  /** The bytes that wait: to be read by the process, and to be sent. */
  queued: KernelSocket["queued"];
  /**
   * The number of its watched connections. For a listener these are the connections to its port; for a socket that is neither TCP
   * nor UDP, those that it opened.
   */
  connections: number;
  /** The bytes that left this host through them, and those that arrived. */
  sent: number;
  received: number;
  /** The name of the rule that decided its connection. */
  rule?: string;
  /** The seconds since its connection opened. */
  age_s?: number;
}
