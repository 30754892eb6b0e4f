/** HTTP/1, whose requests are told even where readers of the same bytes could differ. */

import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";

import { HTTP1 } from "../../agent/inspect/protocols/http/http1.ts";
import type { Http, Transaction } from "../../agent/inspect/transaction.ts";
import type { Undecided } from "../../agent/inspect/undecided.ts";
import { Random } from "../harness/random.ts";
import { randomly, read, readInEverySplit, type Said, stepsOf } from "./driver.ts";

const tell = (...said: Said[]): Transaction[] => readInEverySplit([HTTP1], said);
const ask = (text: string): Transaction[] => tell(["client", text]);
const shortly = (told: readonly Transaction[]): string[] =>
  told.map(({ http = {}, undecided }) => undecided ?? `${http.method} ${http.host} ${http.path} ${http.status ?? "-"}`);
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const get = (path: string, more = ""): string => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${more}\r\n`;

describe("requests and answers", () => {
  it("tells a request with its answer", () => {
    const http: Http = { method: "GET", path: "/x?y=1", version: "1.1", host: "a.example", status: 200 };
    http.headers = { host: "A.Example.:8080", accept: "text/html, text/plain", __proto__x: "é" };
    const request = "GET /x?y=1 HTTP/1.1\r\nHost: A.Example.:8080\r\nAccept: text/html\r\naccept:  text/plain \t\r\n__proto__x: é\r\n\r\n";
    assert.deepEqual(tell(["client", request], ["server", OK]), [{ protocol: "http", http }]);
  });

  it("tells every pipelined request, and gives the answers in order", () => {
    const head = "HEAD /2 HTTP/1.1\r\nHost: b.example\r\n\r\n";
    const answers = `HTTP/1.1 100 Continue\r\n\r\n${OK}HTTP/1.1 404 No\r\nContent-Length: 99\r\n\r\nHTTP/1.1 204 None\r\n\r\nHTTP/1.0 500 Bad\r\n\r\nrest`;
    assert.deepEqual(
      shortly(tell(["client", `${get("/1")}\r\n${head}${get("/3")}${get("/4")}${get("/5")}`], ["server", answers], ["server", null])),
      ["GET a.example /1 200", "HEAD b.example /2 404", "GET a.example /3 204", "GET a.example /4 500", "GET a.example /5 -"],
    );
  });

  it("skips bodies, also those that look like requests", () => {
    const length = `POST /1 HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${get("/evil").length}\r\n\r\n${get("/evil")}`;
    const size = get("/evil").length.toString(16);
    const chunked = `POST /2 HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: Chunked\r\n\r\n${size};a=b\r\n${get("/evil")}\r\n0\r\nLast: 1\r\n\r\n`;
    const answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    assert.deepEqual(shortly(tell(["client", length + chunked + get("/3")], ["server", answer + OK + answer])), [
      "POST a.example /1 200",
      "POST a.example /2 200",
      "GET a.example /3 200",
    ]);
  });

  it("names the protocol to which the server switches, and reads no further", () => {
    const upgrade = "Connection: Upgrade\r\nUpgrade: foo, WebSocket\r\n";
    const switched = "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x00\r\n";
    const [told, ...more] = tell(["client", get("/ws", upgrade)], ["server", switched], ["client", "\x00\x01GET\n"]);
    assert.deepEqual([told!.http!.upgrade, told!.http!.status, told!.undecided, more.length], ["websocket", 101, undefined, 0]);
  });

  it("reads on where the server does not switch, from what the client has sent before it knew", () => {
    const upgrade = "Upgrade: websocket\r\n";
    const all = ["GET a.example /1 200", "GET a.example /2 200"];
    assert.deepEqual(shortly(tell(["client", get("/1", upgrade) + get("/2")], ["server", OK + OK], ["client", null])), all);
    assert.deepEqual(shortly(tell(["client", get("/1", upgrade)], ["server", OK], ["client", get("/2")], ["server", OK])), all);
    assert.deepEqual(shortly(tell(["client", get("/1", upgrade) + get("/2")])), ["stream_gap", "GET a.example /1 -"]);
    assert.deepEqual(shortly(tell(["client", get("/1")], ["server", "HTTP/1.1 101 Odd\r\nUpgrade: websocket\r\n\r\n"])), ["ambiguous"]);
  });

  it("takes a tunnel for one once the server agrees", () => {
    const connect = "CONNECT A.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";
    const tunnel = tell(["client", connect], ["server", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"], ["client", "\x16\x03\n"]);
    assert.deepEqual(shortly(tunnel), ["CONNECT a.example undefined 200"]);
    const refused = tell(["client", connect], ["server", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"], ["client", get("/1")]);
    assert.deepEqual(shortly(refused), ["CONNECT a.example undefined 403", "GET a.example /1 -"]);
  });

  it("tells an answer without its request, of a connection that is seen from the middle", () => {
    assert.deepEqual(tell(["server", OK]), [{ protocol: "http", http: { version: "1.1", status: 200 } }]);
  });
});

describe("what readers could take for different things", () => {
  const cases: readonly (readonly [odd: string, Undecided, plain: string])[] = [
    ["GET / HTTP/1.1\nHost: a\r\n\r\n", "ambiguous", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
    [get("/", "A: b\rc\r\n"), "ambiguous", get("/", "A: b c\r\n")],
    [get("/", "A: b\n"), "ambiguous", get("/", "A: b\r\n")],
    [get("/", "A: b\r\n c\r\n"), "ambiguous", get("/", "A: b\r\nc: d\r\n")],
    [get("/", "A : b\r\n"), "ambiguous", get("/", "A: b\r\n")],
    [get("/", "A: b\0\r\n"), "malformed", get("/", "A: b\t\r\n")],
    [get("/", "A b\r\n"), "malformed", get("/", "A:b\r\n")],
    [get("/", "A[]: b\r\n"), "malformed", get("/", "A_: b\r\n")],
    [get("/", "Host: b.example\r\n"), "ambiguous", get("/", "Host: A.EXAMPLE:80\r\n")],
    ["GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "ambiguous", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"],
    ["GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "ambiguous", "GET / HTTP/1.1\r\nHost: u-a\r\n\r\n"],
    ["GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "ambiguous", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"],
    [get("/#a"), "ambiguous", get("/%23a")],
    [get("/a b"), "ambiguous", get("/a%20b")],
    ["GET  / HTTP/1.1\r\n\r\n", "ambiguous", "GET / HTTP/1.1\r\n\r\n"],
    ["GET\t/ HTTP/1.1\r\n\r\n", "ambiguous", "get / HTTP/1.1\r\n\r\n"],
    ["GET x HTTP/1.1\r\n\r\n", "malformed", "OPTIONS * HTTP/1.1\r\n\r\n"],
    ["GET /\r\n\r\n", "unknown_version", "GET / HTTP/1.0\r\n\r\n"],
    ["GET / HTTP/1.2\r\n\r\n", "unknown_version", "GET / HTTP/1.1\r\n\r\n"],
    ["GET / HTTP/1.10\r\n\r\n", "malformed", "GET / HTTP/1.1\r\n\r\n"],
    [get("/", "Content-Length: 0\r\nContent-Length: 0\r\n"), "ambiguous", get("/", "Content-Length: 0\r\n")],
    [get("/", "Content-Length: +0\r\n"), "ambiguous", get("/", "Content-Length: 0\r\n")],
    [
      get("/", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
      "ambiguous",
      `${get("/", "Transfer-Encoding: chunked\r\n")}0\r\n\r\n`,
    ],
    [get("/", "Transfer-Encoding: gzip, chunked\r\n"), "ambiguous", `${get("/", "Transfer-Encoding: chunked\r\n")}0\r\n\r\n`],
    [get("/", "Transfer-Encoding: \x0bchunked\r\n"), "malformed", `${get("/", "Transfer-Encoding: \tchunked\r\n")}0\r\n\r\n`],
    [get("/", `A: ${"b".repeat(17_000)}\r\n`), "too_long", get("/", `A: ${"b".repeat(15_000)}\r\n`)],
    [get("/", "A: b\r\n".repeat(100)), "too_long", get("/", "A: b\r\n".repeat(99))],
  ];
  for (const [odd, undecided, plain] of cases) {
    it(`${JSON.stringify(odd.length > 80 ? `${odd.slice(0, 80)}…` : odd)} is ${undecided}`, () => {
      assert.deepEqual(shortly(ask(odd + get("/next"))), [undecided]);
      const told = ask(plain + get("/next"));
      assert.deepEqual([told.length, told[0]!.undecided, told[1]!.http!.path], [2, undefined, "/next"]);
    });
  }

  it("keeps what was sent of an undecided request, and tells the requests before it", () => {
    const [second, first] = ask(get("/1") + get("/2", "Host: b\r\n"));
    assert.equal(first!.undecided, undefined);
    const headers = { host: "a.example, b" };
    assert.deepEqual(second, { protocol: "http", http: { method: "GET", path: "/2", version: "1.1", headers }, undecided: "ambiguous" });
  });

  it("does not know where an odd chunk ends", () => {
    for (const size of ["0x1", "1 ", "-1", "", "f".repeat(13)]) {
      const body = `${get("/", "Transfer-Encoding: chunked\r\n")}${size}\r\na\r\n0\r\n\r\n`;
      assert.deepEqual(shortly(ask(body)), ["ambiguous"]);
    }
  });

  it("cannot follow more requests without an answer than it has room for", () => {
    assert.equal(
      read([HTTP1], [["client", get("/").repeat(256)]]).some(({ undecided }) => undecided !== undefined),
      false,
    );
    assert.equal(read([HTTP1], [["client", get("/").repeat(257)]])[0]!.undecided, "too_many");
  });

  it("takes a request that is cut off for one that readers could differ in", () => {
    assert.deepEqual(shortly(tell(["client", "GET / HTTP/1.1\r\nHost: a\r\n"], ["client", null])), ["malformed"]);
    assert.deepEqual(shortly(tell(["client", get("/")], ["client", null])), ["GET a.example / -"]);
  });
});

describe("what is HTTP", () => {
  const yes = [
    get("/"),
    `\r\n\r\n${get("/")}`,
    "FROB /x HTTP/1.1\r\n",
    "GET http://a",
    "GET /\n",
    "get  /",
    `X ${"a".repeat(9000)}`,
    "PRI / HTTP/1.1\r\n",
  ];
  const no = [
    "SSH-2.0-x y\r\n",
    "EHLO a\r\n",
    "GET key\r\n",
    "OPTIONS sip:a SIP/2.0\r\n",
    "\x16\x03\x01",
    "a".repeat(9000),
    "PRI * HTTP/2.0\r\n",
  ];
  for (const [texts, is] of [[yes, true] as const, [no, false] as const])
    for (const text of texts)
      it(`${JSON.stringify(text.slice(0, 30))} is ${is ? "" : "not "}HTTP/1`, () => {
        const bytes = Buffer.from(text, "latin1");
        assert.equal(HTTP1.recognise("client", bytes), is);
        for (let length = 0; length < Math.min(60, bytes.length); length++)
          assert.ok([undefined, is].includes(HTTP1.recognise("client", bytes.subarray(0, length))), `${length} bytes`);
      });
});

/** What node's llhttp reads of a connection, up to where it refuses to. */
async function readByNode(bytes: Buffer): Promise<string[]> {
  const seen: string[] = [];
  const server = createServer({ requireHostHeader: false }, (request: IncomingMessage, response) => {
    seen.push(`${request.method} ${request.url} ${request.httpVersion} ${request.headers.host}`);
    request.resume();
    response.end();
  });
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  server.emit("connection", socket);
  socket.push(bytes);
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  server.close();
  return seen;
}

describe("beside llhttp", () => {
  const chance = new Random(11);
  const request = (number: number): string => {
    const line = `${chance.pick(["GET", "POST", "PUT", "DELETE"])} /${number}?${"q".repeat(chance.below(9))} HTTP/1.1\r\nHost: h${number}.example\r\n`;
    const body = "b".repeat(chance.below(30));
    if (chance.oneIn(2)) return `${line}Content-Length: ${body.length}\r\n\r\n${body}`;
    if (body === "" || chance.oneIn(3)) return `${line}A: b\r\n\r\n`;
    return `${line}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n${chance.oneIn(2) ? "T: v\r\n" : ""}\r\n`;
  };
  const line = ({ http = {} }: Transaction): string => `${http.method} ${http.path} ${http.version} ${http.headers?.["host"]}`;

  it("reads the same requests", async () => {
    let compared = 0;
    for (let round = 0; round < 150; round++) {
      const text = Array.from({ length: 1 + chance.below(3) }, (_, number) => request(round * 10 + number)).join("");
      const expected = await readByNode(Buffer.from(text, "latin1"));
      const told = read([HTTP1], [["client", text]], randomly(round));
      assert.deepEqual(told.map(line).slice(0, expected.length), expected);
      compared += expected.length;
    }
    assert.ok(compared > 100, `${compared} requests`);
  });

  it("never decides otherwise than llhttp about bytes that were changed", async () => {
    let undecided = 0;
    for (let round = 0; round < 400; round++) {
      const bytes = Buffer.from(request(1) + request(2) + request(3), "latin1");
      for (let change = 0; change < 1 + chance.below(2); change++)
        bytes[chance.below(bytes.length)] = chance.oneIn(3) ? chance.below(256) : chance.pick([...Buffer.from("\r\n\t :,;0a")]);
      const told = read([HTTP1], [["client", bytes]], randomly(round));
      const decided = told.filter((one) => one.undecided === undefined).map(line);
      undecided += Number(told.some((one) => one.undecided !== undefined));
      const expected = await readByNode(bytes);
      const both = Math.min(expected.length, decided.length);
      assert.deepEqual(decided.slice(0, both), expected.slice(0, both), JSON.stringify(bytes.toString("latin1")));
    }
    assert.ok(undecided > 50, `${undecided} undecided`);
  });
});

it("looks at no byte more than a few times, however they are cut", () => {
  const text = get("/", `A: ${"b".repeat(12_000)}\r\n`).repeat(3);
  const steps = stepsOf(HTTP1, Buffer.from(text, "latin1"));
  assert.ok(steps > text.length && steps < 4 * text.length, `${steps} steps for ${text.length} bytes`);
});
