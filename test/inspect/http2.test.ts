/** HTTP/2 in clear, beside nghttp2: the client and the server of node:http2 talk, and their bytes are read. */

import assert from "node:assert/strict";
import http2 from "node:http2";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";

import { HTTP1 } from "../../agent/inspect/protocols/http/http1.ts";
import { HTTP2 } from "../../agent/inspect/protocols/http/http2.ts";
import { PREFACE } from "../../agent/inspect/protocols/http/recognise.ts";
import type { Side } from "../../agent/inspect/parser.ts";
import type { Transaction } from "../../agent/inspect/transaction.ts";
import type { Undecided } from "../../agent/inspect/undecided.ts";
import { Random } from "../harness/random.ts";
import { randomly, read, readInEverySplit, type Said, stepsOf, WHOLE } from "./driver.ts";

const BOTH = [HTTP2, HTTP1];

function frame(type: number, flags: number, stream: number, payload: Uint8Array | string = ""): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const header = Buffer.alloc(9);
  header.writeUIntBE(bytes.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, bytes]);
}

/** A header block without the table and the code. */
function block(headers: readonly (readonly [string, string])[]): Buffer {
  const text = (of: string): Buffer => {
    const length = of.length < 127 ? [of.length] : [127, ((of.length - 127) & 0x7f) | 0x80, (of.length - 127) >> 7];
    assert.ok(of.length < 127 + 16_384);
    return Buffer.concat([Buffer.from(length), Buffer.from(of, "latin1")]);
  };
  return Buffer.concat(headers.map(([name, value]) => Buffer.concat([Buffer.of(0), text(name), text(value)])));
}

const SETTINGS = frame(4, 0, 0);
const BEGIN = Buffer.concat([PREFACE, SETTINGS]);
type Headers = readonly (readonly [string, string])[];
const asking = (path: string, ...more: Headers): Headers => [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "A.example:80"],
  [":path", path],
  ...more,
];
const ask = (stream: number, headers: Headers): Buffer => frame(1, 0x5, stream, block(headers));
const tell = (...said: Said[]): Transaction[] => readInEverySplit(BOTH, said);
const tellClient = (...frames: Uint8Array[]): Transaction[] => tell(["client", Buffer.concat([BEGIN, ...frames])]);
const shortly = (told: readonly Transaction[]): string[] =>
  told.map(({ http = {}, undecided }) => undecided ?? `${http.method} ${http.host} ${http.path} ${http.status ?? "-"}`);

describe("streams", () => {
  it("tells interleaved requests with their answers, whatever comes between", () => {
    const client = Buffer.concat([ask(1, asking("/1")), frame(2, 0, 7, "12345"), ask(3, asking("/3", ["cookie", "a"], ["cookie", "b"]))]);
    const server = [
      frame(1, 4, 3, block([[":status", "103"]])),
      frame(1, 4, 3, block([[":status", "404"]])),
      frame(0, 1, 3, "x".repeat(99)),
    ];
    const told = tell(
      ["client", BEGIN],
      ["server", SETTINGS],
      ["client", client],
      ["server", Buffer.concat([...server, frame(1, 5, 1, Buffer.of(0x88))])],
    );
    assert.deepEqual(shortly(told), ["GET a.example /3 404", "GET a.example /1 200"]);
    const headers = { cookie: "a; b" };
    assert.deepEqual(told[0], {
      protocol: "http2",
      http: { method: "GET", path: "/3", version: "2", headers, host: "a.example", status: 404 },
    });
  });

  it("skips data that is longer than a segment, trailers, and streams that are reset", () => {
    const body = frame(0, 0, 1, Buffer.alloc(200_000));
    const post = frame(1, 4, 1, block(asking("/1")));
    const trailers = frame(1, 5, 1, block([["a", "b"]]));
    assert.deepEqual(
      shortly(
        read(
          BOTH,
          [["client", Buffer.concat([BEGIN, post, body, trailers, frame(3, 0, 1, "1234"), ask(3, asking("/3"))])]],
          randomly(5, 9000),
        ),
      ),
      ["GET a.example /1 -", "GET a.example /3 -"],
    );
  });

  it("reads a header block that is split over frames as if it were whole", () => {
    const whole = block(asking("/1", ["a", "b"]));
    const expected = tellClient(frame(1, 5, 1, whole));
    for (let at = 0; at <= whole.length; at++) {
      const padded = Buffer.concat([Buffer.of(3), Buffer.alloc(5), whole.subarray(0, at), Buffer.alloc(3)]);
      const split = [frame(1, 0x29, 1, padded), frame(9, 0, 1), frame(9, 4, 1, whole.subarray(at))];
      assert.deepEqual(read(BOTH, [["client", Buffer.concat([BEGIN, ...split])]]), expected);
    }
  });

  it("tells what a server promises as a request, and its answer", () => {
    const promise = frame(5, 4, 1, Buffer.concat([Buffer.of(0, 0, 0, 2), block(asking("/pushed"))]));
    const told = tell(
      ["client", Buffer.concat([BEGIN, ask(1, asking("/1"))])],
      ["server", Buffer.concat([promise, frame(1, 5, 2, Buffer.of(0x88))])],
    );
    assert.deepEqual(shortly(told), ["GET a.example /pushed 200", "GET a.example /1 -"]);
  });

  it("names the protocol of an extended CONNECT", () => {
    const headers: Headers = [
      [":method", "CONNECT"],
      [":protocol", "websocket"],
      [":scheme", "http"],
      [":path", "/ws"],
      [":authority", "a"],
    ];
    const [told] = tell(["client", Buffer.concat([BEGIN, frame(1, 4, 1, block(headers))])], ["server", frame(1, 4, 1, Buffer.of(0x88))]);
    assert.deepEqual([told!.http!.upgrade, told!.http!.method, told!.http!.path], ["websocket", "CONNECT", "/ws"]);
  });

  it("goes on from HTTP/1, with the answer of the request that asked for it on the first stream", () => {
    const request =
      "GET /1 HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
    const answer = Buffer.concat([
      Buffer.from("HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"),
      SETTINGS,
      frame(1, 5, 1, Buffer.of(0x88)),
    ]);
    const told = tell(["client", request], ["server", answer], ["client", Buffer.concat([BEGIN, ask(3, asking("/3"))])]);
    assert.deepEqual(shortly(told), ["GET a.example /1 200", "GET a.example /3 -"]);
    assert.deepEqual(
      told.map(({ http }) => [http!.version, http!.upgrade]),
      [
        ["1.1", "h2c"],
        ["2", undefined],
      ],
    );
  });
});

describe("what readers could take for different things", () => {
  const long = "a".repeat(8000);
  const cases: readonly (readonly [name: string, odd: Buffer, Undecided, plain: Buffer])[] = [
    ["two authorities", ask(1, [[":authority", "b"], ...asking("/")]), "ambiguous", ask(1, asking("/"))],
    ["another host", ask(1, asking("/", ["host", "b.example"])), "ambiguous", ask(1, asking("/", ["host", "a.example:80"]))],
    ["a fragment", ask(1, asking("/#a")), "ambiguous", ask(1, asking("/%23a"))],
    ["a space in the path", ask(1, asking("/ HTTP/1.1")), "ambiguous", ask(1, asking("/%20"))],
    ["a line in a value", ask(1, asking("/", ["a", "b\r\nc: d"])), "malformed", ask(1, asking("/", ["a", "b c: d"]))],
    ["a name with capitals", ask(1, asking("/", ["A", "b"])), "malformed", ask(1, asking("/", ["a", "b"]))],
    [
      "a header of the connection",
      ask(1, asking("/", ["transfer-encoding", "chunked"])),
      "malformed",
      ask(1, asking("/", ["te", "trailers"])),
    ],
    ["a path behind a header", ask(1, [["a", "b"], ...asking("/")]), "malformed", ask(1, asking("/", ["a", "b"]))],
    ["no path", ask(1, asking("/").slice(0, 3)), "malformed", ask(1, asking("/"))],
    ["an absolute path", ask(1, asking("http://a.example/")), "malformed", ask(1, asking("/"))],
    [
      "two lengths",
      ask(1, asking("/", ["content-length", "1"], ["content-length", "2"])),
      "ambiguous",
      ask(1, asking("/", ["content-length", "1"])),
    ],
    ["an even stream", ask(2, asking("/")), "malformed", ask(3, asking("/"))],
    ["a request on a stream that has had one", Buffer.concat([ask(3, asking("/")), ask(1, asking("/"))]), "malformed", ask(3, asking("/"))],
    [
      "another frame in a block",
      Buffer.concat([frame(1, 1, 1, block(asking("/"))), frame(6, 0, 0, "12345678")]),
      "malformed",
      ask(1, asking("/")),
    ],
    [
      "headers without an end",
      Buffer.concat([frame(1, 1, 1), ...Array(9).fill(frame(9, 0, 1, Buffer.alloc(4000)))]),
      "too_long",
      ask(1, asking("/")),
    ],
    ["long headers", ask(1, asking("/", ["a", long], ["b", long], ["c", long])), "too_long", ask(1, asking("/", ["a", long]))],
    ["settings that nobody sent", frame(4, 1, 0), "malformed", frame(4, 0, 0)],
    ["a code that is none", frame(1, 5, 1, Buffer.of(0xff)), "malformed", ask(1, asking("/"))],
  ];
  for (const [name, odd, undecided, plain] of cases) {
    it(`${name} is ${undecided}`, () => {
      const next = ask(9, asking("/next"));
      assert.ok(shortly(tellClient(odd, next)).includes(undecided));
      assert.ok(!shortly(tellClient(odd, next)).includes("GET a.example /next -"));
      const told = tellClient(plain, next);
      assert.deepEqual([shortly(told).at(-1), told.some((one) => one.undecided !== undefined)], ["GET a.example /next -", false]);
    });
  }

  it("cannot follow more streams than it has room for", () => {
    const streams = (count: number): Said[] => [
      ["client", Buffer.concat([BEGIN, ...Array.from({ length: count }, (_, n) => ask(n * 2 + 1, asking("/")))])],
    ];
    assert.ok(read(BOTH, streams(256)).every(({ undecided }) => undecided === undefined));
    assert.equal(read(BOTH, streams(257))[0]!.undecided, "too_many");
  });

  it("keeps what was sent of an undecided request", () => {
    const [told] = tellClient(ask(1, asking("/", ["host", "b"])));
    assert.deepEqual(told, {
      protocol: "http2",
      http: { method: "GET", path: "/", version: "2", headers: { host: "b" } },
      undecided: "ambiguous",
    });
  });
});

/** Two ends of a connection in memory, and what each has sent, in order. */
function pair(said: Said[]): { client: Duplex; server: Duplex } {
  const end = (side: Side, other: () => Duplex): Duplex =>
    new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        said.push([side, Buffer.from(chunk)]);
        other().push(chunk);
        setImmediate(done);
      },
      final: (done) => (other().push(null), done()),
    });
  const client: Duplex = end("client", () => server);
  const server: Duplex = end("server", () => client);
  return { client, server };
}

/** Lets nghttp2 ask so many times. Returns the bytes, and what the server has seen. */
async function converse(count: number, chance: Random): Promise<{ said: Said[]; seen: Map<string, unknown> }> {
  const said: Said[] = [];
  const seen = new Map<string, unknown>();
  const settings = { headerTableSize: chance.pick([0, 100, 4096, 65_536]) };
  const paddingStrategy = chance.pick([http2.constants.PADDING_STRATEGY_NONE, http2.constants.PADDING_STRATEGY_MAX]);
  const ends = pair(said);
  const server = http2.createServer({ settings, paddingStrategy }, (request, response) => {
    const { ":method": method, ":path": path, ":authority": host, ":scheme": _scheme, ...headers } = request.headers;
    const status = 200 + (seen.size % 300);
    seen.set(path!, {
      method,
      path,
      host: host!.replace(":80", ""),
      version: "2",
      headers: Object.fromEntries(Object.entries(headers)),
      status,
    });
    request.resume();
    response.writeHead(status, { "x-status": `${status % 7}`, date: "now" });
    response.end("x".repeat(status % 50));
  });
  server.emit("connection", ends.server);
  const client = http2.connect("http://h.example", { createConnection: () => ends.client, settings, paddingStrategy });
  for (let first = 0; first < count; first += 20)
    await Promise.all(Array.from({ length: 20 }, (_, n) => request(client, first + n, chance)));
  const closed = new Promise((resolve) => client.on("close", resolve));
  client.close();
  await closed;
  server.close();
  return { said, seen };
}

function request(client: http2.ClientHttp2Session, number: number, chance: Random): Promise<void> {
  const text = (most: number): string =>
    Array.from({ length: 1 + chance.below(most) }, () => String.fromCharCode(0x21 + chance.below(0x5e))).join("");
  const more = Object.fromEntries(Array.from({ length: chance.below(5) }, () => [`x-${chance.below(9)}`, text(chance.pick([5, 60, 900]))]));
  const method = chance.pick(["GET", "POST", "DELETE"]);
  const stream = client.request(
    { ":method": method, ":path": `/${number}?${text(9).replaceAll("#", "")}`, ...more },
    { endStream: method !== "POST" },
  );
  if (method === "POST") stream.end("b".repeat(chance.below(400)));
  stream.resume();
  return new Promise((resolve, reject) => stream.on("close", resolve).on("error", reject));
}

/** Splits the header blocks of a side anew, over as many frames as chance will have. */
function reframe(bytes: Buffer, chance: Random, start: number): Buffer {
  const frames = [bytes.subarray(0, start)];
  for (let at = start; at < bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    const [type, flags, stream] = [bytes[at + 3]!, bytes[at + 4]!, bytes.readUInt32BE(at + 5)];
    const isPlain = type === 1 && (flags & ~1) === 4;
    if (!isPlain) frames.push(bytes.subarray(at, end));
    const payload = bytes.subarray(at + 9, end);
    for (let from = 0, to = 0; isPlain && from < payload.length; from = to) {
      to = Math.min(payload.length, from + 1 + chance.below(50));
      frames.push(
        frame(from === 0 ? 1 : 9, (from === 0 ? flags & 1 : 0) | (to === payload.length ? 4 : 0), stream, payload.subarray(from, to)),
      );
    }
    at = end;
  }
  return Buffer.concat(frames);
}

const byPath = (told: readonly Transaction[]): unknown[] =>
  told.map(({ http }) => ({ ...http, headers: { ...http!.headers } })).sort((one, other) => (one.path! < other.path! ? -1 : 1));

describe("beside nghttp2", () => {
  it("reads thousands of requests as its server does, however they are cut, and split over frames", async () => {
    let compared = 0;
    for (let round = 0; round < 15; round++) {
      const chance = new Random(round + 1);
      const { said, seen } = await converse(140, chance);
      const expected = byPath([...seen.values()].map((http) => ({ protocol: "http2", http: http as object })));
      for (const cut of [WHOLE, randomly(round, 300)]) {
        const told = read(BOTH, said, cut);
        assert.deepEqual(
          told.filter(({ undecided }) => undecided !== undefined),
          [],
        );
        assert.deepEqual(byPath(told), expected);
      }
      const all = (side: Side): Buffer => Buffer.concat(said.filter(([of]) => of === side).map(([, bytes]) => bytes as Buffer));
      const client = reframe(all("client"), chance, PREFACE.length);
      const settings = all("server").subarray(0, 9 + all("server").readUIntBE(0, 3));
      const split: Said[] = [
        ["client", PREFACE],
        ["server", settings],
        ["client", client.subarray(PREFACE.length)],
      ];
      const requests = read(BOTH, split, randomly(round, 900));
      const without = expected.map((http) => ({ ...(http as object), status: undefined }));
      assert.deepEqual(
        byPath(requests).map((http) => ({ ...(http as object), status: undefined })),
        without,
      );
      compared += expected.length;
    }
    assert.ok(compared >= 2000, `${compared} requests`);
  });

  it("whatever happens to the bytes, they are read or undecided", async () => {
    const chance = new Random(99);
    const { said } = await converse(20, chance);
    let undecided = 0;
    for (let round = 0; round < 500; round++) {
      const broken = said.map(([side, bytes]): Said => [side, Buffer.from(bytes as Buffer)]);
      for (let change = 0; change < 3; change++) {
        const bytes = chance.pick(broken)[1] as Buffer;
        bytes[chance.below(bytes.length)] = chance.below(256);
      }
      undecided += Number(read([HTTP2], broken, randomly(round, 300)).some((one) => one.undecided !== undefined));
    }
    assert.ok(undecided > 30, `${undecided} undecided`);
  });
});

it("looks at no byte more than a few times, however they are cut", () => {
  const headers = asking("/", ["a", "b".repeat(12_000)]);
  const bytes = Buffer.concat([BEGIN, ...[1, 3, 5].map((stream) => ask(stream, headers))]);
  const steps = stepsOf(HTTP2, bytes);
  // The header of a frame has nine bytes, and is read anew for each byte of the frame.
  assert.ok(steps > bytes.length && steps < 12 * bytes.length, `${steps} steps for ${bytes.length} bytes`);
});
