import assert from "node:assert/strict";
import { test } from "node:test";

import { describePacket } from "../../agent/explain/describe.ts";
import { explainPacket, frameOf, type PacketText } from "../../agent/explain/packet.ts";

const TELNET: PacketText = {
  direction: "ingress",
  interface: "eth0",
  source: "192.0.2.7",
  destination: "198.51.100.1",
  protocol: "tcp",
  destination_port: 23,
};
const { destination_port: _, ...PORTLESS } = TELNET;

const described = (packet: PacketText): string =>
  describePacket({ frame: frameOf(packet), hook: packet.direction, interface: packet.interface });

test("the frame of a description is read back as what was described", () => {
  assert.equal(described(TELNET), "tcp 192.0.2.7:40000 > 198.51.100.1:23 syn, in by eth0");
  assert.equal(
    described({ ...TELNET, direction: "egress", flags: ["rst", "ack"], source_port: 0 }),
    "tcp 192.0.2.7:0 > 198.51.100.1:23 rst,ack, out by eth0",
  );
  assert.equal(described({ ...TELNET, flags: [] }), "tcp 192.0.2.7:40000 > 198.51.100.1:23 without flags, in by eth0");
  assert.equal(
    described({ ...TELNET, source: "2001:db8::1", destination: "2001:db8::2", protocol: 17, vlan: 5 }),
    "udp [2001:db8::1]:40000 > [2001:db8::2]:23, in by eth0",
  );
  assert.equal(
    described({ ...PORTLESS, protocol: "icmp", icmp: { type: "destination-unreachable", code: "port-unreachable" } }),
    "icmp 192.0.2.7 > 198.51.100.1 destination-unreachable code 3, in by eth0",
  );
  assert.equal(
    described({ ...PORTLESS, source: "2001:db8::1", destination: "2001:db8::2", protocol: "icmpv6", icmp: { type: 128 } }),
    "icmpv6 2001:db8::1 > 2001:db8::2 echo-request, in by eth0",
  );
  assert.equal(described({ ...PORTLESS, protocol: 89 }), "89 192.0.2.7 > 198.51.100.1, in by eth0");
});

test("a description that contradicts itself is told where", () => {
  const wrong = (packet: PacketText): [string | undefined, string] => [explainPacket(packet)?.key, explainPacket(packet)?.message ?? ""];
  assert.equal(explainPacket(TELNET), undefined);
  assert.deepEqual(wrong({ ...TELNET, source: "2001:db8::1" }), [
    "destination",
    "2001:db8::1 is IPv6 and 198.51.100.1 is IPv4; a packet has one family",
  ]);
  assert.deepEqual(wrong({ ...PORTLESS, protocol: "icmpv6", icmp: { type: 128 } }), [
    "protocol",
    "icmpv6 does not travel over IPv4; use icmp",
  ]);
  assert.deepEqual(wrong(PORTLESS), ["destination_port", "the destination port is missing"]);
  assert.deepEqual(wrong({ ...TELNET, protocol: "gre" }), ["destination_port", "gre has no ports"]);
  assert.deepEqual(wrong({ ...TELNET, protocol: "udp", flags: ["syn"] }), ["flags", "only tcp has flags"]);
  assert.deepEqual(wrong({ ...PORTLESS, protocol: "icmp" }), ["icmp", "the message type is missing, as echo-request"]);
  assert.deepEqual(wrong({ ...TELNET, icmp: { type: 8 } }), ["icmp", "tcp has no message types; the protocols icmp and icmpv6 do"]);
  assert.deepEqual(wrong({ ...PORTLESS, protocol: "icmp", icmp: { type: "packet-too-big" } }), [
    "icmp",
    "icmp has no message type packet-too-big",
  ]);
  assert.deepEqual(wrong({ ...PORTLESS, protocol: "icmp", icmp: { type: 3, code: "no-route" } }), [
    "icmp",
    "the message type 3 has no code no-route",
  ]);
});
