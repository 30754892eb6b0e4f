/** Questions to the kernel over netlink: a socket, and lists asked for as a whole. */

import { closeSync } from "node:fs";
import { setImmediate as breathe } from "node:timers/promises";

import { KernelError } from "./errors.ts";
import { dumpRequest, errorOf, type Message, messages, NLMSG_DONE, NLMSG_ERROR } from "./netlink.ts";
import { check, libc } from "./syscall.ts";

export const NETLINK_ROUTE = 0;
export const NETLINK_SOCK_DIAG = 4;
export const NETLINK_NETFILTER = 12;
/** No answer is larger. */
export const DATAGRAM = 64 << 10;

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOL_SOCKET = 1;
const SOL_NETLINK = 270;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
/** Options of netlink sockets: news of all namespaces that have a number in this one, and requests that say more than a type. */
export const NETLINK_LISTEN_ALL_NSID = 8;
const NETLINK_GET_STRICT_CHK = 12;
const MSG_TRUNC = 0x20;
const BACKLOG = 1 << 20;
/** A list that changes while it is read is read again, so often at most. */
const ATTEMPTS = 10;

export interface Question {
  /** NETLINK_ROUTE or NETLINK_SOCK_DIAG. */
  of: number;
  /** Types of the messages that ask and that answer. */
  request: number;
  answer: number;
  header: Uint8Array;
  /** The header, and what follows it, say which of the list are meant. */
  strict?: true;
}

export function dump(operation: string, question: Question): Message[] {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = dumpOnce(operation, question);
    if (answer !== undefined) return answer;
  }
  throw new KernelError(operation, "EAGAIN", { reason: `the list changed ${ATTEMPTS} times while it was read; try again` });
}

/** A list that may be very long: by and by, so that others have their turn. What changes meanwhile may be left out, or come twice. */
export async function* dumpInTurns(operation: string, question: Question): AsyncGenerator<Message[]> {
  for (const { found } of answersTo(operation, question)) {
    yield found;
    await breathe();
  }
}

/** Undefined when the list changed meanwhile. */
function dumpOnce(operation: string, question: Question): Message[] | undefined {
  const list: Message[] = [];
  let changed = false;
  for (const { found, interrupted } of answersTo(operation, question)) {
    list.push(...found);
    changed ||= interrupted;
  }
  return changed ? undefined : list;
}

/** One after the other, as the kernel cuts the list. */
function* answersTo(
  operation: string,
  { of, request, answer, header, strict }: Question,
): Generator<{ found: Message[]; interrupted: boolean }> {
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

/** `groups`: of messages that the kernel sends unasked. */
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
    // An answer is there at once; a kernel that owes one must not hang the agent.
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(2n, 0);
    libc().setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Switches it on. */
export function setNetlinkOption(operation: string, fd: number, option: number): void {
  const on = Buffer.alloc(4);
  on.writeInt32LE(1);
  check(operation, libc().setsockopt(fd, SOL_NETLINK, option, on, on.length));
}
