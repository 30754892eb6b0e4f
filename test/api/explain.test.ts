/** `weir explain` without a running agent: its words, its files, and what it says when they are wrong. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import type { InquiryResult } from "../../agent/explain/inquiry.ts";
import { pcap } from "../inspect/captures.ts";
import { Ethernet, frame, IPv4, TCP } from "../harness/packet.ts";
import { requires, root } from "../harness/require.ts";
import { runWeir, startFixture } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-explain-"));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

const POLICY = write(
  "weir.yaml",
  `version: 1
rules:
  - { name: admins, action: allow, layer3: { source: [10.0.0.0/8] }, layer4: { protocol: tcp, destination_ports: [23] } }
  - { name: no-telnet, action: block, enforce: true, layer4: { protocol: tcp, destination_ports: [23] } }
`,
);
const CAPTURE = write(
  "telnet.pcap",
  pcap([
    frame(Ethernet(), IPv4(), TCP({ dport: 23 })),
    frame(Ethernet(), IPv4({ src: "198.18.0.2", dst: "198.18.0.1" }), TCP({ sport: 23, dport: 40000, flags: ["syn", "ack"] })),
  ]),
);

const PLACE = ["--in", "eth0"];
const ENDS = ["--src", "192.0.2.7", "--dst", "198.51.100.1"];
const TELNET = [...PLACE, ...ENDS, "--proto", "tcp", "--dport", "23"];

const explain = (...words: string[]) => runWeir(["explain", ...words, "--config", POLICY]);

test("the rule is named with its place, its conditions, and what nearly matches", async () => {
  const { code, stdout, stderr } = await explain(...TELNET);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(
    stdout,
    /^packet   tcp 192\.0\.2\.7:40000 > 198\.51\.100\.1:23 syn, in by eth0\nverdict  would be dropped, but the mode is detect\nbecause  the rule no-telnet \(weir\.yaml:4\) decides: block, enforced\n/,
  );
  assert.match(stdout, /\nlayer4\.destination_ports  yes    23      23\n/);
  assert.match(stdout, /\n {2}allow admins \(weir\.yaml:3\): layer3\.source wants 10\.0\.0\.0\/8, got 192\.0\.2\.7\n/);
  assert.match(stdout, /\nkernel   not asked: /);
});

test("the JSON has the shape that scripts rely on", async () => {
  const answer = JSON.parse((await explain(...TELNET, "--json")).stdout) as InquiryResult;
  assert.equal(answer.verdict, "would_drop");
  assert.deepEqual(answer.rule, { name: "no-telnet", action: "block", enforce: true, source: "weir.yaml:4" });
  assert.deepEqual(answer.conditions[0], { field: "layer4.protocol", matched: true, want: "tcp", got: "tcp" });
  assert.equal(answer.undecided, null);
});

test("what cannot be decided is told in words", async () => {
  const { stdout } = await explain(...TELNET, "--flags", "ack");
  assert.match(
    stdout,
    /\nverdict  cannot be decided, and passes\nbecause  it is not known who opened this connection; .* \(opener_unknown\); defaults\.on_error says allow\n/,
  );
});

test("of a capture the frames before the one that is asked about count", async () => {
  const { stdout } = await explain("--pcap", CAPTURE, "--frame", "2", ...PLACE);
  assert.match(stdout, /^packet   frame 2 of .*telnet\.pcap: tcp 198\.18\.0\.2:23 > 198\.18\.0\.1:40000 syn,ack, out by eth0\n/);
  assert.match(stdout, /\nbecause  the rule no-telnet /);
  assert.match(stdout, /\nconnection  yes    a connection that the rule would have dropped/);
});

const WRONG: [string[], RegExp][] = [
  [[], /name the interface of the packet with --in or --out/],
  [[...TELNET, "--out", "eth0"], /--in and --out exclude each other/],
  [["--in", "eth*", ...ENDS], /--in: it is one interface, not a pattern/],
  [[...PLACE, "--src", "192.0.2.7"], /--dst ADDRESS is missing/],
  [[...PLACE, "--src", "host", "--dst", "192.0.2.7"], /--src: "host" is not an address; names are not looked up/],
  [[...PLACE, ...ENDS], /--proto NAME\|NUMBER is missing/],
  [[...PLACE, ...ENDS, "--proto", "tpc"], /"tpc" is not a protocol; did you mean tcp\?/],
  [[...PLACE, ...ENDS, "--proto", "tcp"], /--dport: the destination port is missing/],
  [[...PLACE, ...ENDS, "--proto", "tcp", "--dport", "65536"], /--dport takes a whole number from 0 to 65535, not "65536"/],
  [[...TELNET, "--flags", "syn,akc"], /a flag is one of fin, syn.*, not "akc"; did you mean ack\?/],
  [[...PLACE, ...ENDS, "--proto", "icmp", "--icmp", "3/1/1"], /--icmp takes a message as echo-request/],
  [[...PLACE, ...ENDS, "--proto", "icmp", "--icmp", "ping"], /--icmp: icmp has no message type ping/],
  [[...TELNET, "--vlan", "4095"], /--vlan takes a whole number from 0 to 4094/],
  [[...TELNET, "--frame", "2"], /--frame goes with --pcap/],
  [[...TELNET, "--pcap", CAPTURE], /--src describes a packet, and --pcap names another one/],
  [["--pcap", CAPTURE, ...PLACE, "--local", "here"], /--local: "here" is not an address/],
  [["--pcap", CAPTURE, ...PLACE, "--frame", "3"], /has only 2 frames/],
  [["--pcap", POLICY, ...PLACE], /weir\.yaml: this is neither pcap nor pcapng/],
  [["--pcap", folder, ...PLACE], /this is a directory, not a file/],
  [["--flow", "tcp", "192.0.2.7:1"], /--flow takes PROTOCOL SOURCE DESTINATION/],
  [["--flow", "tcp", "here", "there"], /"here" is not an end of a connection/],
  [["telnet", ...TELNET], /"telnet" is one word too many/],
];

for (const [words, message] of WRONG) {
  test(`refused with a sentence: weir explain ${words.join(" ").replaceAll(folder, "")}`, async () => {
    const { code, stdout, stderr } = await explain(...words);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, message);
  });
}

test("without an agent the file it would read is asked, but a socket that was named must answer", async () => {
  const nobody = await runWeir(["explain", ...TELNET, "--socket", join(folder, "none.sock")]);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /The weir agent is not running/);
  const fallback = await runWeir(["explain", ...TELNET, "--json"], { WEIR_CONTROL_SOCKET: join(folder, "none.sock") });
  assert.equal(fallback.code, 0);
  assert.equal((JSON.parse(fallback.stdout) as InquiryResult).kernel.asked, false);
});

test("tables that cannot be opened are told, and the reference answers", requires(root()), async () => {
  await using fixture = await startFixture();
  const { code, stdout, stderr } = await fixture.weir(["explain", ...TELNET]);
  assert.equal(code, 0);
  assert.match(stderr, /^NOT COMPARED: the kernel could not be asked: /);
  assert.match(
    stdout,
    /\nverdict  passes\nbecause  no rule decides it, and the default is allow\nrules    the rules in force \(generation 7\)\nkernel   not asked: .*\/nonexistent\/tables/,
  );
});

test("a process is described by options, and what is not said of it is not known", async () => {
  const policy = write(
    "processes.yaml",
    'version: 1\nrules:\n  - { name: curl, action: block, enforce: true, process: { executable: "*/curl", user: www-data } }\n',
  );
  const about = async (...words: string[]): Promise<InquiryResult> =>
    JSON.parse(
      (await runWeir(["explain", "--out", "eth0", ...ENDS, "--proto", "tcp", "--dport", "443", "--config", policy, "--json", ...words]))
        .stdout,
    ) as InquiryResult;
  const blocked = await about("--executable", "/usr/bin/curl", "--user", "www-data");
  assert.deepEqual([blocked.verdict, blocked.rule.name], ["would_drop", "curl"]);
  assert.deepEqual(blocked.conditions, [
    { field: "process", matched: true, want: "executable */curl, user www-data", got: "executable /usr/bin/curl, user www-data" },
  ]);
  assert.equal((await about("--executable", "/usr/bin/wget")).verdict, "passed");
  assert.equal((await about("--no-process")).verdict, "passed");
  for (const words of [[], ["--executable", "/usr/bin/curl"]]) {
    const { undecided } = await about(...words);
    assert.deepEqual(
      [undecided?.reason, undecided?.rules.map(({ rule, unknown }) => [rule.name, unknown])],
      ["process_unknown", [["curl", ["process"]]]],
    );
  }
  const { code, stderr } = await explain(...TELNET, "--no-process", "--user", "root");
  assert.deepEqual([code, /--user describes a process, and --no-process says that there is none/.test(stderr)], [2, true], stderr);
});
