/**
 * Some drops are ordinary: nobody misses the packets. The kernel frees packets "as dropped" also where all is well: what a socket still had when it was
 * closed, a segment that came twice, an answer to ping once every raw socket has its copy. Tried on real traffic with the kernels
 * that weir supports (test/e2e/ordinary-drops.test.ts); whatever is not known to be ordinary is shown.
 */

import { ICMPV6_TYPES } from "../../values/names.ts";
import type { Direction } from "../../values/traffic.ts";

const FIN = 1;
const RST = 4;
const ECHO_REPLY = 0;
const ECHO_REPLY_V6 = 129;
/** Every host on a link hears which groups others listen to, and only a multicast router takes it in. */
const LISTENER_REPORTS = ["listener-report", "listener-done", "listener-report-v2"].map((name) => ICMPV6_TYPES[name]!.type);

/** Drops for these reasons are ordinary whatever the packet was. */
const REASONS: ReadonlySet<string> = new Set([
  "consumed",
  "otherhost", // a frame for somebody else, seen by a device that takes all
  "packet_sock_error", // the copy for a packet socket
  "tcp_reset", // a reset that was heeded
  "tcp_old_ack",
  "tcp_old_data",
  "tcp_old_sequence",
  "tcp_ofomerge",
  "tcp_rfc7323_paws_ack", // it came twice, or late
  "tcp_close",
  "tcp_abort_on_close",
  "tcp_abort_on_data",
  "tcp_abort_on_linger", // its program has closed the connection
]);

export interface DropFacts {
  reason: string;
  protocol: string;
  direction: Direction;
  icmpType: number;
  /** These flags were seen in the segments that were dropped. */
  tcpFlags: number;
  /** One of them carried data. */
  hasData: boolean;
}

export function isOrdinary({ reason, protocol, direction, icmpType, tcpFlags, hasData }: DropFacts): boolean {
  if (REASONS.has(reason)) return true;
  const tcp = protocol === "tcp";
  switch (reason) {
    case "queue_purge":
      // A packet that came in had reached its socket, and the program closed the socket before it took the packet. Most connections end so.
      return direction === "ingress";
    case "not_specified":
      // Kernels before 6.2 say no more of what a socket had when it was closed, and later ones of an acknowledgement that ended one.
      if (direction !== "ingress") return false;
      return tcp ? !hasData || (tcpFlags & FIN) !== 0 : protocol === "icmpv6" && LISTENER_REPORTS.includes(icmpType);
    case "no_socket":
      // Raw sockets have had their copies of an answer to ping. A reset ends a connection that is gone already.
      return (
        (protocol === "icmp" && icmpType === ECHO_REPLY) ||
        (protocol === "icmpv6" && icmpType === ECHO_REPLY_V6) ||
        (tcp && (tcpFlags & RST) !== 0 && !hasData)
      );
    default:
      return false;
  }
}
