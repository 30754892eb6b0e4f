/** A frame at a hook, and the host it meets. */

import type { Direction } from "../../values/traffic.ts";
import type { LocalProcess } from "../subject.ts";
import type { TunnelKind } from "./packet.ts";

export interface Arrival {
  frame: Uint8Array;
  hook: Direction;
  interface: string;
  /** Ids of VLAN tags that are not in the frame, because the driver took them off. */
  metadataTags?: readonly number[];
  /** False where frames start at the IP header, as on a WireGuard device. */
  ethernet?: boolean;
  /** Several segments in one buffer. */
  gso?: boolean;
  /** False for what the host forwards. */
  local?: boolean;
  /** Of its connection, at this host's end; null: there is none, absent: it is not known. */
  process?: LocalProcess | null;
}

export interface End {
  address: string;
  port: number;
}

/** A device that takes packets out of a tunnel. What is absent may be any. */
export interface TunnelEnd {
  kind: TunnelKind;
  /** Of kind ipip: the ethertype of what it carries. */
  id?: number;
  local?: string;
  remote?: string;
  /** Where it receives UDP. */
  port?: number;
}

/** What failsafes inside a tunnel rest on: the host's tunnel devices, and its own addresses. */
export interface OwnEnds {
  tunnels: readonly TunnelEnd[];
  addresses: readonly string[];
}

/** What the reference must know of the host. */
export interface Host extends OwnEnds {
  loopback: readonly string[];
  /** TCP ports that something listens on. */
  listening: readonly number[];
  /** TCP connections that have a socket here. */
  established: readonly { local: End; remote: End }[];
  /** TCP connections by which an operator is connected. */
  sessions: readonly { remote: End; localPort: number }[];
  /** Addresses, prefixes and ranges that are banned now. */
  bans: readonly string[];
  /** Those that no ban reaches. */
  banExceptions: readonly string[];
  /** Whether a set holds an address that the policy does not write in it. */
  isMember(set: string, address: bigint): boolean;
  /** Packets leave by interfaces that are not watched. */
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
