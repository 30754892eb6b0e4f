/** The network devices of this namespace and their addresses: asked for once, then told by the kernel. */

import { closeSync } from "node:fs";

import { errnoName, KernelError } from "./errors.ts";
import {
  type Address, type Change, dumpRequest, errorOf, type Link, LINK_GROUPS, type Message, messages, NLMSG_DONE, NLMSG_ERROR,
  parseAddress, parseChange, parseLink, RTM_GETADDR, RTM_GETLINK, RTM_GETTFILTER, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWTFILTER, viewOf,
} from "./netlink.ts";
import { onReadable } from "./poll.ts";
import { check, lastErrno, libc } from "./syscall.ts";

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_ROUTE = 0;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const DATAGRAM = 64 << 10;
const BACKLOG = 1 << 20;
/** A list that changes while it is read is read again, so often at most. */
const ATTEMPTS = 10;
/** Of the message that asks for TC filters: parents of the two directions of clsact. */
const TC_PARENTS = [0xfffffff2, 0xfffffff3] as const;

export function listLinks(): Link[] {
  return dump("list the network devices", RTM_GETLINK, RTM_NEWLINK, Buffer.alloc(16)).flatMap((message) => parseLink(message.body) ?? []);
}

export function listAddresses(): Address[] {
  return dump("list the network addresses", RTM_GETADDR, RTM_NEWADDR, Buffer.alloc(8)).flatMap((message) => parseAddress(message.body) ?? []);
}

/** How many TC filters anybody has at the device's clsact. */
export function countFilters(ifindex: number): number {
  let filters = 0;
  for (const parent of TC_PARENTS) {
    const header = Buffer.alloc(20);
    header.writeInt32LE(ifindex, 4);
    header.writeUInt32LE(parent, 12);
    const answers = dump(`list the TC filters of device ${ifindex}`, RTM_GETTFILTER, RTM_NEWTFILTER, header);
    // Each priority comes once more on its own, without a handle.
    filters += answers.filter((message) => message.body.length >= header.length && viewOf(message.body).getUint32(8, true) !== 0).length;
  }
  return filters;
}

export interface LinkWatch {
  close(): void;
}

/**
 * Tells every change from now on. When more came than the socket could hold, `onResync` is called instead: list
 * everything again. Start watching before listing, so that nothing falls between.
 */
export function watchLinks(handlers: { onChange: (change: Change) => void; onResync: () => void }): LinkWatch {
  const fd = openSocket("watch the network devices", LINK_GROUPS);
  const datagram = Buffer.allocUnsafe(DATAGRAM);
  const polling = onReadable(fd, () => {
    for (;;) {
      const length = libc().recv(fd, datagram, datagram.length, MSG_DONTWAIT | MSG_TRUNC);
      if (length < 0) {
        const errno = errnoName(lastErrno());
        if (errno === "EAGAIN") return;
        if (errno === "EINTR") continue;
        // ENOBUFS: messages were lost. Whatever else it is, a fresh list is right again.
        handlers.onResync();
        if (errno !== "ENOBUFS") return;
        continue;
      }
      if (length > datagram.length) {
        handlers.onResync();
        continue;
      }
      for (const message of messages(datagram.subarray(0, length))) {
        const change = parseChange(message);
        if (change !== undefined) handlers.onChange(change);
      }
    }
  });
  return {
    close() {
      polling.close();
      closeSync(fd);
    },
  };
}

function dump(operation: string, request: number, wanted: number, header: Uint8Array): Message[] {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = dumpOnce(operation, request, wanted, header);
    if (answer !== undefined) return answer;
  }
  throw new KernelError(operation, "EAGAIN", { reason: `the list changed ${ATTEMPTS} times while it was read; try again` });
}

/** Undefined when the list changed meanwhile. */
function dumpOnce(operation: string, request: number, wanted: number, header: Uint8Array): Message[] | undefined {
  const fd = openSocket(operation, 0);
  try {
    const question = dumpRequest(request, 1, header);
    check(operation, libc().send(fd, question, question.length, 0));
    const found: Message[] = [];
    for (let interrupted = false; ; ) {
      const datagram = Buffer.allocUnsafe(DATAGRAM);
      const length = check(operation, libc().recv(fd, datagram, datagram.length, MSG_TRUNC));
      if (length > datagram.length) throw new KernelError(operation, "EMSGSIZE", { reason: `an answer of ${length} bytes is larger than any known one` });
      for (const message of messages(datagram.subarray(0, length))) {
        interrupted ||= message.interrupted;
        if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) {
          const errno = errorOf(message);
          if (errno !== 0) throw new KernelError(operation, errno);
          return interrupted ? undefined : found;
        }
        if (message.type === wanted) found.push(message);
      }
    }
  } finally {
    closeSync(fd);
  }
}

function openSocket(operation: string, groups: number): number {
  const fd = check(operation, libc().socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE));
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
