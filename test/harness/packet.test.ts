import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AH,
  ARP,
  Ethernet,
  Fragment,
  GRE,
  Geneve,
  HopByHop,
  ICMP,
  ICMPv6,
  IPv4,
  IPv6,
  Routing,
  TCP,
  UDP,
  VLAN,
  VXLAN,
  checksum,
  frame,
  payload,
} from "./packet.ts";

function bytes(...parts: string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(parts.join("").replaceAll(" ", ""), "hex"));
}

test("a tagged TCP frame is exactly these bytes", () => {
  assert.deepEqual(
    frame(
      Ethernet({ src: "02:00:00:00:00:01", dst: "02:00:00:00:00:02" }),
      VLAN({ id: 5, priority: 3 }),
      IPv4({ src: "198.18.0.1", dst: "198.18.0.2", id: 7, dontFragment: true }),
      TCP({ sport: 40000, dport: 23, seq: 1, flags: ["syn", "ece"], window: 1024 }),
      payload("hi"),
    ),
    bytes(
      "02 00 00 00 00 02", // destination
      "02 00 00 00 00 01", // source
      "81 00", // VLAN
      "60 05", // priority 3, id 5
      "08 00", // IPv4
      "45 00 00 2a", // version 4, 5 words, 42 bytes in all
      "00 07 40 00", // id 7, do not fragment
      "40 06 ae 9f", // ttl 64, TCP, checksum
      "c6 12 00 01", // source
      "c6 12 00 02", // destination
      "9c 40 00 17", // 40000 > 23
      "00 00 00 01", // sequence
      "00 00 00 00", // acknowledgement
      "50 42 04 00", // 5 words, SYN and ECE, window
      "1a b7 00 00", // checksum, urgent
      "68 69",
    ),
  );
});

test("an IPv6 datagram behind extension headers is exactly these bytes", () => {
  assert.deepEqual(
    frame(
      IPv6({ src: "2001:db8::1", dst: "2001:db8::2", hopLimit: 3, flowLabel: 0xabcde }),
      HopByHop(),
      Routing({ body: [4, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8] }),
      AH({ spi: 9, seq: 2, icv: [1, 2, 3, 4] }),
      Fragment({ id: 0x01020304, offset: 8, more: true }),
      UDP({ sport: 1, dport: 2, checksum: 0 }),
    ),
    bytes(
      "60 0a bc de", // version, flow label
      "00 38 00 03", // 56 bytes follow, hop-by-hop first, hop limit
      "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01",
      "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02",
      "2b 00 01 04 00 00 00 00", // hop-by-hop: then routing, 8 bytes, PadN
      "33 01 04 00 00 00 00 00 01 02 03 04 05 06 07 08", // routing: then AH, 16 bytes
      "2c 02 00 00 00 00 00 09 00 00 00 02 01 02 03 04", // AH: then fragment, 4 words less 2
      "11 00 00 09 01 02 03 04", // fragment: then UDP, offset 8, more
      "00 01 00 02 00 08 00 00",
    ),
  );
});

test("an ARP request is exactly these bytes", () => {
  assert.deepEqual(
    frame(
      Ethernet({ src: "02:00:00:00:00:01", dst: "ff:ff:ff:ff:ff:ff" }),
      ARP({ senderMac: "02:00:00:00:00:01", sender: "198.18.0.1", target: "198.18.0.2" }),
    ),
    bytes(
      "ff ff ff ff ff ff",
      "02 00 00 00 00 01",
      "08 06",
      "00 01 08 00 06 04 00 01",
      "02 00 00 00 00 01",
      "c6 12 00 01",
      "00 00 00 00 00 00",
      "c6 12 00 02",
    ),
  );
});

test("tunnels name what they carry and hold its finished bytes", () => {
  const inner = [IPv4({ src: "192.0.2.1", dst: "192.0.2.2" }), ICMP({ id: 1, seq: 2 })];
  const gre = frame(GRE({ key: 0x11223344, seq: 5, checksum: true }), ...inner);
  assert.deepEqual(gre.subarray(0, 4), bytes("b0 00 08 00"));
  assert.deepEqual(gre.subarray(8, 16), bytes("11 22 33 44 00 00 00 05"));
  assert.equal(checksum(gre), 0);
  assert.deepEqual(gre.subarray(16), frame(...inner));

  const vxlan = frame(UDP(), VXLAN({ vni: 0xabcdef }), Ethernet(), ...inner);
  assert.deepEqual(vxlan.subarray(2, 4), bytes("12 b5"));
  assert.deepEqual(vxlan.subarray(8, 16), bytes("08 00 00 00 ab cd ef 00"));
  assert.deepEqual(vxlan.subarray(16), frame(Ethernet(), ...inner));

  const geneve = frame(UDP(), Geneve({ vni: 3, options: [{ class: 0x0102, type: 0x80, data: [1, 2, 3, 4, 5] }] }), Ethernet(), ...inner);
  assert.deepEqual(geneve.subarray(2, 4), bytes("17 c1"));
  assert.deepEqual(geneve.subarray(8, 28), bytes("03 00 65 58 00 00 03 00", "01 02 80 02", "01 02 03 04 05 00 00 00"));

  const ipip = frame(IPv4(), ...inner);
  assert.equal(ipip[9], 4);
  assert.equal(frame(IPv4(), IPv6(), TCP())[9], 41);
});

test("checksums add up to nothing, those of an inner packet too", () => {
  const v4 = frame(IPv4(), UDP(), payload("odd"));
  assert.equal(checksum(v4.subarray(0, 20)), 0);
  assert.equal(checksum(v4.subarray(12, 20), Uint8Array.of(0, 17, 0, 11), v4.subarray(20)), 0);

  const error = frame(IPv6(), ICMPv6({ type: 1, code: 4 }), IPv6({ src: "2001:db8::9" }), TCP());
  const pseudo = (at: number, protocol: number, length: number): Uint8Array =>
    Uint8Array.from([...error.subarray(at + 8, at + 40), 0, 0, 0, length, 0, 0, 0, protocol]);
  assert.equal(checksum(pseudo(0, 58, 68), error.subarray(40)), 0);
  assert.equal(checksum(pseudo(48, 6, 20), error.subarray(88)), 0);
});

test("fields can be wrong on purpose", () => {
  const packet = frame(IPv4({ ihl: 4, totalLength: 9, version: 5, checksum: 0x1234, protocol: 99 }), TCP({ doff: 1, checksum: 0x5678 }));
  assert.deepEqual([packet[0], packet[2], packet[3], packet[9]], [0x54, 0, 9, 99]);
  assert.deepEqual(packet.subarray(10, 12), bytes("12 34"));
  assert.equal((packet[32] ?? 0) >> 4, 1);
  assert.deepEqual(packet.subarray(36, 38), bytes("56 78"));
});
