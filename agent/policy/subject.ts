/**
 * What a rule judges: the tuple of the end that opened the connection, and the packet's own flags.
 *
 * `undefined` is "cannot be known", as the ports of a later fragment whose first was not seen; `null` is "has none",
 * as the ports of an ICMP packet. A rule that asks for what cannot be known neither matches nor fails.
 */

import type { ConnectionState } from "../values/names.ts";
import type { Direction } from "../values/traffic.ts";
import type { Workload } from "../values/workload.ts";

/** A process on this host; what is absent is not known. */
export interface LocalProcess {
  executable?: string;
  /** Its words with spaces between. */
  command?: string;
  user?: { uid: number; name?: string };
  /** Executables of those above it. */
  parents?: readonly string[];
  workload?: Workload;
}

/** What the sets hold that rules name. */
export interface SetView {
  hasAddress(set: string, address: bigint): boolean;
  hasPort(set: string, port: number): boolean;
}

/** null where the rule does not count such a packet. */
export interface Counted {
  /** It held when the connection opened, which holds for all of it. */
  settled?: boolean;
  overRate?: boolean | null;
  /** How many others are open. */
  connections?: number | null;
}

export interface Subject {
  /** The opener's, on this interface. */
  direction: Direction;
  interface: string;
  /** 128 bits, an IPv4 address as ::ffff:a.b.c.d. */
  source: bigint;
  destination: bigint;
  protocol: number | undefined;
  ports: { source: number; destination: number } | null | undefined;
  icmp: { type: number; code: number } | null | undefined;
  /** Of this packet; null where the other end sent it, for a rule judges what the opener sends. */
  tcpFlags: number | null | undefined;
  state: ConnectionState | undefined;
  /** Identifier of the frame's VLAN; 0 where it has no tag. */
  vlan: number | undefined;
  /** Differentiated services code point of this packet, whoever sent it. */
  dscp: number | undefined;
  /** Of the connection, in seconds; 0 of the packet that opens it. */
  age: number | undefined;
  /** The local end's; null where the packet has none, as one that is forwarded. */
  process: LocalProcess | null | undefined;
  sets: SetView;
  /** Milliseconds since the epoch. */
  now: number;
  /** What rules counted when they were asked, by their names; without an entry it is not known. */
  counted: ReadonlyMap<string, Counted>;
}
