/** A socket as `weir sockets` shows it. */

import type { Bypass, ProcessReference } from "../events/event.ts";
import type { Workload } from "../../values/workload.ts";
import type { Endpoint } from "../../values/traffic.ts";
import type { KernelSocket, SocketState } from "./diag.ts";
import type { RawSocket } from "./raw.ts";

export interface SocketRow extends Workload {
  protocol: KernelSocket["protocol"] | RawSocket["protocol"];
  /** What goes through a raw socket, by its IP protocol, or through a packet socket, by its type of Ethernet. */
  carries?: string;
  /** How it sends past the egress rules, where it does or may. */
  bypass?: Bypass;
  state: SocketState;
  /** Absent of packet sockets, which have no address. */
  local?: Endpoint;
  /** Of a socket that is connected. */
  remote?: Endpoint;
  /** That it is bound to. */
  interface?: string;
  uid: number;
  /** Absent where nobody knows. */
  process?: ProcessReference;
  /** Bytes that wait: to be read by the process, and to be sent. */
  queued: KernelSocket["queued"];
  /** Of the watched connections that are its own, or of a listener those to its port; of what is no TCP or UDP those that it opened. */
  connections: number;
  /** Bytes that left this host by them, and that came. */
  sent: number;
  received: number;
  /** Name of the rule that decided its connection. */
  rule?: string;
  /** Seconds since its connection opened. */
  age_s?: number;
}
