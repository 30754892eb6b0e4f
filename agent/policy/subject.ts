/**
 * The subject that a rule judges: the tuple of the end that opened the connection, and the packet's own flags.
 *
 * `undefined` means "cannot be known", such as the ports of a later fragment whose first was not seen. `null` means "has none",
 * such as the ports of an ICMP packet. A rule that asks for an unknown value neither matches nor fails.
 */

import type { ConnectionState } from "../values/names.ts";
import type { Direction } from "../values/traffic.ts";
import type { Workload } from "../values/workload.ts";

/** A process on this host. An absent member is not known. */
export interface LocalProcess {
  executable?: string;
  /** The words of its command line with spaces between. */
  command?: string;
  user?: { uid: number; name?: string };
  /** The executables of the processes above it. */
  parents?: readonly string[];
  workload?: Workload;
}

/** Looks up the members of the sets that rules name. */
export interface SetView {
  hasAddress(set: string, address: bigint): boolean;
  hasPort(set: string, port: number): boolean;
}

/** The counters of one rule for this packet; null if the rule does not count such packets. */
export interface Counted {
  /** True if the rule matched when the connection opened, which holds for all of it. */
  settled?: boolean;
  overRate?: boolean | null;
  /** The number of other connections that are open. */
  connections?: number | null;
}

export interface Subject {
  /** The direction of the opener on this interface. */
  direction: Direction;
  interface: string;
  /** The address in 128 bits; an IPv4 address is ::ffff:a.b.c.d. */
  source: bigint;
  destination: bigint;
  protocol: number | undefined;
  ports: { source: number; destination: number } | null | undefined;
  icmp: { type: number; code: number } | null | undefined;
  /** The flags of this packet; null if the other end sent it, because a rule judges the packets of the opener. */
  tcpFlags: number | null | undefined;
  state: ConnectionState | undefined;
  /** The identifier of the frame's VLAN; 0 if it has no tag. */
  vlan: number | undefined;
  /** The differentiated services code point of this packet, whichever end sent it. */
  dscp: number | undefined;
  /** The age of the connection in seconds; 0 for the packet that opens it. */
  age: number | undefined;
  /** The process at the local end; null if the packet has none, such as a forwarded one. */
  process: LocalProcess | null | undefined;
  sets: SetView;
  /** The time in milliseconds since the epoch. */
  now: number;
  /** What rules counted when they were asked, by their names. Without an entry it is not known. */
  counted: ReadonlyMap<string, Counted>;
}
