import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { ControlClient } from "../../agent/api/client.ts";
import { COMMANDS } from "../../agent/cli/command-table.ts";
import { Refusal } from "../../agent/values/refusal.ts";
import { eventually } from "../harness/eventually.ts";
import { requires, root } from "../harness/require.ts";
import { anEvent, environment, flowRow, LAUNCHER, runWeir, startFixture } from "../api/support.ts";
import { toWatched } from "../../agent/service/event-line.ts";

const NOWHERE = { WEIR_CONTROL_SOCKET: "/nonexistent/control.sock" };

test("every command explains itself with examples, without an agent", async () => {
  for (const name of Object.keys(COMMANDS)) {
    const { code, stdout, stderr } = await runWeir([...name.split(" "), "--help"], NOWHERE);
    assert.equal(code, 0, name);
    assert.equal(stderr, "", name);
    assert.ok(stdout.startsWith(`Usage: weir ${name}`), name);
    const examples = stdout.slice(stdout.indexOf("\nExamples:\n"));
    assert.match(examples, new RegExp(`\\n {2}(?:\\S+ && )?weir ${name}\\b`), name);
    assert.match(stdout, /--help/, name);
  }
});

test("what help shows as an example is understood", async () => {
  const { parseCall } = await import("../../agent/cli/arguments.ts");
  for (const [name, { load }] of Object.entries(COMMANDS)) {
    const { command } = await load();
    for (const [example] of command.examples) {
      const line = example
        .split(/ (?:\||&&|2>)/)
        .map((part) => part.trim())
        .find((part) => part.startsWith(`weir ${name}`));
      if (line !== undefined) parseCall(command, line.split(" ").slice(1 + name.split(" ").length));
    }
  }
});

test("the overview names every command", async () => {
  for (const words of [["--help"], ["help"], ["-h"]]) {
    const { code, stdout } = await runWeir(words);
    assert.equal(code, 0);
    for (const name of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`\\n {2}${name} `));
  }
  assert.equal((await runWeir([])).code, 2);
  assert.match((await runWeir(["help", "mode"])).stdout, /^Usage: weir mode/);
});

const WRONG_LINES: [string[], RegExp][] = [
  [["statsu"], /there is no command "statsu"; did you mean status\?/],
  [["rule", "lits"], /there is no command "rule lits"; did you mean rule list\?/],
  [["audit"], /^$/],
  [["status", "--jsno"], /there is no option --jsno; did you mean --json\?/],
  [["status", "-x"], /there is no option -x/],
  [["status", "--json=yes"], /--json takes no value/],
  [["status", "--json", "--json"], /--json is given twice/],
  [["status", "--socket"], /--socket needs a value: --socket PATH/],
  [["status", "--socket", "--json"], /--socket needs a value/],
  [["status", "now"], /"now" is one word too many/],
  [["--json", "status"], /options come behind the command/],
  [["mode", "prevnt"], /one of detect, prevent, not "prevnt"; did you mean prevent\?/],
  [["mode", "enforce"], /not "enforce"; did you mean prevent\?/],
  [["flows", "--direction", "in"], /not "in"; did you mean ingress\?/],
  [
    ["explain", "--in", "eth0", "--src", "192.0.2.7", "--dst", "198.51.100.1", "--proto", "any"],
    /--proto: "any" is not a protocol; a packet has one/,
  ],
  [["ban", "add", "192.0.2.7", "--for", "10min"], /--for takes a duration, as 90s, 15m, 2h or 7d, not "10min"; did you mean 10m\?/],
  [["flows", "--limit", "many"], /--limit takes a whole number from 1 to 10000, not "many"/],
  [["top", "--by", "weight"], /--by is one of process, executable, container, pod, unit, peer, service, rule, interface/],
  [["stats", "--by", "colour"], /--by is one of process, executable, container, pod, unit, peer, service/],
  [["stats", "--sort", "ratte"], /--sort is one of connections, rate, .*; did you mean rate\?/],
  [["stats", "--hash"], /there is no option --hash/],
  [["flows", "--direction", "sideways"], /--direction is one of ingress, egress/],
  [["watch", "--type", "BLOKED"], /did you mean BLOCKED\?/],
  [["watch", "--count", "0"], /--count takes a whole number/],
  [["check"], /an argument is missing: weir check FILE/],
  [["audit", "show", "--since", "yesterday"], /--since takes a time or a duration/],
  [["status\x1b[2J"], /there is no command "status\\x1b\[2J"/],
];

test("a wrong line is refused with exit code 2 and the nearest right word", async () => {
  for (const [words, expected] of WRONG_LINES) {
    const { code, stderr } = await runWeir(words, NOWHERE);
    assert.equal(code, 2, words.join(" "));
    assert.match(stderr, expected, words.join(" "));
  }
});

test("a relative path in the environment is refused with the whole one, by the agent and by every command", async () => {
  for (const [words, variable] of [
    [["status"], "WEIR_CONTROL_SOCKET"],
    [["detach"], "WEIR_STATE_DIR"],
    [["run", "--no-view"], "WEIR_STATE_DIR"],
  ] as const) {
    if (words[0] !== "status" && process.geteuid!() !== 0) continue;
    const { code, stderr } = await runWeir([...words], { [variable]: "state/weir" });
    assert.equal(code, 2, words.join(" "));
    assert.ok(
      stderr.includes(
        `${variable} is "state/weir", which is not an absolute path.\nSet it to the whole path, as ${variable}=${process.cwd()}/state/weir.`,
      ),
      stderr,
    );
  }
});

test("without an agent each command says so and how to start it, and fails", async () => {
  for (const words of [
    ["status"],
    ["mode", "prevent"],
    ["reload"],
    ["rule", "list"],
    ["flows"],
    ["sockets"],
    ["top"],
    ["stats"],
    ["watch"],
    ["metrics"],
  ]) {
    const { code, stdout, stderr } = await runWeir(words, NOWHERE);
    assert.equal(code, 1, words.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, /not running: nothing answers on \/nonexistent\/control\.sock/);
    assert.match(stderr, /weir run/);
  }
});

test("another user is told that only root may ask", requires(root()), async () => {
  await using fixture = await startFixture();
  const { code, stderr } = await fixture.weir(["status"], { uid: 65534 });
  assert.equal(code, 1);
  assert.match(stderr, /Permission denied on .*only root/);
  assert.match(stderr, /sudo/);
});

test("an agent that hangs, another program and another version each have their sentence", async (t) => {
  await using fixture = await startFixture();
  fixture.agent.status = () => new Promise(() => {}) as never;
  await assert.rejects(new ControlClient(fixture.path, { timeoutMs: 50 }).status(), /did not answer on .* within 0\.05 s/);
  for (const [headers, expected] of [
    [{}, /not a weir agent/],
    [{ "weir-api": "2", "weir-version": "9.0.0" }, /running agent is weir 9\.0\.0 \(API 2\)/],
  ] as const) {
    const path = join(fixture.folder, `other-${Object.keys(headers).length}.sock`);
    const other = createServer((_, response) => response.writeHead(200, headers).end("{}")).listen(path);
    t.after(() => other.close());
    await once(other, "listening");
    await assert.rejects(
      new ControlClient(path).status(),
      (error) => error instanceof Refusal && expected.test(error.message) && error.next.length > 0,
    );
  }
});

test("status --json is what the agent says; status is for people", async () => {
  await using fixture = await startFixture();
  const { code, stdout } = await fixture.weir(["status", "--json"]);
  assert.equal(code, 0);
  const status = JSON.parse(stdout);
  assert.deepEqual(Object.keys(status).slice(0, 9), [
    "pid",
    "version",
    "uptime_s",
    "mode",
    "health",
    "generation",
    "interfaces",
    "rules",
    "counters",
  ]);
  const text = (await fixture.weir(["status"])).stdout;
  assert.match(text, /^weir .*, pid \d+, up 1 m/);
  assert.match(text, /mode +detect/);
  assert.match(text, /eth0 +xdp native +tcx link +the driver supports it/);
  assert.match(text, /100 emitted = 90 received \+ 7 pending \+ 3 lost/);
  assert.match(text, /eth0 +ingress +tcp +passed +1,000 +64 kB +100\/s +6\.4 kB\/s/);
  assert.doesNotMatch(text, /\x1b/, "no colours where there is no terminal");
});

test("mode shows and switches the mode, and brings the operator's session", async () => {
  await using fixture = await startFixture();
  assert.equal((await fixture.weir(["mode"])).stdout, "detect\n");
  const env = { SSH_CONNECTION: "203.0.113.5 51234 198.51.100.2 22" };
  const { code, stdout, stderr } = await fixture.weir(["mode", "prevent"], { env });
  assert.equal(code, 0);
  assert.equal(stdout, "The mode is prevent now; it was detect.\n");
  assert.match(stderr, /203\.0\.113\.5:51234 passes/);
  assert.deepEqual(fixture.agent.callers[0]?.session, { address: "203.0.113.5", remote_port: 51234, local_port: 22 });
  assert.notEqual(fixture.agent.callers[0]?.pid, process.pid);
  assert.deepEqual(JSON.parse((await fixture.weir(["mode", "--json"])).stdout), { mode: "prevent" });
  assert.deepEqual(JSON.parse((await fixture.weir(["mode", "detect", "--json"])).stdout), { mode: "detect", previous: "prevent" });
});

test("reload prints what is in force, or all problems with exit code 2", async () => {
  await using fixture = await startFixture();
  assert.match((await fixture.weir(["reload"])).stdout, /^1 rule is in force, 1 of them enforced \(generation 8\)/);
  fixture.agent.onReload = () => {
    throw new Refusal("The configuration is refused.", {
      kind: "invalid",
      next: "Mend the file.",
      details: ["weir.yaml:3:5: first", "weir.yaml:9:1: second"],
    });
  };
  const { code, stderr } = await fixture.weir(["reload"]);
  assert.equal(code, 2);
  assert.match(stderr, /weir\.yaml:3:5: first\n.*weir\.yaml:9:1: second\nMend the file\./);
});

test("rule list, flows and metrics print tables and JSON", async () => {
  await using fixture = await startFixture();
  const rules = JSON.parse((await fixture.weir(["rule", "list", "--json"])).stdout);
  assert.deepEqual(rules, fixture.agent.rows);
  assert.match((await fixture.weir(["rule", "list"])).stdout, /no-telnet-in +block, enforced +12 +1,234,567 +99 MB +34 +0 /);
  assert.deepEqual(JSON.parse((await fixture.weir(["flows", "--json"])).stdout), fixture.agent.connections);
  assert.match(
    (await fixture.weir(["flows"])).stdout,
    /tcp +\[2001:db8::1\]:40000 +\[2001:db8::2\]:443 +- +eth0 out +established +curl 4711 +3f2a1bc4d5e6\/web +default +10 \/ 20 +1\.5 kB \/ 2\.0 MB +- +1 m 15 s +3 s/,
  );
  assert.equal((await fixture.weir(["metrics"])).stdout, fixture.agent.metrics());
});

test("top prints a table each time, or a line of JSON", async () => {
  await using fixture = await startFixture();
  const once = await fixture.weir(["top", "--by", "Peer", "--count", "1"]);
  assert.match(
    once.stdout,
    /^PEER +FLOWS +WOULD DROP +PACKETS +SENT +RECEIVED +RETRANS +RTT\npeer 1 +2 +- +3\.0\/s +4\.0 kB\/s +5\.0 MB\/s +1\.5\/s +12 ms\npeer 2 .* -$/m,
  );
  const lines = (await fixture.weir(["top", "--count", "2", "--interval", "1", "--limit", "1", "--json"])).stdout.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    Array(2).fill(fixture.agent.top({ by: "process", limit: 1 })),
  );
});

test("stats prints a table, JSON, and asks for what is wanted", async () => {
  await using fixture = await startFixture();
  assert.deepEqual(JSON.parse((await fixture.weir(["stats", "--json"])).stdout), fixture.agent.did);
  const { stdout } = await fixture.weir(["stats"]);
  assert.match(
    stdout,
    /^PROCESS +PART OF +CONNECTIONS +WOULD DROP +LIVE +NEW +PACKETS +SENT +RECEIVED +DURATION +TCP +RETRANS +RTT +RTT 95% +RTT MIN$/m,
  );
  assert.match(
    stdout,
    /^web 12 +web\.service +1,234 +- +5 +2\.5\/s +9,000 +5\.0 MB +1\.5 kB +250 ms \/ 1 m 15 s +1,300 +120 \(1\.2%\) +12 ms +200 ms +35 µs$/m,
  );
  assert.match(stdout, /^unknown +- +1 +- +0 +0\/s +2 +0 B +120 B +- +- +- +- +- +-$/m);
  await fixture.weir(["stats", "--by", "Peer", "--sort", "rtt", "--process", "web", "--service", "tcp 443"]);
  assert.deepEqual(fixture.agent.askedOfStatistics.at(-1), { by: "peer", sort: "rtt", limit: 50, process: "web", service: "tcp 443" });
});

test("hashes come where they are asked for, and in their place why there is none", async () => {
  await using fixture = await startFixture();
  fixture.agent.connections.push(fixture.agent.connections[0]!);
  const { stdout } = await fixture.weir(["flows", "--hash"]);
  const [title, first, second] = stdout.split("\n");
  assert.match(title!, / SHA256$/);
  assert.match(first!, / (5e){32}$/);
  assert.match(second!, / \(gone\)$/);
  assert.doesNotMatch((await fixture.weir(["flows"])).stdout, /SHA256|5e5e/);
  assert.deepEqual(JSON.parse((await fixture.weir(["flows", "--hash", "--limit", "1", "--json"])).stdout)[0].process.hash, {
    sha256: "5e".repeat(32),
  });
});

test("sockets prints a table, JSON, and what its filters leave", async () => {
  await using fixture = await startFixture();
  assert.deepEqual(JSON.parse((await fixture.weir(["sockets", "--json"])).stdout), fixture.agent.inventory);
  const { stdout } = await fixture.weir(["sockets"]);
  assert.match(stdout, /tcp +listen +\[::\]:443 +- +web 12 +0 +web\.service +- +2 +5\.0 MB +1\.5 kB +-$/m);
  assert.match(stdout, /udp +established +192\.0\.2\.1:40000 eth0 +192\.0\.2\.53:53 +unknown +33 +- +names +1 +60 B +120 B +1 m 15 s$/m);
  assert.equal(JSON.parse((await fixture.weir(["sockets", "--json", "--rule", "names", "--address", "192.0.2.53"])).stdout).length, 1);
  assert.equal(JSON.parse((await fixture.weir(["sockets", "--json", "--protocol", "TCP", "--state", "bound"])).stdout).length, 0);
});

test("flows narrows by every filter and says when there may be more", async () => {
  await using fixture = await startFixture();
  fixture.agent.connections = [
    flowRow(),
    flowRow({
      direction: "ingress",
      interface: "eth1",
      protocol: "udp",
      source: { address: "192.0.2.1", port: 53 },
      process: { pid: 1, name: "named", uid: 0 },
      rule: "dns",
    }),
  ];
  const narrowed = async (...words: string[]) => JSON.parse((await fixture.weir(["flows", "--json", ...words])).stdout).length;
  assert.equal(await narrowed(), 2);
  for (const words of [
    ["--interface", "eth1"],
    ["--direction", "INGRESS"],
    ["--protocol", "UDP"],
    ["--address", "192.0.2.1"],
    ["--port", "53"],
    ["--process", "named"],
    ["--process", "1"],
    ["--rule", "dns"],
  ]) {
    assert.equal(await narrowed(...words), 1, words.join(" "));
  }
  const { stdout, stderr } = await fixture.weir(["flows", "--limit", "1"]);
  assert.equal(stdout.trimEnd().split("\n").length, 2);
  assert.match(stderr, /the first 1; there may be more/);
});

test("watch prints events as they come and ends after as many as are asked for", async () => {
  await using fixture = await startFixture();
  const json = fixture.weir(["watch", "--json", "--count", "2"]);
  const text = fixture.weir(["watch", "--count", "1", "--type", "blocked"]);
  await eventually("both watch", () => fixture.server.figures().watchers === 2);
  fixture.agent.publish(anEvent(1), anEvent(2, { type: "BLOCKED" }), anEvent(3));
  assert.deepEqual(
    (await json).stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
    [anEvent(1), anEvent(2, { type: "BLOCKED" })].map(toWatched),
  );
  assert.equal((await json).code, 0);
  assert.match(
    (await text).stdout,
    /^2026-11-21T03:00:00\.123Z BLOCKED no-telnet-in tcp 198\.18\.0\.1:40000 > 198\.18\.0\.2:23 eth0 in pid=812 telnet \(would drop\)\n$/,
  );
});

test("watch fails when the agent stops, and is done when the operator ends it", async () => {
  await using fixture = await startFixture();
  const child = spawn(LAUNCHER, ["watch"], { env: environment({ WEIR_CONTROL_SOCKET: fixture.path }), stdio: "ignore" });
  const orphan = fixture.weir(["watch"]);
  await eventually("both watch", () => fixture.server.figures().watchers === 2);
  child.kill("SIGINT");
  assert.deepEqual(await once(child, "exit"), [0, null]);
  await fixture.server.close();
  const { code, stderr } = await orphan;
  assert.equal(code, 1);
  assert.match(stderr, /the agent has stopped/);
});

test("names from outside never reach a terminal as commands", async () => {
  await using fixture = await startFixture();
  const hostile = "\x1b]0;owned\x07\u009b2J\u202egpj.exe\nDETECTED forged";
  const process = { pid: 1, name: hostile, executable: `/tmp/${hostile}`, uid: 0 };
  fixture.agent.connections = [flowRow({ process, rule: hostile })];
  fixture.agent.rows[0]!.name = hostile;
  const outputs = [
    fixture.weir(["flows"]),
    fixture.weir(["flows", "--json"]),
    fixture.weir(["rule", "list"]),
    fixture.weir(["rule", "list", "--json"]),
  ];
  const watching = [fixture.weir(["watch", "--count", "1"]), fixture.weir(["watch", "--count", "1", "--json"])];
  await eventually("both watch", () => fixture.server.figures().watchers === 2);
  fixture.agent.publish(anEvent(1, { process, interface: hostile }));
  for (const { code, stdout } of await Promise.all([...outputs, ...watching])) {
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    assert.doesNotMatch(stdout, /\nDETECTED forged/);
  }
  assert.equal(JSON.parse((await outputs[1]!).stdout)[0].process.name, hostile, "to a program the name is as it was");
  assert.equal(JSON.parse((await watching[1]!).stdout).process.name, hostile);
});

test("a reader that stops early is no failure", async () => {
  await using fixture = await startFixture();
  fixture.agent.connections = Array.from({ length: 5000 }, () => flowRow());
  const child = spawn("sh", ["-c", `'${LAUNCHER}' flows --limit 5000 2>&1 | head -n 1`], {
    env: environment({ WEIR_CONTROL_SOCKET: fixture.path }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk) => (text += chunk));
  await once(child, "close");
  assert.match(text, /^PROTOCOL .*\n$/);
});

test("curl can speak to the socket", async () => {
  await using fixture = await startFixture();
  const child = spawn("curl", ["-sS", "--unix-socket", fixture.path, "-X", "PUT", "-d", '{"mode":"prevent"}', "http://weir/v1/mode"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk) => (text += chunk));
  await once(child, "close");
  assert.deepEqual(JSON.parse(text), { mode: "prevent", previous: "detect" });
});
