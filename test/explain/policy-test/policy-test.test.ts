/** `weir test` as people and CI run it: files in a folder, the real command line, its words and its exit code. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import type { Report } from "../../../agent/explain/policy-test/run.ts";
import { runWeir, type Outcome } from "../../api/support.ts";
import { pcap } from "../../inspect/captures.ts";
import { Ethernet, ARP, frame, IPv4, payload, TCP, UDP, VXLAN } from "../../harness/packet.ts";
import { requires, root } from "../../harness/require.ts";
import { parseXml } from "./xml.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-policy-test-"));
after(() => rmSync(folder, { recursive: true }));

const POLICY = `version: 1
mode: prevent
rules:
  - { name: admins, action: allow, layer3: { source: [10.0.0.0/8] }, layer4: { protocol: tcp, destination_ports: [23] } }
  - { name: watch-low, action: block, layer4: { protocol: tcp, destination_ports: ["1-25"] } }
  - { name: no-telnet-in, action: block, enforce: true, direction: ingress, layer4: { protocol: tcp, destination_ports: [23] } }
  - { name: old, action: allow, layer4: { protocol: udp, destination_ports: [9] } }
`;
write("weir.yaml", POLICY);

const CONTROL =
  "  - { name: admins come in, packet: { in: eth0, src: 10.1.2.3, dst: 192.0.2.1, proto: tcp, dport: 23 }, expect: allow, rule: admins }";
const DENIED =
  "  - { name: telnet is shut, packet: { in: eth0, src: 192.0.2.7, dst: 192.0.2.1, proto: tcp, dport: 23 }, expect: block, rule: no-telnet-in, staged: watch-low }";

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

let files = 0;

/** What `weir test` says of a file with these lines. */
function run(lines: string, ...options: string[]): Promise<Outcome> {
  return runWeir(["test", write(`case-${++files}.test.yaml`, `policy: weir.yaml\n${lines}\n`), ...options]);
}

async function reported(lines: string, ...options: string[]): Promise<Report & { ok: boolean }> {
  return JSON.parse((await run(lines, "--json", ...options)).stdout) as Report & { ok: boolean };
}

test("cases that hold are told, with the rules that none of them reached", async () => {
  const { code, stdout, stderr } = await run(`cases:\n${CONTROL}\n${DENIED}`);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.match(stdout, /ok    admins come in: allow by admins\n/);
  assert.match(stdout, /ok    telnet is shut: block by no-telnet-in, after the staged rule watch-low\n/);
  assert.match(stdout, /All 2 cases hold\.\nNo case reached 1 of the rules: old \(weir\.yaml:7\)/);
});

test("a case that does not hold says what happened, where, and what is nearest", async () => {
  const { code, stdout } = await run(`cases:\n${CONTROL}\n${DENIED.replace("192.0.2.7", "10.9.9.9")}`);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /FAIL {2}telnet is shut \(case-\d+\.test\.yaml:4\)\n {6}the packet \(tcp 10\.9\.9\.9:40000 > 192\.0\.2\.1:23 syn, in by eth0\): expected block by no-telnet-in, got allow by admins\n/,
  );
  assert.match(stdout, /no-telnet-in \(weir\.yaml:6\) matches as well, and is tried too late/);
});

test("the verdict alone is not enough where a rule or a staged rule is named", async () => {
  const wrongRule = await reported(`cases:\n${CONTROL.replace("rule: admins", "rule: old")}`);
  assert.match(wrongRule.cases[0]!.reasons[0]!, /expected allow by old, got allow by admins/);
  const wrongStaged = await reported(`cases:\n${CONTROL.replace("rule: admins", "staged: watch-low")}`);
  assert.match(wrongStaged.cases[0]!.reasons[0]!, /expected the staged rule watch-low, got none/);
});

test("undecided is neither allow nor block, unless on_error blocks", async () => {
  const stray = "packet: { in: eth0, src: 192.0.2.7, dst: 192.0.2.1, proto: tcp, dport: 80, flags: [ack] }";
  const { cases } = await reported(
    `cases:\n${CONTROL}\n${["undecided", "allow", "block"].map((expect) => `  - { name: ${expect}, ${stray}, expect: ${expect} }`).join("\n")}`,
  );
  assert.deepEqual(
    cases.map(({ ok }) => ok),
    [true, true, false, false],
  );
  assert.equal(cases[1]!.got, "undecided by on_error (opener_unknown)");
});

test("every protocol and condition of a packet can be said", async () => {
  const cases = [
    "packet: { out: eth0, src: 192.0.2.1, dst: 192.0.2.7, proto: udp, sport: 53, dport: 9 }, expect: allow, rule: old",
    "packet: { in: eth0, src: 192.0.2.1, dst: 192.0.2.7, proto: icmp, icmp: echo-request }, expect: allow",
    "packet: { in: eth0, src: '2001:db8::1', dst: '2001:db8::2', proto: icmpv6, icmp: { type: 1, code: no-route } }, expect: allow",
    "packet: { in: eth0, src: 192.0.2.1, dst: 192.0.2.7, proto: 89, vlan: 5 }, expect: allow",
    "packet: { in: eth0, src: 192.0.2.1, dst: 192.0.2.7, proto: tcp, dport: 22 }, expect: allow, rule: failsafe",
    "packet: { in: eth0, src: 192.0.2.1, dst: 192.0.2.7, proto: tcp, dport: 22, forwarded: true }, expect: allow, rule: default",
  ];
  const report = await reported(`cases:\n${cases.map((one, index) => `  - { name: case ${index}, ${one} }`).join("\n")}`);
  assert.deepEqual(
    report.cases.filter(({ ok }) => !ok),
    [],
  );
});

const syn = (src: string, dport: number): Uint8Array => frame(Ethernet(), IPv4({ src, dst: "192.0.2.1" }), TCP({ dport }));
const answer = (dst: string, sport: number): Uint8Array =>
  frame(Ethernet(), IPv4({ src: "192.0.2.1", dst }), TCP({ sport, dport: 40000, flags: ["syn", "ack"] }));

test("captures are judged frame by frame, answers with what they answer", async () => {
  write(
    "admin.pcap",
    pcap([frame(Ethernet(), ARP({ sender: "10.0.0.1", target: "192.0.2.1" })), syn("10.0.0.1", 23), answer("10.0.0.1", 23)]),
  );
  write("telnet.pcap", pcap([syn("192.0.2.7", 23), answer("192.0.2.7", 23)]));
  write("mixed.pcap", pcap([syn("192.0.2.7", 80), syn("192.0.2.7", 23)]));
  const lines = `pcaps:
  - { file: admin.pcap, in: eth0, expect: allow, rule: admins }
  - { file: telnet.pcap, in: eth0, expect: block, rule: no-telnet-in }
  - { file: mixed.pcap, name: all of it, in: eth0, expect: allow }
  - { file: mixed.pcap, name: one of it, in: eth0, expect: block, frame: 2 }
  - { file: mixed.pcap, name: the other way, in: eth0, local: [192.0.2.7], expect: allow }`;
  const { cases } = await reported(lines);
  assert.deepEqual(
    cases.map(({ name, ok }) => [name, ok]),
    [
      ["admin.pcap", true],
      ["telnet.pcap", true],
      ["all of it", false],
      ["one of it", true],
      ["the other way", true],
    ],
  );
  assert.match(
    cases[2]!.reasons[0]!,
    /^frame 2 \(tcp 192\.0\.2\.7:40000 > 192\.0\.2\.1:23 syn, in by eth0\): expected allow, got block by no-telnet-in/,
  );
});

/** SSH to an address of the host, in VXLAN. */
const wrapped = (vni: number, port = 4789, dst = "10.7.0.2"): Uint8Array =>
  frame(
    Ethernet(),
    IPv4({ src: "192.0.2.7", dst: "192.0.2.1" }),
    UDP({ sport: 50_000, dport: port }),
    VXLAN({ vni }),
    Ethernet(),
    IPv4({ src: "10.7.0.9", dst }),
    TCP({ dport: 22 }),
  );

test("a file says which tunnels end on the host, and which addresses it has", requires(root()), async () => {
  write("shut.yaml", "version: 1\nmode: prevent\nrules: [{ name: none, action: block, enforce: true }]\n");
  const captures = { here: wrapped(7), ported: wrapped(9, 9999), other: wrapped(8), foreign: wrapped(7, 4789, "10.7.0.3") };
  for (const [name, bytes] of Object.entries(captures)) write(`${name}.pcap`, pcap([bytes]));
  const lines = (passing: readonly string[]): string =>
    [
      "cases: [{ name: control, packet: { in: eth0, src: 10.1.2.3, dst: 192.0.2.1, proto: tcp, dport: 22 }, expect: allow }]",
      `pcaps: [${Object.keys(captures)
        .map(
          (name) => `{ file: ${name}.pcap, in: eth0, expect: ${passing.includes(name) ? "allow, rule: failsafe" : "block, rule: none"} }`,
        )
        .join(", ")}]`,
    ].join("\n");
  const host =
    "host: { addresses: [192.0.2.1, 10.7.0.2], tunnels: [{ kind: vxlan, id: 7, port: 4789 }, { kind: vxlan, id: 9, port: 9999, local: 192.0.2.1, remote: 192.0.2.7 }] }";
  for (const [said, passing] of [
    [host, ["here", "ported"]],
    ["", []],
    ["host: { addresses: [192.0.2.1, 10.7.0.2] }", []],
  ] as const) {
    const { code, stdout, stderr } = await runWeir([
      "test",
      write("shut.test.yaml", `policy: shut.yaml\n${said}\n${lines(passing)}\n`),
      "--kernel",
    ]);
    assert.deepEqual([code, stderr, /the kernel judged 10 times/.test(stdout)], [0, "", true], stdout + stderr);
  }
});

const REFUSED: [lines: string, message: RegExp][] = [
  [`cases:\n${DENIED}`, /:1:1: no case expects allow: a policy that blocks everything/],
  ["cases: []", /:1:1: there is nothing to test/],
  [`cases:\n${CONTROL}\n${CONTROL}`, /:4:13: cases\[1\]\.name: the name "admins come in" is already that of another case/],
  [
    `cases:\n${CONTROL.replace("expect: allow", "expect: alow")}`,
    /cases\[0\]\.expect: "alow" is not one of allow, block, undecided; did you mean allow\?/,
  ],
  [`cases:\n${CONTROL.replace("dport", "dprot")}`, /unknown key "dprot"; did you mean dport\?/],
  [
    `cases:\n${CONTROL.replace("rule: admins", "rule: admin")}`,
    /:3:\d+: cases\[0\]\.rule: the policy has no rule "admin"; did you mean admins\?/,
  ],
  [`cases:\n${CONTROL.replace("in: eth0", "in: eth*")}`, /cases\[0\]\.packet\.in: a packet is seen on one interface/],
  [`cases:\n${CONTROL.replace("in: eth0, ", "")}`, /cases\[0\]\.packet: the interface is missing; write "in: eth0"/],
  [`cases:\n${CONTROL.replace("10.1.2.3", "10.1.2.0/24")}`, /cases\[0\]\.packet\.src: "10\.1\.2\.0\/24" is not an address/],
  [`cases:\n${CONTROL.replace("10.1.2.3", "'2001:db8::1'")}`, /a packet has one family/],
  [
    "pcaps: [{ file: none.pcap, in: eth0, expect: allow }]",
    /:2:\d+: pcaps\[0\]\.file: the capture "none\.pcap" cannot be used: no such file/,
  ],
  ["pcaps: [{ file: weir.yaml, in: eth0, expect: allow }]", /cannot be used: this is neither pcap nor pcapng/],
  [`host: { addresses: [10.0.0.0/8] }\ncases:\n${CONTROL}`, /:2:\d+: host\.addresses\[0\]: "10\.0\.0\.0\/8" is not an address/],
  [
    `host: { tunnels: [{ kind: vxlan }] }\ncases:\n${CONTROL}`,
    /:2:\d+: host\.tunnels\[0\]: the port is missing; that of vxlan is usually 4789/,
  ],
  [`host: { tunnels: [{ kind: gre, port: 7 }] }\ncases:\n${CONTROL}`, /host\.tunnels\[0\]\.port: gre has no ports/],
  [`host: { tunnels: [{ kind: ipip, id: 7 }] }\ncases:\n${CONTROL}`, /host\.tunnels\[0\]\.id: ipip has no identifier/],
  [
    `host: { tunnels: [{ kind: geneve, port: 6081, id: 16777216 }] }\ncases:\n${CONTROL}`,
    /host\.tunnels\[0\]\.id: an identifier of geneve is at most 16777215/,
  ],
  [`host: { tunnels: [{ kind: gre, remote: here }] }\ncases:\n${CONTROL}`, /host\.tunnels\[0\]\.remote: "here" is not an address/],
  ["cases: [", /:2:\d+/],
];

for (const [lines, message] of REFUSED) {
  test(`refused with its place: ${lines.slice(0, 90).replaceAll("\n", " ")}`, async () => {
    const { code, stdout, stderr } = await run(lines);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.match(stderr, /case-\d+\.test\.yaml:\d+:\d+: /);
  });
}

test("a policy that is not valid is told with its own places", async () => {
  write("broken.yaml", "version: 1\nrules: [{ name: x }]\n");
  const path = write("broken.test.yaml", `policy: broken.yaml\ncases:\n${CONTROL}\n`);
  const { code, stderr } = await runWeir(["test", path]);
  assert.equal(code, 2);
  assert.match(stderr, /broken\.test\.yaml:1:9: policy: the policy "broken\.yaml" is not valid/);
  assert.match(stderr, /broken\.yaml:2:9: rules\[0\]: "action" is missing/);
});

test("a file that is missing, and one that is none, are told", async () => {
  const missing = await runWeir(["test", join(folder, "none.test.yaml")]);
  assert.deepEqual([missing.code, missing.stderr.endsWith("none.test.yaml: no such file\n")], [2, true]);
  assert.equal((await runWeir(["test", folder])).code, 2);
  assert.equal((await runWeir(["test"])).code, 2);
});

test("the results are written as JUnit, and printed as TAP, when asked for", async () => {
  const results = join(folder, "results.xml");
  const { code, stdout } = await run(`cases:\n${CONTROL}\n${DENIED.replace("192.0.2.7", "10.9.9.9")}`, "--junit", results, "--tap");
  assert.equal(code, 1);
  assert.deepEqual(stdout.split("\n").slice(0, 4), ["TAP version 14", "1..2", "ok 1 - admins come in", "not ok 2 - telnet is shut"]);
  assert.match(stdout, /^# the kernel was not asked: that takes --kernel$/m);
  assert.deepEqual(parseXml(readFileSync(results, "utf8")).attributes, { tests: "2", failures: "1", errors: "0", skipped: "0" });
  const unwritable = await run(`cases:\n${CONTROL}`, "--junit", join(folder, "none", "results.xml"));
  assert.equal(unwritable.code, 1);
  assert.match(unwritable.stderr, /The results cannot be written/);
});

test("the kernel judges, too, where it is wished and can be", requires(root()), async () => {
  write(
    "wide.pcap",
    pcap([
      syn("10.0.0.1", 23),
      answer("10.0.0.1", 23),
      frame(Ethernet(), IPv4({ src: "10.0.0.1", dst: "192.0.2.1" }), TCP({ dport: 23, flags: ["ack"] }), payload("hello")),
    ]),
  );
  const report = await reported(`cases:\n${CONTROL}\n${DENIED}\npcaps: [{ file: wide.pcap, in: wlan0, expect: allow }]`, "--kernel");
  assert.equal(report.failed, 0);
  assert.deepEqual([report.kernelJudged, report.kernelSkipped], [10, []]);
});

test("where the kernel cannot be asked, that is said loudly, and the reference's word holds", requires(root()), async () => {
  const forwarded = CONTROL.replace("dport: 23", "dport: 23, forwarded: true");
  const { code, stderr } = await run(`cases:\n${forwarded}`, "--kernel");
  assert.equal(code, 0);
  assert.match(stderr, /^SKIPPED: the kernel did not judge every packet: a test run cannot forward/);
});

test("cases meet what stands in the files of sets, and a file that is missing is told of", async () => {
  write("feed.txt", "# of today\n192.0.2.0/28\n2001:db8::/32\n");
  write(
    "sets.yaml",
    'version: 1\nmode: prevent\nsets: { feed: { file: feed.txt } }\nrules:\n  - { name: no-feed, action: block, enforce: true, layer3: { source: ["@feed"] } }\n',
  );
  const entry = (src: string, expect: string): string =>
    `  - { name: from ${src}, packet: { in: eth0, src: "${src}", dst: ${src.includes(":") ? '"2001:db9::1"' : "198.51.100.1"}, proto: tcp, dport: 80 }, expect: ${expect} }`;
  const path = write(
    "sets.test.yaml",
    `policy: sets.yaml\ncases:\n${[entry("192.0.2.7", "block, rule: no-feed"), entry("192.0.2.16", "allow"), entry("2001:db8::7", "block, rule: no-feed"), entry("2001:db7::7", "allow")].join("\n")}\n`,
  );
  const { code, stdout, stderr } = await runWeir(["test", path]);
  assert.deepEqual([code, stderr], [0, ""], stdout);
  assert.equal((await runWeir(["check", join(folder, "sets.yaml")])).stderr, "");
  rmSync(join(folder, "feed.txt"));
  const without = await runWeir(["test", path]);
  assert.equal(without.code, 1);
  assert.match(without.stderr, /^warning: the file of the set feed is not used: \S+feed\.txt: no such file$/m);
  const checked = await runWeir(["check", join(folder, "sets.yaml")]);
  assert.deepEqual(
    [checked.code, /warning: \S+sets\.yaml: the file of the set feed is not used: \S+feed\.txt: no such file/.test(checked.stderr)],
    [0, true],
    checked.stderr,
  );
});

test("the kernel meets them, too", requires(root()), async () => {
  write("feed.txt", "192.0.2.0/28\n2001:db8::/32\n");
  const { code, stdout } = await runWeir(["test", join(folder, "sets.test.yaml"), "--kernel"]);
  assert.deepEqual([code, /the kernel judged 8 times/.test(stdout)], [0, true], stdout);
});

const PROCESSES =
  'version: 1\nmode: prevent\nrules:\n  - { name: curl, action: block, enforce: true, direction: egress, process: { executable: "*/curl", user: www-data } }\n';
const BY_CURL = "process: { executable: /usr/bin/curl, user: www-data }";
const sent = (name: string, of: string, expect: string): string =>
  `  - { name: ${name}, packet: { out: eth0, src: 198.51.100.1, dst: 192.0.2.7, proto: tcp, dport: 443${of === "" ? "" : `, ${of}`} }, expect: ${expect} }`;

test("a packet may belong to a process, to none, or to nobody knows which", requires(root()), async () => {
  write("processes.yaml", PROCESSES);
  const cases = [
    sent("curl", BY_CURL, "block, rule: curl"),
    sent("wget", "process: { executable: /usr/bin/wget }", "allow"),
    sent("forwarded", "forwarded: true", "allow"),
    sent("none", "no_process: true", "allow"),
    sent("unknown", "", "undecided"),
    sent("half", "process: { executable: /usr/bin/curl }", "undecided"),
  ];
  const { code, stdout, stderr } = await runWeir([
    "test",
    write("processes.test.yaml", `policy: processes.yaml\ncases:\n${cases.join("\n")}\n`),
    "--kernel",
  ]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /All 6 cases hold/);
});

test("a process of a packet that has none is refused", async () => {
  write("processes.yaml", PROCESSES);
  const path = write(
    "wrong.test.yaml",
    `policy: processes.yaml\ncases:\n${sent("wget", "process: { executable: /usr/bin/wget }", "allow")}\n${sent("both", `${BY_CURL}, forwarded: true`, "allow")}\n`,
  );
  const { code, stderr } = await runWeir(["test", path]);
  assert.equal(code, 2);
  assert.match(stderr, /wrong\.test\.yaml:4:\d+: cases\[1\]\.packet\.process: a packet that is forwarded has no process/);
});
