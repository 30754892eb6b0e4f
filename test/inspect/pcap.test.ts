import assert from "node:assert/strict";
import { test } from "node:test";

import { arrivalsOf } from "../../agent/explain/capture.ts";
import { CaptureError, readCapture } from "../../agent/inspect/capture/pcap.ts";
import { Ethernet, frame, IPv4, IPv6, payload, TCP, UDP } from "../harness/packet.ts";
import { Random } from "../harness/random.ts";
import { pcap, pcapng, simplePcapng } from "./captures.ts";

const SYN = frame(Ethernet(), IPv4(), TCP({ dport: 23 }));
const REPLY = frame(Ethernet(), IPv4({ src: "198.18.0.2", dst: "198.18.0.1" }), TCP({ sport: 23, dport: 40000, flags: ["syn", "ack"] }));
const QUERY = frame(Ethernet(), IPv6(), UDP(), payload("odd"));
const FRAMES = [SYN, REPLY, QUERY];

const framesOf = (bytes: Uint8Array): Buffer[] => [...readCapture(bytes)].map((one) => Buffer.from(one.frame));
const WHOLE = FRAMES.map((one) => Buffer.from(one));

for (const little of [true, false]) {
  for (const nanoseconds of [true, false]) {
    test(`pcap is read, ${little ? "little" : "big"} end first, in ${nanoseconds ? "nano" : "micro"}seconds`, () => {
      assert.deepEqual(framesOf(pcap(FRAMES, { little, nanoseconds })), WHOLE);
    });
  }
  test(`pcapng is read, ${little ? "little" : "big"} end first`, () => assert.deepEqual(framesOf(pcapng(FRAMES, { little })), WHOLE));
}

test("pcapng with simple packets and unknown blocks is read, and so are two sections in one file", () => {
  assert.deepEqual(framesOf(simplePcapng(FRAMES)), WHOLE);
  assert.deepEqual(framesOf(Buffer.concat([pcapng([SYN], { little: true }), pcapng([REPLY, QUERY], { little: false })])), WHOLE);
});

test("links without Ethernet get a header that says the same", () => {
  const bare = SYN.subarray(14);
  const header = Buffer.from("02000000000b02000000000a0800", "hex");
  const expected = [Buffer.concat([header, bare])];
  assert.deepEqual(framesOf(pcap([bare], { link: 101 })), expected);
  assert.deepEqual(framesOf(pcap([Buffer.concat([Buffer.from([2, 0, 0, 0]), bare])], { link: 0 })), expected);
  assert.deepEqual(framesOf(pcap([Buffer.concat([Buffer.alloc(14), Buffer.from([8, 0]), bare])], { link: 113 })), expected);
  assert.deepEqual(framesOf(pcap([Buffer.concat([Buffer.from([8, 0]), Buffer.alloc(18), bare])], { link: 276 })), expected);
  assert.throws(() => framesOf(pcap([SYN], { link: 147 })), /frame 1 was captured on a link of type 147/);
});

test("a frame captured in part is refused, with the way out", () => {
  const bytes = pcap([SYN]);
  bytes.writeUInt32LE(SYN.length + 1, 24 + 12);
  assert.throws(() => framesOf(bytes), /of frame 1 only 54 of 55 bytes were captured.*-s 0/);
});

test("what is no capture is refused with a sentence", () => {
  assert.throws(() => framesOf(Buffer.alloc(0)), /too short/);
  assert.throws(() => framesOf(Buffer.from("version: 1\n")), /neither pcap nor pcapng/);
  assert.throws(() => framesOf(pcap([]).subarray(0, 20)), /ends within its header/);
  const claims = pcap([SYN]);
  claims.writeUInt32LE(0xffff_ffff, 24 + 8);
  assert.throws(() => framesOf(claims), /frame 1 claims to have 4294967295 bytes/);
  const long = pcapng([SYN]);
  long.writeUInt32LE(0xffff_fff0, 28 + 20 + 4);
  assert.throws(() => framesOf(long), /claims 4294967280 bytes, which is impossible/);
  const empty = pcapng([SYN]);
  empty.writeUInt32LE(0, 4);
  assert.throws(() => framesOf(empty), /claims 0 bytes/);
});

test("whatever happens to a capture, it is read or refused", () => {
  const chance = new Random(4);
  const wholes = [pcap(FRAMES), pcap(FRAMES, { little: false }), pcapng(FRAMES), simplePcapng(FRAMES)];
  let refused = 0;
  for (const whole of wholes) {
    for (let cut = 0; cut < whole.length; cut++) refused += Number(isRefused(whole.subarray(0, cut)));
    for (let round = 0; round < 2000; round++) {
      const broken = Buffer.from(whole);
      for (let change = 0; change < 3; change++) broken[chance.below(broken.length)] = chance.below(256);
      refused += Number(isRefused(broken));
    }
  }
  assert.ok(refused > 1000, `only ${refused} were refused`);
});

function isRefused(bytes: Uint8Array): boolean {
  try {
    for (const { frame: read } of readCapture(bytes)) assert.ok(read.length <= bytes.length + 14);
    return false;
  } catch (error) {
    assert.ok(error instanceof CaptureError, String(error));
    return true;
  }
}

test("the first frame between two addresses goes the named way, answers the other", () => {
  const ways = (view: Parameters<typeof arrivalsOf>[1]): string[] => [...arrivalsOf(pcap(FRAMES), view)].map(({ arrival }) => arrival.hook);
  assert.deepEqual(ways({ interface: "eth0", direction: "ingress" }), ["ingress", "egress", "ingress"]);
  assert.deepEqual(ways({ interface: "eth0", direction: "egress" }), ["egress", "ingress", "egress"]);
  assert.deepEqual(ways({ interface: "eth0", direction: "ingress", local: ["198.18.0.2", "2001:db8::1"] }), [
    "ingress",
    "egress",
    "egress",
  ]);
});
