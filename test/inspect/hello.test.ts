/** What the hello of a TLS client says, and hellos that nobody can be sure of. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";

import { TLS } from "../../agent/inspect/protocols/tls/tls.ts";
import { ja3, ja4, type HelloFacts } from "../../agent/inspect/protocols/tls/fingerprints.ts";
import type { Transaction } from "../../agent/inspect/transaction.ts";
import { Random } from "../harness/random.ts";
import { read, readInEverySplit, type Said, stepsOf } from "./driver.ts";
import {
  alpn,
  clientHello,
  type Extension,
  groups,
  pointFormats,
  records,
  RETRY,
  serverHello,
  serverName,
  signatures,
  u16,
  versions,
} from "./hello.ts";

const GREASE = 0x2a2a;
const ECH: Extension = [0xfe0d, Buffer.alloc(200, 1)];

/** What is read of these messages, in whatever pieces they come. */
function said(client: Uint8Array, server?: Uint8Array): Transaction {
  const talk: Said[] = [["client", client], ...(server === undefined ? [] : [["server", server] as const])];
  const found = readInEverySplit([TLS], talk);
  assert.equal(found.length, 1, JSON.stringify(found));
  return found[0]!;
}

const hello = (...extensions: readonly Extension[]): Buffer => records(clientHello({ extensions }));

describe("the hello of a TLS client", () => {
  it("says a name, what it offers, and what the server chooses", () => {
    const { tls } = said(
      hello(serverName("WWW.Example.com."), alpn("h2", "http/1.1"), versions(GREASE, 0x0304, 0x0303)),
      records(serverHello()),
    );
    assert.deepEqual(
      { ...tls, ja3: undefined, ja4: undefined },
      {
        server_name: "www.example.com",
        offered_version: "1.3",
        alpn: ["h2", "http/1.1"],
        version: "1.3",
        cipher: "TLS_AES_128_GCM_SHA256",
        ja3: undefined,
        ja4: undefined,
      },
    );
  });

  it("says the same in records and messages of any size", () => {
    const whole = clientHello({ extensions: [serverName("example.com"), [51, Buffer.alloc(4000, 5)], versions(0x0304)] });
    const expected = said(records(whole), records(serverHello()));
    assert.equal(expected.tls?.server_name, "example.com");
    for (const size of [1, 2, 5, 100, 3999])
      assert.deepEqual(said(records(whole, size), records(serverHello(), size)), expected, String(size));
  });

  it("hides its name if it encrypts it, or says none", () => {
    const encrypted = said(hello(serverName("public.example"), ECH)).tls!;
    assert.deepEqual([encrypted.hidden_name, encrypted.server_name], ["ech", "public.example"]);
    assert.equal(said(hello(versions(0x0304))).tls?.hidden_name, "absent");
    assert.equal(said(hello(serverName("public.example"))).tls?.hidden_name, undefined);
  });

  it("is read again if the server asks for another one, which must say the same name", () => {
    const asks = records(serverHello({ random: RETRY }));
    const talk = (second: Buffer): Transaction[] =>
      readInEverySplit(
        [TLS],
        [
          ["client", hello(serverName("example.com"))],
          ["server", Buffer.concat([asks, records(Buffer.from([1]), 1, 20)])],
          ["client", Buffer.concat([records(Buffer.from([1]), 1, 20), second])],
          ["server", records(serverHello())],
        ],
      );
    assert.deepEqual(
      talk(hello(serverName("example.com"), [51, u16(1)])).map(({ tls, undecided }) => [tls?.version, undecided]),
      [["1.3", undefined]],
    );
    assert.deepEqual(
      talk(hello(serverName("other.example"))).map(({ tls, undecided }) => [tls?.server_name, undecided]),
      [["example.com", "ambiguous"]],
    );
  });

  it("of TLS 1.2 that goes on with an older session has no certificate", () => {
    const answer = Buffer.concat([records(serverHello({ cipher: 0xc02f, extensions: [alpn("h2")] })), records(Buffer.from([1]), 1, 20)]);
    const { tls } = said(hello(serverName("example.com"), alpn("h2", "http/1.1")), answer);
    assert.deepEqual([tls?.version, tls?.alpn, tls?.cipher], ["1.2", ["h2"], "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]);
  });

  it("is what counts of its side, also if the server is not seen", () => {
    const more = [records(Buffer.from([11, 0, 0, 1, 0])), records(Buffer.from([1]), 1, 20), records(Buffer.alloc(40, 0xee))];
    const found = said(Buffer.concat([hello(serverName("example.com")), ...more]));
    assert.deepEqual([found.tls?.server_name, found.tls?.version, found.undecided], ["example.com", undefined, undefined]);
  });

  const whole = clientHello();
  const refused: Record<string, [wrong: Buffer, undecided: string, twin: Buffer]> = {
    "two names": [hello(serverName("a.example", "b.example")), "ambiguous", hello(serverName("a.example"))],
    "a name twice": [hello(serverName("a.example"), serverName("b.example")), "ambiguous", hello(serverName("a.example"))],
    "a name with a space": [hello(serverName("a example")), "malformed", hello(serverName("a-example"))],
    "a name with NUL": [hello(serverName("a\0.example")), "malformed", hello(serverName("a_.example"))],
    "a name of 256 bytes": [hello(serverName("a".repeat(256))), "malformed", hello(serverName("a".repeat(255)))],
    "an empty name": [hello(serverName("")), "malformed", hello(serverName("a"))],
    "a longer list of names than its extension": [hello([0, u16(9)]), "malformed", hello([0, serverName("a")[1]])],
    "SSL 3.0": [records(clientHello({ version: 0x0300 })), "unknown_version", records(clientHello({ version: 0x0301 }))],
    "only versions that nobody knows": [hello(versions(0x0505)), "unknown_version", hello(versions(0x0505, 0x0303))],
    "a message longer than weir reads": [
      records(Buffer.concat([Buffer.from([1, 1, 0, 1]), Buffer.alloc(40_000)])),
      "too_long",
      records(clientHello({ extensions: [serverName("a"), [21, Buffer.alloc(60_000)]] })),
    ],
    "an empty record": [Buffer.concat([records(whole.subarray(0, 9)), Buffer.from([22, 3, 1, 0, 0])]), "malformed", records(whole, 9)],
    "a message that another record interrupts": [
      Buffer.concat([records(whole.subarray(0, 9)), records(Buffer.from([1]), 1, 20)]),
      "malformed",
      records(whole),
    ],
  };
  for (const [name, [wrong, undecided, twin]] of Object.entries(refused))
    it(`is undecided with ${name}`, () => {
      assert.equal(said(wrong).undecided, undecided);
      assert.equal(said(twin).undecided, undefined);
    });

  it("is no other protocol's beginning", () => {
    for (const other of ["GET / HTTP/1.1\r\n", "SSH-2.0-x\r\n", "\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", "\x16\x02\x01\x00\x05\x01"])
      assert.deepEqual(read([TLS], [["client", other]]), []);
  });

  it("is read in as many steps as it has bytes, however it comes", () => {
    const long = records(clientHello({ extensions: [serverName("a"), [21, Buffer.alloc(15_000)]] }), 1000);
    assert.ok(stepsOf(TLS, long) < 12 * long.length, `${stepsOf(TLS, long)} steps for ${long.length} bytes`);
  });

  it("can have anything wrong with it, and is undecided or read", () => {
    const random = new Random(3);
    const talk = Buffer.concat([hello(serverName("example.com"), alpn("h2"), groups(29), signatures(0x0403), versions(0x0304), ECH)]);
    for (let round = 0; round < 20_000; round++) {
      const changed = Buffer.from(talk);
      for (let count = 1 + random.below(3); count > 0; count--) changed[random.below(changed.length)] = random.below(256);
      read(
        [TLS],
        [
          ["client", changed.subarray(0, random.oneIn(3) ? random.below(changed.length) : changed.length)],
          ["server", records(serverHello())],
        ],
      );
    }
  });
});

describe("a fingerprint", () => {
  const facts: HelloFacts = {
    legacyVersion: 0x0303,
    versions: [GREASE, 0x0304, 0x0303],
    ciphers: [
      GREASE,
      0x1301,
      0x1302,
      0x1303,
      0xc02b,
      0xc02f,
      0xc02c,
      0xc030,
      0xcca9,
      0xcca8,
      0xc013,
      0xc014,
      0x009c,
      0x009d,
      0x002f,
      0x0035,
    ],
    extensions: [
      GREASE,
      0x001b,
      0x0000,
      0x0033,
      0x0010,
      0x4469,
      0x0017,
      0x002d,
      0x000d,
      0x0005,
      0x0023,
      0x0012,
      0x002b,
      0xff01,
      0x000b,
      0x000a,
      0x0015,
    ],
    groups: [29, 23, 24],
    pointFormats: [0],
    signatures: [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
    firstAlpn: Buffer.from("h2"),
  };

  it("JA4 is that of its definition's example, whatever the order of suites and extensions", () => {
    assert.equal(ja4(facts, "t"), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    assert.equal(ja4({ ...facts, ciphers: facts.ciphers.toReversed(), extensions: facts.extensions.toReversed() }, "t"), ja4(facts, "t"));
    assert.equal(ja4(facts, "q").slice(0, 10), "q13d1516h2");
  });

  it("JA4 takes ALPN as it comes", () => {
    const of = (firstAlpn: Buffer): string => ja4({ ...facts, firstAlpn }, "t").slice(8, 10);
    assert.deepEqual(
      [
        Buffer.from("http/1.1"),
        Buffer.from("h"),
        Buffer.alloc(0),
        Buffer.from([0xab]),
        Buffer.from([0xab, 0xcd]),
        Buffer.from([0x30, 0xab]),
      ].map(of),
      ["h1", "hh", "00", "ab", "ad", "3b"],
    );
  });

  it("JA3 is that of its definition's example", () => {
    const text = "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0";
    const example: HelloFacts = {
      legacyVersion: 769,
      versions: [769],
      ciphers: [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4],
      extensions: [0, 10, 11],
      groups: [23, 24, 25],
      pointFormats: [0],
      signatures: [],
    };
    assert.equal(ja3(example), "ada70206e40642a3e4461f35503241d5");
    assert.equal(ja3(example), createHash("md5").update(text).digest("hex"));
    assert.equal(ja3({ ...example, ciphers: [GREASE, ...example.ciphers], extensions: [GREASE, 0, 10, 11] }), ja3(example));
  });

  it("is made of what a hello says", () => {
    const extensions = [serverName("a"), groups(23, 24, 25), pointFormats(0)];
    const { tls } = said(
      records(clientHello({ version: 0x0301, ciphers: [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4], extensions })),
    );
    assert.equal(tls?.ja3, "ada70206e40642a3e4461f35503241d5");
    assert.equal(tls?.ja4?.slice(0, 10), "t10d120300");
  });
});
