/** Lists the TCP and UDP sockets of this network namespace (sock_diag(7)). */

import { formatAddress, fromIPv4 } from "../../values/address.ts";
import { viewOf } from "../../kernel/netlink.ts";
import { dump, dumpInTurns, NETLINK_SOCK_DIAG, type ListRequest } from "../../kernel/netlink-socket.ts";
import { KERNEL_STATES, type SocketState } from "./states.ts";

export interface KernelSocket {
  protocol: "tcp" | "udp";
  state: SocketState;
  local: { address: string; port: number };
  /** The other end; present for a connected socket. */
  remote?: { address: string; port: number };
  /** The interface that the socket is bound to, if any. */
  ifindex?: number;
  uid: number;
  cookie: bigint;
  /** The bytes that wait: to be read by the process, and to be sent. */
  queued: { received: number; unsent: number };
}

const SOCK_DIAG_BY_FAMILY = 20;
const AF_INET = 2;
const AF_INET6 = 10;
const FAMILIES = [AF_INET, AF_INET6] as const;
const PROTOCOLS = { tcp: 6, udp: 17 } as const;
const TIME_WAIT = 6;
const CLOSE = 7;
const LISTEN = 10;
/** A socket that waits for its end has no process any more, and a closed one is no connection yet. */
const WANTED = { tcp: 0xfff & ~((1 << TIME_WAIT) | (1 << CLOSE)), udp: 0xfff } as const;
const REQUEST_SIZE = 56;
const MESSAGE_SIZE = 72;

const At = {
  family: 0,
  state: 1,
  localPort: 4,
  remotePort: 6,
  local: 8,
  remote: 24,
  interface: 40,
  cookie: 44,
  received: 56,
  unsent: 60,
  uid: 64,
} as const;

/** Yields sockets in turns, because there may be a million. */
export async function* socketsInTurns(): AsyncGenerator<KernelSocket[]> {
  for (const protocol of ["tcp", "udp"] as const) {
    for (const family of FAMILIES) {
      for await (const answers of dumpInTurns(...questionOf(protocol, family, WANTED[protocol])))
        yield answers.flatMap(({ body }) => parseSocket(protocol, body) ?? []);
    }
  }
}

/** Lists the sockets that accept TCP connections; with a port, only those on it. */
export function listListeners(port = 0): KernelSocket[] {
  return list("tcp", 1 << LISTEN, port);
}

/** Lists the TCP sockets with this local port: the listeners, and the connections that came to them. */
export function listTcp(port: number): KernelSocket[] {
  return list("tcp", WANTED.tcp, port);
}

/** Lists the sockets that receive datagrams for this port. */
export function listBound(port: number): KernelSocket[] {
  return list("udp", WANTED.udp, port);
}

function list(protocol: KernelSocket["protocol"], states: number, port: number): KernelSocket[] {
  return FAMILIES.flatMap((family) =>
    dump(...questionOf(protocol, family, states, port)).flatMap(({ body }) => parseSocket(protocol, body) ?? []),
  );
}

/** `states` holds the numbers of states as bits. Port 0 stands for any. */
function questionOf(protocol: KernelSocket["protocol"], family: number, states: number, port = 0): [operation: string, ListRequest] {
  const header = Buffer.alloc(REQUEST_SIZE);
  header[0] = family;
  header[1] = PROTOCOLS[protocol];
  header.writeUInt32LE(states, 4);
  header.writeUInt16BE(port, 8);
  return [`list the ${protocol} sockets`, { of: NETLINK_SOCK_DIAG, request: SOCK_DIAG_BY_FAMILY, answer: SOCK_DIAG_BY_FAMILY, header }];
}

/** Returns undefined if the message is cut short, or its family or state is unknown. */
export function parseSocket(protocol: "tcp" | "udp", body: Uint8Array): KernelSocket | undefined {
  const family = body[At.family];
  if (body.length < MESSAGE_SIZE || (family !== AF_INET && family !== AF_INET6)) return undefined;
  const view = viewOf(body);
  const state = KERNEL_STATES[body[At.state]! - 1];
  if (state === undefined) return undefined;
  const address = (at: number): string => formatAddress(family === AF_INET ? fromIPv4(view.getUint32(at)) : body.subarray(at, at + 16));
  const remotePort = view.getUint16(At.remotePort);
  const ifindex = view.getUint32(At.interface, true);
  return {
    protocol,
    state: protocol === "udp" && state === "close" ? "bound" : state,
    local: { address: address(At.local), port: view.getUint16(At.localPort) },
    ...(remotePort === 0 ? {} : { remote: { address: address(At.remote), port: remotePort } }),
    ...(ifindex === 0 ? {} : { ifindex }),
    uid: view.getUint32(At.uid, true),
    cookie: view.getBigUint64(At.cookie, true),
    queued: { received: view.getUint32(At.received, true), unsent: view.getUint32(At.unsent, true) },
  };
}
