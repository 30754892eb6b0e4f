/** The network devices of this namespace and their addresses. They are listed once; after that the kernel reports each change. */

import { closeSync } from "node:fs";

import { errnoName } from "./errors.ts";
import {
  type InterfaceAddress,
  type Change,
  type Link,
  LINK_GROUPS,
  messages,
  parseInterfaceAddress,
  parseChange,
  parseLink,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_GETTFILTER,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWTFILTER,
  viewOf,
} from "./netlink.ts";
import { DATAGRAM, dump, NETLINK_LISTEN_ALL_NSID, NETLINK_ROUTE, openNetlink, setNetlinkOption } from "./netlink-socket.ts";
import { onReadable } from "./poll.ts";
import { lastErrno, libc } from "./syscall.ts";

const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const IFA_TARGET_NETNSID = 10;
/** More messages than the socket can hold. */
const NEWS_AT_ONCE = 4096;
/** The parents of the two directions of clsact, for the message that asks for TC filters. */
const TC_PARENTS = [0xfffffff2, 0xfffffff3] as const;

export function listLinks(): Link[] {
  return dump("list the network devices", {
    of: NETLINK_ROUTE,
    request: RTM_GETLINK,
    answer: RTM_NEWLINK,
    header: Buffer.alloc(16),
  }).flatMap((message) => parseLink(message.body) ?? []);
}

export function listAddresses(): InterfaceAddress[] {
  return dump("list the network addresses", {
    of: NETLINK_ROUTE,
    request: RTM_GETADDR,
    answer: RTM_NEWADDR,
    header: Buffer.alloc(8),
  }).flatMap((message) => parseInterfaceAddress(message.body) ?? []);
}

/** Returns the addresses of another network namespace. The namespace is given by the number that this one has for it. */
export function listAddressesIn(namespace: number): InterfaceAddress[] {
  const header = Buffer.alloc(16);
  header.writeUInt16LE(8, 8);
  header.writeUInt16LE(IFA_TARGET_NETNSID, 10);
  header.writeInt32LE(namespace, 12);
  return dump("list the addresses of another network namespace", {
    of: NETLINK_ROUTE,
    request: RTM_GETADDR,
    answer: RTM_NEWADDR,
    header,
    strict: true,
  }).flatMap((message) => parseInterfaceAddress(message.body) ?? []);
}

/** Counts the TC filters at the device's clsact qdisc, whoever added them. */
export function countFilters(ifindex: number): number {
  let filters = 0;
  for (const parent of TC_PARENTS) {
    const header = Buffer.alloc(20);
    header.writeInt32LE(ifindex, 4);
    header.writeUInt32LE(parent, 12);
    const answers = dump(`list the TC filters of device ${ifindex}`, {
      of: NETLINK_ROUTE,
      request: RTM_GETTFILTER,
      answer: RTM_NEWTFILTER,
      header,
    });
    // The kernel lists each priority once more on its own, without a handle.
    filters += answers.filter((message) => message.body.length >= header.length && viewOf(message.body).getUint32(8, true) !== 0).length;
  }
  return filters;
}

export interface LinkWatch {
  close(): void;
}

/**
 * Reports every change from now on. If more changes came than the socket could hold, `onResync` is called instead, and the caller
 * must list everything again. Start watching before listing, so that no change is missed.
 */
export function watchLinks(handlers: { onChange: (change: Change) => void; onResync: () => void }): LinkWatch {
  const fd = openNetlink("watch the network devices", NETLINK_ROUTE, LINK_GROUPS);
  const datagram = Buffer.allocUnsafe(DATAGRAM);
  const polling = onReadable(fd, () => {
    for (;;) {
      const length = libc().recv(fd, datagram, datagram.length, MSG_DONTWAIT | MSG_TRUNC);
      if (length < 0) {
        const errno = errnoName(lastErrno());
        if (errno === "EAGAIN") return;
        if (errno === "EINTR") continue;
        // ENOBUFS means that messages were lost. After any other error a fresh list is right, too.
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

/**
 * Reports that devices or addresses changed, here or in a network namespace that has a number here. It does not report which: a
 * root user in such a namespace could send more changes than anybody can read. Each `listen` reports once.
 */
export class NamespaceNews {
  readonly #fd: number;
  readonly #onNews: () => void;
  readonly #datagram = Buffer.allocUnsafe(1);
  #polling: { close(): void } | undefined;

  constructor(onNews: () => void) {
    const operation = "watch the network namespaces";
    this.#onNews = onNews;
    this.#fd = openNetlink(operation, NETLINK_ROUTE, LINK_GROUPS);
    try {
      setNetlinkOption(operation, this.#fd, NETLINK_LISTEN_ALL_NSID);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Discards the reports so far. Call it before you list everything. */
  drain(): void {
    for (let read = 0; read < NEWS_AT_ONCE; read++) {
      // The content is not needed, so a cut message is fine. A loss of messages is no reason to report again.
      if (libc().recv(this.#fd, this.#datagram, this.#datagram.length, MSG_DONTWAIT) < 0 && errnoName(lastErrno()) === "EAGAIN") return;
    }
  }

  listen(): void {
    this.#polling ??= onReadable(this.#fd, () => {
      this.#stop();
      this.#onNews();
    });
  }

  close(): void {
    this.#stop();
    closeSync(this.#fd);
  }

  #stop(): void {
    this.#polling?.close();
    this.#polling = undefined;
  }
}
