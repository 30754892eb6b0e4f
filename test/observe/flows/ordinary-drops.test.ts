import assert from "node:assert/strict";
import { test } from "node:test";

import { type DropFacts, isOrdinary } from "../../../agent/observe/flows/ordinary-drops.ts";

const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];

function ordinary(facts: Partial<DropFacts>): boolean {
  return isOrdinary({
    reason: "not_specified",
    protocol: "tcp",
    direction: "ingress",
    icmpType: 0,
    tcpFlags: ACK,
    hasData: false,
    ...facts,
  });
}

test("what a socket still had is ordinary, and what waited to be sent is not", () => {
  assert.ok(ordinary({ reason: "queue_purge", protocol: "udp" }));
  assert.ok(!ordinary({ reason: "queue_purge", protocol: "udp", direction: "egress" }));
});

test("a drop without a reason is ordinary at the end of a connection only", () => {
  assert.ok(ordinary({}));
  assert.ok(ordinary({ hasData: true, tcpFlags: FIN | ACK }));
  assert.ok(!ordinary({ hasData: true }));
  assert.ok(!ordinary({ direction: "egress" }));
  assert.ok(!ordinary({ protocol: "udp" }));
});

test("a report about multicast groups is ordinary where it comes in, and a request of neighbour discovery is not", () => {
  for (const icmpType of [131, 132, 143]) assert.ok(ordinary({ protocol: "icmpv6", icmpType, tcpFlags: 0 }), `${icmpType}`);
  assert.ok(!ordinary({ protocol: "icmpv6", icmpType: 135, tcpFlags: 0 }));
  assert.ok(!ordinary({ protocol: "icmpv6", icmpType: 143, tcpFlags: 0, direction: "egress" }));
  assert.ok(!ordinary({ protocol: "icmp", icmpType: 143, tcpFlags: 0 }));
});

test("nobody misses an answer to ping or a reset without a socket, and somebody a connection, a request or a datagram", () => {
  assert.ok(ordinary({ reason: "no_socket", protocol: "icmp", icmpType: 0 }));
  assert.ok(ordinary({ reason: "no_socket", protocol: "icmpv6", icmpType: 129 }));
  assert.ok(ordinary({ reason: "no_socket", tcpFlags: RST | ACK }));
  assert.ok(!ordinary({ reason: "no_socket", tcpFlags: SYN }));
  assert.ok(!ordinary({ reason: "no_socket", tcpFlags: ACK, hasData: true }));
  assert.ok(!ordinary({ reason: "no_socket", protocol: "icmp", icmpType: 8 }));
  assert.ok(!ordinary({ reason: "no_socket", protocol: "icmpv6", icmpType: 0 }));
  assert.ok(!ordinary({ reason: "no_socket", protocol: "udp", tcpFlags: 0 }));
});

test("a reason that is not known to be ordinary is shown", () => {
  for (const reason of ["netfilter_drop", "socket_rcvbuff", "tcp_zerowindow", "ip_rpfilter", "qdisc_drop", "reason 4711"])
    assert.ok(!ordinary({ reason }), reason);
  for (const reason of ["tcp_old_ack", "tcp_old_sequence", "tcp_reset", "otherhost"]) assert.ok(ordinary({ reason }), reason);
});
