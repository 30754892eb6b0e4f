/** The first packets of QUIC clients, made by hand: tests can then split, reorder and break them. */

import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { describe, it } from "node:test";

import { clientKeys, type Keys, VERSIONS } from "../../agent/inspect/protocols/quic/keys.ts";
import { QUIC } from "../../agent/inspect/protocols/quic/quic.ts";
import type { Transaction } from "../../agent/inspect/transaction.ts";
import { Random } from "../harness/random.ts";
import { readDatagrams, type Sent } from "./driver.ts";
import { alpn, clientHello, serverName, u16, vector, versions } from "./hello.ts";

const CONNECTION = Buffer.from("8394c8f03e515708", "hex");
const [V1, V2] = [1, 0x6b3343cf];
const SMALLEST = 1200;

const hello = (name = "example.com", padding = 0): Buffer =>
  clientHello({ extensions: [serverName(name), alpn("h3"), versions(0x0304), [57, Buffer.alloc(padding)]] });

function number(value: number): Buffer {
  return value < 64 ? Buffer.from([value]) : u16(0x4000 | value);
}

const crypto = (offset: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([6]), number(offset), number(bytes.length), bytes]);

interface Initial {
  version?: number;
  connection?: Buffer;
  keys?: Keys;
  sequence?: number;
  token?: Buffer;
}

function initial(
  frames: Uint8Array,
  { version = V1, connection = CONNECTION, keys, sequence = 0, token = Buffer.alloc(0) }: Initial = {},
): Buffer {
  const known = VERSIONS.get(version)!;
  const { key, iv, header } = keys ?? clientKeys(known, connection);
  const length = u16(0x4000 | (2 + frames.length + 16));
  const ends = Buffer.concat([vector(1, connection), vector(1), number(token.length), token, length]);
  const head = Buffer.concat([Buffer.from([0xc0 | (known.initial << 4) | 1]), u16(version >>> 16, version & 0xffff), ends, u16(sequence)]);
  const nonce = Buffer.from(iv);
  nonce.writeUInt16BE(nonce.readUInt16BE(10) ^ sequence, 10);
  const cipher = createCipheriv("aes-128-gcm", key, nonce);
  cipher.setAAD(head);
  const packet = Buffer.concat([head, cipher.update(frames), cipher.final(), cipher.getAuthTag()]);
  const at = head.length - 2;
  const mask = createCipheriv("aes-128-ecb", header, null).update(packet.subarray(at + 4, at + 20));
  packet[0]! ^= mask[0]! & 0x0f;
  packet[at]! ^= mask[1]!;
  packet[at + 1]! ^= mask[2]!;
  return packet;
}

/** A datagram of the length that the first one must have. */
function datagram(frames: Uint8Array, how: Initial = {}): Buffer {
  const missing = SMALLEST - initial(frames, how).length;
  return initial(Buffer.concat([frames, Buffer.alloc(Math.max(0, missing))]), how);
}

const read = (...datagrams: readonly Sent[]): Transaction[] => readDatagrams(QUIC, datagrams);
const fromClient = (...datagrams: readonly Uint8Array[]): Transaction[] => read(...datagrams.map((bytes) => ["client", bytes] as const));
const nameIn = (found: readonly Transaction[]): unknown[] => found.map(({ quic, undecided }) => quic?.server_name ?? undecided ?? null);

describe("QUIC", () => {
  it("derives the keys of RFC 9001, A.1, and of RFC 9369, A.1", () => {
    const hex = ({ key, iv, header }: Keys): string[] => [key, iv, header].map((bytes) => bytes.toString("hex"));
    assert.deepEqual(hex(clientKeys(VERSIONS.get(V1)!, CONNECTION)), [
      "1f369613dd76d5467730efcbe3b1a22d",
      "fa044b2f42a3fd3b46fb255c",
      "9f50449e04a0e810283a1e9933adedd2",
    ]);
    assert.deepEqual(hex(clientKeys(VERSIONS.get(V2)!, CONNECTION)), [
      "8b1a0bc121284290a29e0971b5cd045d",
      "91f73e2351d8fa91660e909f",
      "45b95e15235d6f45a6b19cbcb0294ba9",
    ]);
  });

  for (const [version, name] of [
    [V1, "1"],
    [V2, "2"],
  ] as const)
    it(`of version ${name} says the name and the protocol that the client asks for`, () => {
      const [found, ...others] = fromClient(datagram(crypto(0, hello()), { version }));
      assert.deepEqual(others, []);
      const { ja4, ...quic } = found!.quic!;
      assert.deepEqual([found!.protocol, quic], ["quic", { version: name, server_name: "example.com", alpn: ["h3"] }]);
      assert.match(ja4!, /^q13d0104h3_/);
    });

  it("says the same if its hello lies in several frames and packets, in any order", () => {
    const whole = hello("example.com", 2500);
    const random = new Random(4);
    for (let round = 0; round < 50; round++) {
      const frames: Buffer[] = [];
      for (let at = 0; at < whole.length; ) {
        const size = Math.min(whole.length - at, 1 + random.below(600));
        frames.push(crypto(at, whole.subarray(at, at + size)));
        at += size;
      }
      frames.sort(() => random.below(3) - 1);
      const datagrams = frames.map((frame, sequence) =>
        datagram(Buffer.concat([Buffer.from([1, 0, 0]), frame]), { sequence: sequence * 300 }),
      );
      assert.deepEqual(nameIn(fromClient(...datagrams)), ["example.com"]);
    }
  });

  it("says the same if several packets share a datagram", () => {
    const whole = hello("example.com", 1500);
    const one = initial(crypto(0, whole.subarray(0, 500)));
    const other = initial(crypto(500, whole.subarray(500)), { sequence: 1 });
    assert.deepEqual(nameIn(fromClient(Buffer.concat([one, other]))), ["example.com"]);
  });

  it("begins anew with the identifier of a retry", () => {
    const chosen = Buffer.from("f067a5502a4262b5", "hex");
    const retry = Buffer.concat([Buffer.from([0xf0]), u16(0, 1), vector(1), vector(1, chosen), Buffer.from("token"), Buffer.alloc(16)]);
    const first = datagram(crypto(0, hello().subarray(0, 20)));
    const again = datagram(crypto(0, hello()), { connection: chosen, token: Buffer.from("token"), sequence: 1 });
    assert.deepEqual(nameIn(read(["client", first], ["server", retry], ["client", again])), ["example.com"]);
    assert.deepEqual(nameIn(read(["client", first], ["client", again])), ["malformed"], "without it the key is another one");
  });

  it("hides the name of a hello without one", () => {
    const [found] = fromClient(datagram(crypto(0, clientHello({ extensions: [versions(0x0304)] }))));
    assert.equal(found?.quic?.hidden_name, "absent");
  });

  const other = Buffer.from(hello());
  other[50]! ^= 1;
  const unknown = Buffer.from(datagram(crypto(0, hello())));
  unknown.writeUInt32BE(0x1a2a3a4a, 1);
  const changed = Buffer.from(datagram(crypto(0, hello())));
  changed[600]! ^= 1;
  const wrong: Record<string, [wrong: readonly Buffer[], undecided: string, twin: readonly Buffer[]]> = {
    "a version that nobody knows": [[unknown], "unknown_version", [datagram(crypto(0, hello()))]],
    "a changed byte": [[changed], "malformed", [datagram(crypto(0, hello()))]],
    "frames that say different things": [
      [datagram(crypto(0, hello().subarray(0, 60))), datagram(crypto(0, other), { sequence: 1 })],
      "stream_overlap",
      [datagram(crypto(0, hello().subarray(0, 60))), datagram(crypto(0, hello()), { sequence: 1 })],
    ],
    "a frame that is none of Initial packets": [
      [datagram(Buffer.concat([Buffer.from([8]), crypto(0, hello())]))],
      "malformed",
      [datagram(Buffer.concat([Buffer.from([1]), crypto(0, hello())]))],
    ],
    "another message than a hello": [[datagram(crypto(0, Buffer.from([2, 0, 0, 0])))], "malformed", [datagram(crypto(0, hello()))]],
    "a hello in very many packets": [
      Array.from({ length: 65 }, (_, sequence) => datagram(Buffer.from([1]), { sequence })),
      "too_many",
      [
        ...Array.from({ length: 63 }, (_, sequence) => datagram(Buffer.from([1]), { sequence })),
        datagram(crypto(0, hello()), { sequence: 63 }),
      ],
    ],
  };
  for (const [name, [refused, undecided, twin]] of Object.entries(wrong))
    it(`is undecided with ${name}`, () => {
      assert.deepEqual(nameIn(fromClient(...refused)), [undecided]);
      assert.deepEqual(nameIn(fromClient(...twin)), ["example.com"]);
    });

  it("can have anything wrong with it, and is undecided or read", () => {
    const random = new Random(11);
    for (let round = 0; round < 1000; round++) {
      const frames = Buffer.concat([Buffer.from([2, 1, 0, 1, 0, 0, 0]), crypto(0, hello())]);
      for (let count = random.below(3); count > 0; count--) frames[random.below(frames.length)] = random.below(256);
      const bytes = datagram(frames);
      for (let count = random.below(3); count > 0; count--) bytes[random.below(60)] = random.below(256);
      fromClient(bytes, bytes.subarray(0, random.below(bytes.length)));
    }
  });
});
