/**
 * Recognises ordinary drops, whose packets nobody misses. The kernel frees packets "as dropped" also when all is well: data that
 * a closed socket still had, a segment that came twice, a ping reply after every raw socket got its copy. The list was tried on
 * real traffic with the kernels that weir supports (test/e2e/ordinary-drops.test.ts). A drop that is not known to be ordinary is
 * shown.
 */

import { ICMPV6_TYPES } from "../../values/names.ts";
import type { Direction } from "../../values/traffic.ts";

const FIN = 1;
const RST = 4;
const ECHO_REPLY = 0;
const ECHO_REPLY_V6 = 129;
/** Every host on a link hears which groups others listen to, and only a multicast router uses that. */
const LISTENER_REPORTS = ["listener-report", "listener-done", "listener-report-v2"].map((name) => ICMPV6_TYPES[name]!.type);

/** Drops for these reasons are ordinary, whatever the packet is. */
const REASONS: ReadonlySet<string> = new Set([
  "consumed",
  "otherhost", // the frame is for another host, and a promiscuous device received it
  "packet_sock_error", // the packet is the copy for a packet socket
  "tcp_reset", // a valid reset
  "tcp_old_ack",
  "tcp_old_data",
  "tcp_old_sequence",
  "tcp_ofomerge",
  "tcp_rfc7323_paws_ack", // the segment came twice, or late
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
  /** The flags that were seen in the dropped segments. */
  tcpFlags: number;
  /** True if one of them carried data. */
  hasData: boolean;
}

export function isOrdinary({ reason, protocol, direction, icmpType, tcpFlags, hasData }: DropFacts): boolean {
  if (REASONS.has(reason)) return true;
  const tcp = protocol === "tcp";
  switch (reason) {
    case "queue_purge":
      // An incoming packet had reached its socket, and the program closed the socket before it read the packet. Most connections
      // end so.
      return direction === "ingress";
    case "not_specified":
      // Kernels before 6.2 report no other reason for data in a closed socket, and later kernels none for an acknowledgement that
      // ended one.
      if (direction !== "ingress") return false;
      return tcp ? !hasData || (tcpFlags & FIN) !== 0 : protocol === "icmpv6" && LISTENER_REPORTS.includes(icmpType);
    case "no_socket":
      // Raw sockets have had their copies of a ping reply. A reset ends a connection that is gone already.
      return (
        (protocol === "icmp" && icmpType === ECHO_REPLY) ||
        (protocol === "icmpv6" && icmpType === ECHO_REPLY_V6) ||
        (tcp && (tcpFlags & RST) !== 0 && !hasData)
      );
    default:
      return false;
  }
}
