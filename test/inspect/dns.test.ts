/** Questions and answers of DNS, and messages that nobody can be sure of. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { describe, it } from "node:test";

import { DNS_OVER_TCP, DNS_OVER_UDP } from "../../agent/inspect/protocols/dns/dns.ts";
import { readMessage } from "../../agent/inspect/protocols/dns/message.ts";
import type { Transaction } from "../../agent/inspect/transaction.ts";
import { NotDecided } from "../../agent/inspect/undecided.ts";
import { Random } from "../harness/random.ts";
import { ANSWER, dnsMessage, type DnsRecord, nameOf, overTcp, pointerTo, QUESTION_AT, TYPE } from "./dns-message.ts";
import { readDatagrams, readInEverySplit, type Sent } from "./driver.ts";
import { u16 } from "./hello.ts";

const NAME = nameOf("www", "example", "com");
const SAME = pointerTo(QUESTION_AT);
const asks = (id = 7, name = NAME, type: number = TYPE.A): Buffer => dnsMessage({ id, questions: [{ name, type }] });
const answers = (id = 7, records: readonly DnsRecord[] = [{ name: SAME, type: TYPE.A, data: Buffer.from([192, 0, 2, 1]) }]): Buffer =>
  dnsMessage({ id, flags: ANSWER, questions: [{ name: NAME, type: TYPE.A }], answers: records });

const overUdp = (...datagrams: readonly Sent[]): Transaction[] => readDatagrams(DNS_OVER_UDP, datagrams);

const summaryOf = ({ dns, undecided }: Transaction): unknown[] => [
  dns?.question?.name,
  dns?.rcode,
  dns?.answers?.map(({ data }) => data).join(),
  dns?.unasked ?? undecided,
];

describe("DNS", () => {
  it("is a question with its answer, over UDP and over TCP", () => {
    const cname: DnsRecord = { name: SAME, type: TYPE.CNAME, ttl: 300, data: nameOf("Other", "example") };
    const address: DnsRecord = {
      name: nameOf("other", "example"),
      type: TYPE.AAAA,
      ttl: 5,
      data: Buffer.from(`20010db8${"0".repeat(23)}1`, "hex"),
    };
    const said = [answers(7, [cname, address]), asks(7, nameOf("WWW", "Example", "com"))] as const;
    const expected = {
      question: { name: "www.example.com", type: "A" },
      answers: [
        { name: "www.example.com", type: "CNAME", data: "other.example", ttl: 300 },
        { name: "other.example", type: "AAAA", data: "2001:db8::1", ttl: 5 },
      ],
      rcode: "NOERROR",
    };
    assert.deepEqual(overUdp(["client", said[1]], ["server", said[0]]), [{ protocol: "dns", dns: { ...expected, over: "udp" } }]);
    assert.deepEqual(
      readInEverySplit(
        [DNS_OVER_TCP],
        [
          ["client", overTcp(said[1])],
          ["server", overTcp(said[0])],
        ],
      ),
      [{ protocol: "dns", dns: { ...expected, over: "tcp" } }],
    );
  });

  it("has many questions open at once, and answers in any order", () => {
    const found = readInEverySplit(
      [DNS_OVER_TCP],
      [
        ["client", overTcp(asks(1), asks(2), asks(3))],
        ["server", overTcp(answers(3), answers(1))],
      ],
    );
    assert.deepEqual(found.map(summaryOf), [
      ["www.example.com", "NOERROR", "192.0.2.1", undefined],
      ["www.example.com", "NOERROR", "192.0.2.1", undefined],
      ["www.example.com", undefined, undefined, undefined],
    ]);
    const many = overUdp(...Array.from({ length: 300 }, (_, id) => ["client", asks(id)] as const));
    assert.equal(many.length, 300);
  });

  it("tells an answer that fits no question", () => {
    const fitting = ["www.example.com", "NOERROR", "192.0.2.1", undefined];
    const unasked = ["www.example.com", "NOERROR", "192.0.2.1", true];
    const open = ["www.example.com", undefined, undefined, undefined];
    const told = (...datagrams: readonly Sent[]): unknown => overUdp(...datagrams).map(summaryOf);
    assert.deepEqual(told(["client", asks()], ["server", answers()]), [fitting]);
    assert.deepEqual(told(["client", asks()], ["server", answers(8)]), [unasked, open], "another id");
    assert.deepEqual(told(["client", asks()], ["client", answers()]), [unasked, open], "from the side that asks");
    assert.deepEqual(
      told(["client", asks(7, nameOf("other"))], ["server", answers()]),
      [unasked, ["other", ...open.slice(1)]],
      "another name",
    );
    assert.deepEqual(told(["client", asks()], ["server", answers()], ["server", answers()]), [fitting, unasked], "a second one");
  });

  it("names what went wrong", () => {
    const failed = (flags: number, ...additional: DnsRecord[]): Buffer =>
      dnsMessage({ flags, questions: [{ name: NAME, type: TYPE.A }], additional });
    const codes = [ANSWER | 3, ANSWER | 2, ANSWER | 5, ANSWER | 15].map(
      (flags) => overUdp(["client", asks()], ["server", failed(flags)])[0]?.dns?.rcode,
    );
    assert.deepEqual(codes, ["NXDOMAIN", "SERVFAIL", "REFUSED", "RCODE15"]);
    const extended = failed(ANSWER, { name: nameOf(), type: 41, ttl: 0x0100_0000, data: Buffer.alloc(0) });
    assert.equal(overUdp(["client", asks()], ["server", extended])[0]?.dns?.rcode, "BADVERS");
    assert.equal(overUdp(["client", asks()], ["server", failed(ANSWER | 0x0200)])[0]?.dns?.truncated, true);
  });

  it("never lets a name look like another one", () => {
    const nameIn = (name: Buffer): string | undefined => overUdp(["client", asks(7, name)])[0]?.dns?.question?.name;
    assert.equal(nameIn(nameOf("www", "example", "com")), "www.example.com");
    assert.equal(nameIn(nameOf("www.example", "com")), "www\\046example.com");
    assert.equal(nameIn(nameOf("a\\046b", "com")), "a\\092046b.com");
    assert.equal(nameIn(nameOf("a\0\n\x7f é", "com")), "a\\000\\010\\127\\032\\233.com");
    assert.equal(nameIn(nameOf()), "");
  });

  const question = { name: NAME, type: TYPE.A };
  const wrong: Record<string, [wrong: Buffer, twin: Buffer]> = {
    "a pointer to itself": [
      dnsMessage({ flags: ANSWER, questions: [question], answers: [{ name: pointerTo(33), type: 1, data: Buffer.alloc(4) }] }),
      dnsMessage({ flags: ANSWER, questions: [question], answers: [{ name: pointerTo(12), type: 1, data: Buffer.alloc(4) }] }),
    ],
    "a pointer ahead": [
      dnsMessage({ flags: ANSWER, questions: [question], answers: [{ name: pointerTo(40), type: 1, data: Buffer.alloc(4) }] }),
      dnsMessage({ flags: ANSWER, questions: [question], answers: [{ name: pointerTo(16), type: 1, data: Buffer.alloc(4) }] }),
    ],
    "a name of 256 bytes": [
      asks(7, nameOf(...Array.from({ length: 4 }, () => "a".repeat(63)))),
      asks(7, nameOf(...Array.from({ length: 3 }, () => "a".repeat(63)), "a".repeat(61))),
    ],
    "an address of five bytes": [
      answers(7, [{ name: SAME, type: TYPE.A, data: Buffer.alloc(5) }]),
      answers(7, [{ name: SAME, type: TYPE.A, data: Buffer.alloc(4) }]),
    ],
    "a name that ends outside of its record": [
      answers(7, [{ name: SAME, type: TYPE.CNAME, data: Buffer.from([3, 97, 97]) }]),
      answers(7, [{ name: SAME, type: TYPE.CNAME, data: Buffer.from([1, 97, 0]) }]),
    ],
    "bytes behind its end": [Buffer.concat([asks(), Buffer.from([0])]), asks()],
    "more records than are there": [
      Buffer.concat([u16(7, ANSWER, 1, 2, 0, 0), answers().subarray(12)]),
      Buffer.concat([u16(7, ANSWER, 1, 1, 0, 0), answers().subarray(12)]),
    ],
  };
  for (const [name, [refused, twin]] of Object.entries(wrong))
    it(`is undecided with ${name}, which says nothing of what follows`, () => {
      const told = (datagram: Buffer): unknown[] =>
        overUdp(["client", asks(1)], ["server", datagram], ["server", answers(1)]).map(({ undecided }) => undecided);
      assert.deepEqual(told(refused).filter(Boolean), ["malformed"]);
      assert.deepEqual(told(twin).filter(Boolean), []);
      assert.ok(overUdp(["client", asks(1)], ["server", refused], ["server", answers(1)]).some(({ dns }) => dns?.rcode === "NOERROR"));
    });

  it("is undecided with two questions", () => {
    const two = dnsMessage({ questions: [question, { name: nameOf("other"), type: TYPE.A }] });
    assert.deepEqual(
      overUdp(["client", two]).map(({ undecided }) => undecided),
      ["ambiguous"],
    );
  });

  it("is not found in datagrams and streams of other protocols", () => {
    const random = new Random(5);
    let found = 0;
    for (let round = 0; round < 20_000; round++) found += overUdp(["client", random.bytes(1 + random.below(100))]).length;
    assert.equal(found, 0);
    for (const text of ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"])
      assert.deepEqual(readInEverySplit([DNS_OVER_TCP], [["client", text]]), []);
  });

  it("can have anything wrong with it, and is undecided or read", () => {
    const random = new Random(6);
    const whole = answers(7, [
      { name: SAME, type: TYPE.SOA, data: Buffer.concat([SAME, nameOf("admin"), Buffer.alloc(20)]) },
      { name: SAME, type: TYPE.TXT, data: Buffer.from("\x03abc\x00") },
      { name: SAME, type: TYPE.SRV, data: Buffer.concat([u16(1, 2, 3), SAME]) },
      { name: SAME, type: TYPE.HTTPS, data: Buffer.from([0, 1, 0]) },
    ]);
    for (let round = 0; round < 50_000; round++) {
      const changed = Buffer.from(whole);
      for (let count = 1 + random.below(3); count > 0; count--) changed[random.below(changed.length)] = random.below(256);
      try {
        readMessage(changed.subarray(0, random.oneIn(4) ? random.below(changed.length) : changed.length));
      } catch (error) {
        if (!(error instanceof NotDecided)) throw error;
      }
    }
  });

  it("says of answers what c-ares says of them", async () => {
    const random = new Random(8);
    const server = createSocket("udp4");
    let records: DnsRecord[] = [];
    let answer: Uint8Array = Buffer.alloc(0);
    server.on("message", (bytes, { address, port }) => {
      const at = bytes.indexOf(0, QUESTION_AT);
      const asked = { name: bytes.subarray(QUESTION_AT, at + 1), type: bytes.readUInt16BE(at + 1) };
      answer = dnsMessage({ id: bytes.readUInt16BE(0), flags: ANSWER, questions: [asked], answers: records });
      server.send(answer, port, address);
    });
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    const resolver = new Resolver({ timeout: 2000, tries: 1 });
    resolver.setServers([`127.0.0.1:${server.address().port}`]);
    const label = (): string => Array.from({ length: 1 + random.below(12) }, () => "abcxyz019-"[random.below(10)]).join("");
    const name = (): Buffer => (random.oneIn(3) ? Buffer.concat([nameOf(label()).subarray(0, -1), SAME]) : nameOf(label(), label()));
    const several = (type: number, data: () => Buffer): void => {
      records = Array.from({ length: 1 + random.below(20) }, () => ({ name: SAME, type, ttl: random.below(1000), data: data() }));
    };
    const ours = (): string[] => readMessage(answer).answers.map(({ data }) => data);
    try {
      for (let round = 0; round < 40; round++) {
        several(TYPE.A, () => Buffer.from(random.bytes(4)));
        const four = await resolver.resolve4("example.com", { ttl: true });
        assert.deepEqual(
          readMessage(answer).answers.map(({ data, ttl }) => ({ address: data, ttl })),
          four,
        );
        several(TYPE.AAAA, () => Buffer.from([0x20, 1, ...random.bytes(14)]));
        const six = await resolver.resolve6("example.com");
        assert.deepEqual(ours(), six);
        several(TYPE.MX, () => Buffer.concat([u16(random.below(65_536)), name()]));
        const mx = await resolver.resolveMx("example.com");
        assert.deepEqual(ours().sort(), mx.map(({ priority, exchange }) => `${priority} ${exchange}`).sort());
        several(TYPE.TXT, () => Buffer.from("\x03abc\x02d "));
        const txt = await resolver.resolveTxt("example.com");
        assert.deepEqual(
          ours(),
          txt.map((parts) => parts.map((part) => `"${part}"`).join(" ")),
        );
        several(TYPE.NS, name);
        const ns = await resolver.resolveNs("example.com");
        assert.deepEqual(ours().sort(), ns.sort());
      }
    } finally {
      server.close();
    }
  });
});
