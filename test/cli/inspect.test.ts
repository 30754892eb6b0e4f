/** `weir inspect`, as somebody without rights calls it. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

import type { Transaction } from "../../agent/inspect/transaction.ts";
import { runWeir } from "../api/support.ts";
import { Ethernet, frame, IPv4, payload, UDP } from "../harness/packet.ts";
import { pcap, pcapng } from "../inspect/captures.ts";
import { conversation } from "../inspect/conversation.ts";
import { ANSWER, dnsMessage, nameOf } from "../inspect/dns-message.ts";
import { clientHello, records, serverHello, serverName } from "../inspect/hello.ts";

const V4 = { client: "192.0.2.1", server: "198.51.100.1" };
const V6 = { client: "2001:db8::1", server: "2001:db8::2" };
const SECRET = "Basic c2VjcmV0";

function datagram(from: keyof typeof V4, bytes: Uint8Array): Uint8Array {
  const [src, dst, sport, dport] = from === "client" ? [V4.client, V4.server, 5353, 53] : [V4.server, V4.client, 53, 5353];
  return frame(Ethernet({}), IPv4({ src, dst }), UDP({ sport, dport }), payload(bytes));
}

const question = { name: nameOf("www", "example", "com"), type: 1 };
const FRAMES = [
  ...conversation({ ...V4, ports: [40_000, 9999] }, [
    ["client", `GET /a?b HTTP/1.1\r\nHost: Example.com\r\nAuthorization: ${SECRET}\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n`],
    ["server", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"],
  ]),
  ...conversation({ ...V6, ports: [40_001, 22] }, [
    ["client", records(clientHello({ extensions: [serverName("hidden.example")] }), 100)],
    ["server", records(serverHello())],
  ]),
  ...conversation({ ...V4, ports: [40_002, 443] }, [
    ["server", "SSH-2.0-there\r\n"],
    ["client", "SSH-2.0-here\r\n"],
  ]),
  ...conversation({ ...V4, ports: [40_003, 80] }, [["client", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"]]),
  datagram("client", dnsMessage({ questions: [question] })),
  datagram("server", dnsMessage({ flags: ANSWER | 3, questions: [question] })),
  frame(Ethernet({}), payload("nothing of IP")),
];

describe("weir inspect", () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-inspect-"));
  after(() => rmSync(folder, { recursive: true }));

  function write(name: string, capture: Uint8Array): string {
    writeFileSync(join(folder, name), capture);
    return join(folder, name);
  }

  it("prints each request and each name once, on any port, as lines of JSON", async () => {
    for (const capture of [pcap(FRAMES), pcapng(FRAMES)]) {
      const { code, stdout, stderr } = await runWeir(["inspect", "--pcap", write("all.pcap", capture), "--json"]);
      assert.deepEqual([code, stderr], [0, ""]);
      const lines = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Transaction & { frame: number; time: string; destination: { port: number } });
      const told = lines.map(({ protocol, destination, http, tls, ssh, dns, undecided }) =>
        [
          protocol,
          destination.port,
          http?.path ?? tls?.server_name ?? ssh?.client ?? dns?.question?.name,
          http?.status ?? dns?.rcode,
          undecided,
        ].join(" "),
      );
      assert.deepEqual(told.sort(), [
        "dns 53 www.example.com NXDOMAIN ",
        "http 80 /  ambiguous",
        "http 9999 /a?b 404 ",
        "http 9999 /second  ",
        "ssh 443 SSH-2.0-here  ",
        "tls 22 hidden.example  ",
      ]);
      assert.deepEqual(lines.find(({ http }) => http?.path === "/a?b")?.http?.headers?.["authorization"], "(not shown)");
      assert.equal(stdout.includes(SECRET), false);
      assert.match(lines[0]!.time, /^\d{4}-\d\d-\d\dT/);
    }
  });

  it("prints a table for people", async () => {
    const { code, stdout } = await runWeir(["inspect", "--pcap", write("all.pcap", pcap(FRAMES))]);
    assert.equal(code, 0);
    assert.match(stdout, /^FRAME +TIME +PROTOCOL +SOURCE +DESTINATION +SAYS\n/);
    assert.match(stdout, / http +192\.0\.2\.1:40000 +198\.51\.100\.1:9999 +GET example\.com\/a\?b -> 404\n/);
    assert.match(stdout, / tls +\[2001:db8::1\]:40001 +\[2001:db8::2\]:22 +hidden\.example TLS 1\.3\n/);
    assert.match(stdout, / http .* undecided: readers of a message could differ in what it says\n/);
  });

  it("says that a capture says nothing, and that a file is none", async () => {
    const nothing = await runWeir(["inspect", "--pcap", write("empty.pcap", pcap([]))]);
    assert.deepEqual([nothing.code, nothing.stdout], [0, ""]);
    assert.match(nothing.stderr, /no request and no name/);
    const none = await runWeir(["inspect", "--pcap", write("text", Buffer.from("GET / HTTP/1.1"))]);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /neither pcap nor pcapng.*tcpdump -w/s);
    assert.equal((await runWeir(["inspect"])).code, 2);
    assert.match((await runWeir(["inspect", "--pcap", join(folder, "absent")])).stderr, /no such file/);
  });
});
