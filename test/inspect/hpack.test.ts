/** Header blocks of HTTP/2: the examples of RFC 7541, appendix C, and what nobody may send. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { HpackDecoder } from "../../agent/inspect/protocols/http/hpack.ts";
import { decodeHuffman } from "../../agent/inspect/protocols/http/huffman.ts";
import { NotDecided, type Undecided } from "../../agent/inspect/undecided.ts";
import { Random } from "../harness/random.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

function decode(decoder: HpackDecoder, block: string): string[] {
  const headers: string[] = [];
  decoder.decode(hex(block), (name, value) => headers.push(`${name}: ${value}`));
  return headers;
}

const request = (scheme: string, path: string, ...more: string[]): string[] => [
  ":method: GET",
  `:scheme: ${scheme}`,
  `:path: ${path}`,
  ":authority: www.example.com",
  ...more,
];
const REQUESTS = [
  request("http", "/"),
  request("http", "/", "cache-control: no-cache"),
  request("https", "/index.html", "custom-key: custom-value"),
];
const answer = (status: number, second: number, ...more: string[]): string[] => [
  `:status: ${status}`,
  "cache-control: private",
  `date: Mon, 21 Oct 2013 20:13:${second} GMT`,
  "location: https://www.example.com",
  ...more,
];
const COOKIE = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const ANSWERS = [answer(302, 21), answer(307, 21), answer(200, 22, "content-encoding: gzip", COOKIE)];

const examples: readonly (readonly [name: string, blocks: readonly string[], headers: readonly string[][]])[] = [
  [
    "C.3",
    [
      "828684410f7777772e6578616d706c652e636f6d",
      "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ],
    REQUESTS,
  ],
  ["C.4", ["828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf", "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"], REQUESTS],
  [
    "C.5",
    [
      "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
      "4803333037c1c0bf",
      "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
    ],
    ANSWERS,
  ],
  [
    "C.6",
    [
      "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
      "4883640effc1c0bf",
      "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ],
    ANSWERS,
  ],
];

describe("examples of RFC 7541", () => {
  for (const [name, blocks, headers] of examples) {
    it(`appendix ${name}`, () => {
      const decoder = new HpackDecoder();
      // The answers are encoded with a table of 256 bytes, so that headers are evicted.
      const shrink = headers === ANSWERS ? "3fe101" : "";
      if (shrink !== "") decoder.setLimit(256);
      for (const [index, block] of blocks.entries()) assert.deepEqual(decode(decoder, (index === 0 ? shrink : "") + block), headers[index]);
    });
  }
});

describe("what nobody may send", () => {
  const cases: readonly (readonly [name: string, odd: string, Undecided, plain: string])[] = [
    ["an index of nothing", "80", "malformed", "82"],
    ["an index behind the table", "be", "malformed", "bd"],
    ["a string that is cut off", "4003616263046162", "malformed", "40036162630161"],
    ["an integer without an end", "ffffffffffffffffff", "malformed", "82"],
    ["an integer that is too large", "7f8080808010", "malformed", "410161"],
    ["a size of the table behind a header", "8220", "malformed", "2082"],
    ["a size of the table that the settings do not allow", "3fe21f", "malformed", "3fe11f"],
    ["a code with eight bits of padding", "4081ff00", "malformed", "40811f00"],
    ["a code with zeros as padding", "40811800", "malformed", "40811f00"],
    ["a code that ends", "4084ffffffff00", "malformed", "4003616263 00"],
  ];
  for (const [name, odd, undecided, plain] of cases) {
    it(`${name} is ${undecided}`, () => {
      assert.throws(() => decode(new HpackDecoder(), odd), { name: "NotDecided", reason: undecided });
      assert.doesNotThrow(() => decode(new HpackDecoder(), plain));
    });
  }

  it("a table is no larger than weir keeps, whatever the settings say", () => {
    const decoder = new HpackDecoder();
    decoder.setLimit(2 ** 31);
    assert.deepEqual(decode(decoder, "3fe1ff03 82"), [":method: GET"]);
    assert.throws(() => decode(decoder, "3fe2ff03 82"), { reason: "too_long" });
  });

  it("settings that shrink the table must be followed", () => {
    const decoder = new HpackDecoder();
    decoder.setLimit(100);
    decoder.setLimit(4096);
    assert.throws(() => decode(decoder, "82"), { reason: "malformed" });
    assert.deepEqual(decode(decoder, "3f45 3fe11f 82"), [":method: GET"]);
  });
});

it("whatever the bytes are, they are decoded or refused, and no string is longer than its bits allow", () => {
  const chance = new Random(7);
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = chance.bytes(chance.below(40));
    try {
      assert.ok(decodeHuffman(bytes).length <= (bytes.length * 8) / 5);
      new HpackDecoder().decode(bytes, () => undefined);
    } catch (error) {
      assert.ok(error instanceof NotDecided, String(error));
      refused++;
    }
  }
  assert.ok(refused > 10_000, `${refused} refused`);
});
