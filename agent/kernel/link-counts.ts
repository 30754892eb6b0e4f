/** Asks network devices by rtnetlink's RTM_GETSTATS how many packets they have counted themselves. */

import { closeSync } from "node:fs";

import { attributes, getRequest, messages, NLMSG_ERROR, type PacketCounts, packetCounts } from "./netlink.ts";
import { DATAGRAM, NETLINK_ROUTE, openNetlink } from "./netlink-socket.ts";
import { libc } from "./syscall.ts";

const RTM_NEWSTATS = 92;
const RTM_GETSTATS = 94;
const HEADER = 12;
const At = { ifindex: 4, filter: 8 } as const;
const LINK_64 = 1; // IFLA_STATS_LINK_64
const LINK_64_FILTER = 1 << (LINK_64 - 1);

export class LinkCounts implements Disposable {
  readonly #fd = openNetlink("read the counters of network devices", NETLINK_ROUTE);
  readonly #answer = Buffer.allocUnsafe(DATAGRAM);
  #sequence = 0;

  /** Returns undefined for a device that is gone. */
  of(ifindex: number): PacketCounts | undefined {
    const header = Buffer.alloc(HEADER);
    header.writeUInt32LE(ifindex, At.ifindex);
    header.writeUInt32LE(LINK_64_FILTER, At.filter);
    const sequence = ++this.#sequence;
    const request = getRequest(RTM_GETSTATS, sequence, header);
    if (libc().send(this.#fd, request, request.length, 0) < 0) return undefined;
    for (;;) {
      const length = libc().recv(this.#fd, this.#answer, this.#answer.length, 0);
      if (length < 0) return undefined;
      for (const message of messages(this.#answer.subarray(0, length))) {
        if (message.sequence !== sequence) continue; // this answers an earlier request and came too late
        if (message.type === NLMSG_ERROR) return undefined;
        if (message.type === RTM_NEWSTATS) return packetCounts(attributes(message.body.subarray(HEADER)).get(LINK_64));
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
