/** The kernel's list of sockets: what it says is read whole, what is cut short or strange is left out. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { parseSocket } from "../../../agent/observe/sockets/diag.ts";

const LISTEN = 10;
const CLOSE = 7;

function message(family: number, state: number, fill: (bytes: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(72);
  bytes[0] = family;
  bytes[1] = state;
  bytes.writeUInt16BE(443, 4);
  bytes.writeUInt32LE(5, 44);
  bytes.writeUInt32LE(1, 48);
  bytes.writeUInt32LE(33, 64);
  fill(bytes);
  return bytes;
}

test("a listener has no other end", () => {
  const listener = {
    protocol: "tcp",
    state: "listen",
    local: { address: "::", port: 443 },
    uid: 33,
    cookie: 0x1_0000_0005n,
    queued: { received: 0, unsent: 0 },
  };
  assert.deepEqual(parseSocket("tcp", message(10, LISTEN)), listener);
  assert.deepEqual(parseSocket("tcp", message(2, LISTEN)), { ...listener, local: { address: "0.0.0.0", port: 443 } });
});

test("a connected one has both, its interface and what waits", () => {
  const bytes = message(2, 1, (it) => {
    it.set([192, 0, 2, 1], 8);
    it.set([192, 0, 2, 2], 24);
    it.writeUInt16BE(50_000, 6);
    it.writeUInt32LE(3, 40);
    it.writeUInt32LE(10, 56);
    it.writeUInt32LE(20, 60);
  });
  assert.deepEqual(parseSocket("udp", bytes), {
    protocol: "udp",
    state: "established",
    local: { address: "192.0.2.1", port: 443 },
    remote: { address: "192.0.2.2", port: 50_000 },
    ifindex: 3,
    uid: 33,
    cookie: 0x1_0000_0005n,
    queued: { received: 10, unsent: 20 },
  });
});

test("a UDP socket without another end is bound", () => {
  assert.equal(parseSocket("udp", message(2, CLOSE))?.state, "bound");
});

test("what is cut short, or of no known family or state, is left out", () => {
  const whole = message(2, LISTEN);
  for (let length = 0; length < whole.length; length++) assert.equal(parseSocket("tcp", whole.subarray(0, length)), undefined);
  assert.equal(parseSocket("tcp", message(1, LISTEN)), undefined);
  assert.equal(parseSocket("tcp", message(2, 0)), undefined);
  assert.equal(parseSocket("tcp", message(2, 99)), undefined);
});
