import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { COMMANDS } from "../../agent/cli/command-table.ts";
import { helpOf } from "../../agent/cli/arguments.ts";
import { clock } from "../../agent/cli/format.ts";
import { type Column, table } from "../../agent/cli/table.ts";
import { folded, shortened, widthOf } from "../../agent/cli/terminal.ts";
import { anEvent, environment, type Fixture, flowRow, LAUNCHER, ruleRow, startFixture } from "../api/support.ts";
import { eventually } from "../harness/eventually.ts";
import { requires, tool } from "../harness/require.ts";

interface Row {
  name: string;
  why: string;
  size: string;
  seen: string;
}

const ROWS: Row[] = [
  { name: "[2001:db8:1234:5678:9abc:def0:1234:5678]:40000", why: "it is so because nobody said otherwise", size: "1", seen: "-" },
  { name: "192.0.2.1:80", why: "-", size: "22", seen: "-" },
];
const COLUMNS: Column<Row>[] = [
  { title: "NAME", value: (row) => row.name, narrow: "middle", least: 18 },
  { title: "SIZE", value: (row) => row.size, right: true, rank: 2 },
  { title: "WHY", value: (row) => row.why, narrow: "lines", least: 12, rank: 1 },
  { title: "SEEN", value: (row) => row.seen, rank: 3 },
];

test("a script gets every column with whole values", () => {
  const [title, first] = table(ROWS, COLUMNS, undefined);
  assert.match(title!, /^NAME +SIZE +WHY +SEEN$/);
  assert.equal(first, `${ROWS[0]!.name}     1  ${ROWS[0]!.why}  -`);
});

test("on a terminal an address is cut in its middle, a sentence breaks between words, and empty columns are left out", () => {
  assert.deepEqual(table(ROWS, COLUMNS, 44), [
    "NAME                SIZE  WHY",
    "[2001:db8…8]:40000     1  it is so because",
    "                          nobody said",
    "                          otherwise",
    "192.0.2.1:80          22  -",
  ]);
});

test("what does not fit is left out by its rank, and that is said", () => {
  assert.deepEqual(
    table(ROWS, COLUMNS, 35).map((line) => line.trimEnd()),
    [
      "NAME                WHY",
      "[2001:db8…8]:40000  it is so",
      "                    because nobody",
      "                    said otherwise",
      "192.0.2.1:80        -",
      "Left out: SIZE. A wider terminal",
      "  shows more, --json all.",
    ],
  );
});

test("no line is wider than the terminal, however narrow that is", () => {
  for (let width = 20; width < 120; width++)
    for (const line of table(ROWS, COLUMNS, width)) assert.ok(widthOf(line) <= width, `${width}: ${line}`);
});

test("characters of East Asia take two columns, and colours none", () => {
  assert.equal(widthOf("\x1b[1m漢字\x1b[22me\u0301"), 5);
  assert.equal(shortened("漢字漢字漢字", 7), "漢字漢…");
  assert.deepEqual(folded("rules    one two three", 16), ["rules    one two", "         three"]);
});

test("the clock shows the date only where it is not today's", () => {
  assert.match(clock(Date.now()), /^\d\d:\d\d:\d\d$/);
  assert.match(clock("2001-11-21T03:00:00.123Z"), /^2001-11-2\d \d\d:\d\d:\d\d$/);
});

test("help fits 80 columns, and what it shows to type can be typed", async () => {
  for (const [name, { load }] of Object.entries(COMMANDS)) {
    const { command } = await load();
    const lines = helpOf(command).split("\n");
    for (const line of lines) assert.ok(widthOf(line) <= 80, `${name}: ${line}`);
    const joined = lines.join("\n").replaceAll(/ \\\n +/g, " ");
    for (const [example] of command.examples) assert.ok(joined.includes(`\n  ${example}`), example);
  }
});

const IPV6 = ["2001:db8:1234:5678:9abc:def0:1234:5678", "2001:db8:ffff:5678:9abc:def0:1234:9999"] as const;
const LONG = "a-long-name-of-a-rule-that-somebody-thought-about-for-an-hour";

/** Rows as busy hosts have them. */
function fill({ agent }: Fixture): void {
  const process = {
    pid: 4194303,
    name: "kube-controller",
    executable: "/usr/lib/kubernetes/controllers/kube-controller-manager",
    uid: 1000,
  };
  const workload = { container: { id: "3f2a1bc4d5e6f708", runtime: "docker" as const, name: "billing-frontend-production-7" } };
  const [source, destination] = IPV6.map((address, index) => ({ address, port: 40_000 + index })) as [
    { address: string; port: number },
    { address: string; port: number },
  ];
  const nat = { source, destination: { address: "198.51.100.200", port: 65_535 } };
  agent.connections = [
    flowRow({
      source,
      destination,
      process,
      ...workload,
      nat,
      rule: LONG,
      would_drop: true,
      interface: "enp0s31f6np1",
      packets: [123_456_789, 987_654_321],
      bytes: [1e12, 2e12],
      age_s: 1e6,
      idle_s: 4000,
    }),
    flowRow({ source: { address: "198.51.100.200", port: 40_000 } }),
  ];
  agent.elsewhere = agent.elsewhere.map((row) => ({
    ...row,
    source,
    destination,
    process,
    reason: "netfilter_drop_of_something_long",
    interface: "enp0s31f6np1",
  }));
  agent.inventory = agent.inventory.map((row) => ({ ...row, local: source, remote: destination, process, ...workload, rule: LONG }));
  agent.did = agent.did.map((row) => ({ ...row, ...workload, process, name: `${process.executable} ${row.name}` }));
  agent.rows = [{ ...ruleRow(LONG), packets: 123_456_789_012 }, ...agent.rows];
  agent.banned = [
    {
      network: `${IPV6[0]}/128`,
      uid: 1000,
      added: "2026-11-21T03:00:00.000Z",
      expires: "2026-12-21T03:00:00.000Z",
      reason: "guesses passwords of everybody, all day long, from many places",
    },
  ];
}

/** What a command shows on a terminal of 80 columns. */
async function onTerminal(fixture: Fixture, words: readonly string[]): Promise<string[]> {
  const line = [`'${LAUNCHER}'`, ...words].join(" ");
  const child = spawn("script", ["-qfec", line, "/dev/null"], {
    env: environment({ WEIR_CONTROL_SOCKET: fixture.path, COLUMNS: "80", TERM: "xterm" }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
  await once(child, "close");
  return stripVTControlCharacters(shown).replaceAll("\r", "").trimEnd().split("\n");
}

const SHOWN: [words: string, first: RegExp][] = [
  ["flows", /^PROTOCOL +SOURCE +DESTINATION +.*PROCESS.*RULE/],
  ["flows --hash", /^PROTOCOL +SOURCE +DESTINATION +.*SHA256/],
  ["sockets", /^PROTOCOL +STATE +LOCAL +REMOTE +PROCESS/],
  ["drops --all", /^LAST +BY +REASON +.*SOURCE +DESTINATION/],
  ["rule list", /^RULE +ACTION +.*PACKETS +.*WOULD DROP +DROPPED/],
  ["ban list", /^BANNED +.*EXPIRES +REASON/],
  ["set list", /^SET +MEMBERS/],
  ["set list partners", /^MEMBER/],
  ["stats", /^PROCESS +.*CONNECTIONS +.*SENT +RECEIVED/],
  ["top --count 1", /^PROCESS +FLOWS +.*SENT +RECEIVED/],
  ["status", /^weir /],
];

for (const [words, first] of SHOWN) {
  test(`weir ${words} fits a terminal of 80 columns`, requires(tool("script", "bsdutils")), async () => {
    await using fixture = await startFixture();
    fill(fixture);
    const lines = await onTerminal(fixture, words.split(" "));
    assert.match(lines[0]!, first, lines.join("\n"));
    assert.ok(lines.length > 1, lines.join("\n"));
    for (const line of lines) assert.ok(widthOf(line) <= 80, `${widthOf(line)}: ${line}`);
  });
}

test("weir watch on a terminal has the clock's time, and breaks between words", requires(tool("script", "bsdutils")), async () => {
  await using fixture = await startFixture();
  const shown = onTerminal(fixture, ["watch", "--count", "1"]);
  await eventually("it watches", () => fixture.server.figures().watchers === 1);
  fixture.agent.publish(
    anEvent(1, { time: Date.now(), source: { address: IPV6[0], port: 40_000 }, destination: { address: IPV6[1], port: 23 } }),
  );
  const lines = await shown;
  assert.match(lines[0]!, /^\d\d:\d\d:\d\d DETECTED no-telnet-in tcp/);
  for (const line of lines) assert.ok(widthOf(line) <= 80, line);
  assert.ok(lines.join(" ").split(/ +/).includes(`[${IPV6[1]}]:23`), "no word is torn");
});
