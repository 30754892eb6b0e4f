/** A frame that arrives at a hook, and the facts about the host that matter for it. */

import type { Direction, TunnelKind } from "../../values/traffic.ts";
import type { LocalProcess } from "../subject.ts";

export interface Arrival {
  frame: Uint8Array;
  hook: Direction;
  interface: string;
  /** The ids of VLAN tags that are not in the frame, because the driver removed them. */
  metadataTags?: readonly number[];
  /** False if frames start at the IP header, as on a WireGuard device. */
  ethernet?: boolean;
  /** True if the buffer holds several segments. */
  gso?: boolean;
  /** False for packets that the host forwards. */
  local?: boolean;
  /** The process of the connection at this host's end; null if there is none, absent if it is not known. */
  process?: LocalProcess | null;
}

export interface SocketAddress {
  address: string;
  port: number;
}

/** A device that decapsulates tunnel packets. If a member is absent, any value fits. */
export interface TunnelEnd {
  kind: TunnelKind;
  /** The tunnel's key or identifier; for kind ipip the ethertype of the inner packet. */
  id?: number;
  local?: string;
  remote?: string;
  /** The UDP port on which the device receives. */
  port?: number;
}

/** The facts that failsafes inside a tunnel depend on: the host's tunnel devices, and its own addresses. */
export interface OwnEnds {
  tunnels: readonly TunnelEnd[];
  addresses: readonly string[];
}

/** The facts about the host that the reference needs. */
export interface Host extends OwnEnds {
  loopback: readonly string[];
  /** The TCP ports that have a listener. */
  listening: readonly number[];
  /** The TCP connections that have a socket on this host. */
  established: readonly { local: SocketAddress; remote: SocketAddress }[];
  /** The TCP connections by which an operator is connected. */
  sessions: readonly { remote: SocketAddress; localPort: number }[];
  /** The addresses, prefixes and ranges that are banned now. */
  bans: readonly string[];
  /** The addresses that no ban applies to. */
  banExceptions: readonly string[];
  /** Returns whether a set holds an address that the policy itself does not list. */
  isMember(set: string, address: bigint): boolean;
  /** True if packets leave by interfaces that weir does not watch. */
  leavesUnseen: boolean;
}

export const EMPTY_HOST: Host = {
  loopback: ["lo"],
  listening: [],
  established: [],
  sessions: [],
  bans: [],
  banExceptions: [],
  tunnels: [],
  addresses: [],
  isMember: () => false,
  leavesUnseen: false,
};
