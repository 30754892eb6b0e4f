/**
 * Finds out why a socket could not be bound. The kernel reports the reason only to the process that tried, so weir looks
 * afterwards. If the obstacle is gone by then, or is not listed, there is no answer.
 */

import { closeSync, readFileSync } from "node:fs";

import { parseAddress } from "../../values/address.ts";
import type { BindFailure } from "../events/event.ts";
import type { Endpoint } from "../../values/traffic.ts";
import { errnoName } from "../../kernel/errors.ts";
import { lastErrno, libc } from "../../kernel/syscall.ts";
import { type KernelSocket, listBound, listListeners } from "./diag.ts";

export interface Failure {
  reason?: BindFailure;
  /** The socket that has the port. */
  holder?: KernelSocket;
}

const FIRST_UNPRIVILEGED = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const ANY: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/**
 * `unprivileged`: the process may not bind low ports. `cookie`: that of the socket that was not bound. `error`: the error that
 * the process got, if weir saw it. With the error nothing has to be guessed, and only the holder of a port is looked for.
 */
export function whyNotBound(
  protocol: string,
  local: Endpoint,
  { unprivileged, cookie }: { unprivileged: boolean; cookie: bigint },
  error?: string,
): Failure {
  const { address, port } = local;
  if (error === "EADDRNOTAVAIL") return { reason: "address_not_here" };
  if (error === "EACCES" && unprivileged) return { reason: "port_privileged" };
  if (error !== undefined) return error === "EADDRINUSE" ? { reason: "port_in_use", ...holderOf(protocol, local, cookie) } : {};
  if (port === undefined) return {};
  if (unprivileged && port < Number(readFileSync(FIRST_UNPRIVILEGED, "utf8"))) return { reason: "port_privileged" };
  if (!isHere(protocol, address)) return { reason: "address_not_here" };
  const { holder } = holderOf(protocol, local, cookie);
  return holder === undefined ? {} : { reason: "port_in_use", holder };
}

/** Finds the socket that has the port which another one wants. */
function holderOf(protocol: string, { address, port }: Endpoint, cookie: bigint): Pick<Failure, "holder"> {
  if (port === undefined || port === 0) return {};
  const others = protocol === "tcp" ? listListeners(port) : protocol === "udp" ? listBound(port) : [];
  const inTheWay = others.filter((other) => other.cookie !== cookie && overlap(other.local.address, address));
  const holder = inTheWay.find((other) => isIPv6(other.local.address) === isIPv6(address)) ?? inTheWay[0];
  return holder === undefined ? {} : { holder };
}

/**
 * Returns whether sockets with these addresses want the same packets. A socket for all IPv6 addresses mostly is one for all IPv4
 * addresses, too.
 */
export function overlap(one: string, other: string): boolean {
  if (isIPv6(one) === isIPv6(other)) return one === other || ANY.has(one) || ANY.has(other);
  return one === "::" || other === "::";
}

function isIPv6(address: string): boolean {
  return address.includes(":");
}

/** Asks the kernel whether an address is local. The kernel knows more addresses than those of interfaces. */
function isHere(protocol: string, address: string): boolean {
  if (ANY.has(address)) return true;
  const { family, bytes } = parseAddress(address);
  const fd = libc().socket(family === 4 ? AF_INET : AF_INET6, protocol === "tcp" ? SOCK_STREAM_CLOEXEC : SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) return true;
  try {
    const name = Buffer.alloc(family === 4 ? 16 : 28);
    name.writeUInt16LE(family === 4 ? AF_INET : AF_INET6);
    name.set(family === 4 ? bytes.subarray(12) : bytes, family === 4 ? 4 : 8);
    return libc().bind(fd, name, name.length) >= 0 || errnoName(lastErrno()) !== "EADDRNOTAVAIL";
  } finally {
    closeSync(fd);
  }
}
