/** Sends requests to the kernel over netlink. This file opens the socket and reads whole lists. */

import { closeSync } from "node:fs";
import { setImmediate as breathe } from "node:timers/promises";

import { KernelError } from "./errors.ts";
import { dumpRequest, errorOf, type NetlinkMessage, messages, NLMSG_DONE, NLMSG_ERROR } from "./netlink.ts";
import { check, libc } from "./syscall.ts";

export const NETLINK_ROUTE = 0;
export const NETLINK_SOCK_DIAG = 4;
export const NETLINK_NETFILTER = 12;
/** No answer of the kernel is larger than this many bytes. */
export const DATAGRAM = 64 << 10;

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOL_SOCKET = 1;
const SOL_NETLINK = 270;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
/**
 * Options of netlink sockets. The first one asks for messages of all namespaces that have a number in this one; the second one
 * makes the kernel check the whole header of a request.
 */
export const NETLINK_LISTEN_ALL_NSID = 8;
const NETLINK_GET_STRICT_CHK = 12;
const MSG_TRUNC = 0x20;
const BACKLOG = 1 << 20;
/** A list that changes while it is read is read again, at most this many times. */
const ATTEMPTS = 10;

export interface ListRequest {
  /** The family of the socket: NETLINK_ROUTE or NETLINK_SOCK_DIAG. */
  of: number;
  /** The types of the request message and of the answers. */
  request: number;
  answer: number;
  header: Uint8Array;
  /** Set if the header, and the attributes behind it, choose a part of the list. */
  strict?: true;
}

export function dump(operation: string, question: ListRequest): NetlinkMessage[] {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = dumpOnce(operation, question);
    if (answer !== undefined) return answer;
  }
  throw new KernelError(operation, "EAGAIN", { reason: `the list changed ${ATTEMPTS} times while it was read; try again` });
}

/**
 * Reads a list that may be very long, in turns, so that other work goes on. An entry that changes meanwhile may be left out, or
 * come twice.
 */
export async function* dumpInTurns(operation: string, question: ListRequest): AsyncGenerator<NetlinkMessage[]> {
  for (const { found } of answersTo(operation, question)) {
    yield found;
    await breathe();
  }
}

/** Returns undefined if the list changed while it was read. */
function dumpOnce(operation: string, question: ListRequest): NetlinkMessage[] | undefined {
  const list: NetlinkMessage[] = [];
  let changed = false;
  for (const { found, interrupted } of answersTo(operation, question)) {
    list.push(...found);
    changed ||= interrupted;
  }
  return changed ? undefined : list;
}

/** Yields one part after the other, as the kernel cuts the list. */
function* answersTo(
  operation: string,
  { of, request, answer, header, strict }: ListRequest,
): Generator<{ found: NetlinkMessage[]; interrupted: boolean }> {
  const fd = openNetlink(operation, of);
  try {
    if (strict) setNetlinkOption(operation, fd, NETLINK_GET_STRICT_CHK);
    const question = dumpRequest(request, 1, header);
    check(operation, libc().send(fd, question, question.length, 0));
    const datagram = Buffer.allocUnsafe(DATAGRAM);
    for (;;) {
      const length = check(operation, libc().recv(fd, datagram, datagram.length, MSG_TRUNC));
      if (length > datagram.length)
        throw new KernelError(operation, "EMSGSIZE", { reason: `an answer of ${length} bytes is larger than any known one` });
      const all = [...messages(Uint8Array.from(datagram.subarray(0, length)))];
      const end = all.find(({ type }) => type === NLMSG_DONE || type === NLMSG_ERROR);
      const errno = end === undefined ? 0 : errorOf(end);
      if (errno !== 0) throw new KernelError(operation, errno);
      yield { found: all.filter(({ type }) => type === answer), interrupted: all.some(({ interrupted }) => interrupted) };
      if (end !== undefined) return;
    }
  } finally {
    closeSync(fd);
  }
}

/** `groups` chooses the multicast groups whose messages the socket receives. */
export function openNetlink(operation: string, of: number, groups = 0): number {
  const fd = check(operation, libc().socket(AF_NETLINK, SOCK_RAW_CLOEXEC, of));
  try {
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    address.writeUInt32LE(groups, 8);
    check(operation, libc().bind(fd, address, address.length));
    const backlog = Buffer.alloc(4);
    backlog.writeInt32LE(BACKLOG);
    libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, backlog, backlog.length);
    // The answer is there at once. A kernel that never answers must not hang the agent.
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(2n, 0);
    libc().setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Switches an option of a netlink socket on. */
export function setNetlinkOption(operation: string, fd: number, option: number): void {
  const on = Buffer.alloc(4);
  on.writeInt32LE(1);
  check(operation, libc().setsockopt(fd, SOL_NETLINK, option, on, on.length));
}
