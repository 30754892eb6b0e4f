import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test, type TestContext } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { widthOf } from "../../agent/cli/terminal.ts";
import { startView } from "../../agent/cli/view.ts";
import { eventually } from "../harness/eventually.ts";
import { requires, tool } from "../harness/require.ts";
import { anEvent, environment, FakeAgent } from "../api/support.ts";

/** What the view needs of a stream: a terminal's size, or no terminal. */
function screen(isTTY: boolean, columns = 80): NodeJS.WriteStream & { read(): string | null } {
  return Object.assign(new PassThrough({ encoding: "utf8" }), { isTTY, columns, rows: 30 }) as never;
}

test("on a terminal the view shows mode, hooks, verdicts and the last events, each within its line", async (t) => {
  const agent = new FakeAgent();
  const output = screen(true, 120);
  const view = startView(agent.control, output);
  t.after(() => view.close());
  for (let seq = 1; seq <= 500; seq++) agent.publish(anEvent(seq, { interface: `eth${seq}` }));
  agent.publish(
    anEvent(501, {
      process: { pid: 1, name: "\x1b[2J", uid: 0 },
      protocol: "tcp",
      source: { address: "1.2.3.4" },
      destination: { address: "::1" },
    }),
  );
  const frame = await eventually("a frame with events", () => {
    const text = output.read();
    return text?.includes("\\x1b[2J") && text;
  });
  view.close();
  const lines = stripVTControlCharacters(frame).split("\n");
  const shown = lines.join("\n");
  assert.match(shown, /mode +detect/);
  assert.match(shown, /eth0 +xdp native +tcx link/);
  assert.match(shown, /would drop +10 /);
  assert.match(shown, /DETECTED +no-telnet-in +tcp .* eth500 in/);
  assert.doesNotMatch(shown, /eth400 /, "only the last ones");
  assert.match(shown, /501 since the view began/);
  assert.ok(lines.every((line) => line.length < 120));
  assert.ok(lines.length < 30);
  assert.match(shown, /q quits/);
  assert.doesNotMatch(frame, /\x1b\[2J|\x07/, "the name of a process does not command the terminal");
  assert.equal(agent.listeners.size, 0, "it no longer listens");
});

test("on 80 columns each line fits, whatever the names and addresses; what matters comes first, and no word is torn", async (t) => {
  const agent = new FakeAgent();
  const answer = agent.status();
  const reasons = [
    "eth0 is not watched, because its driver has no room for the headers that another program wants",
    "the audit log cannot be written",
  ];
  agent.status = () => ({
    ...answer,
    health: { state: "degraded", reasons },
    interfaces: [1, 2].map((number) => ({
      ...answer.interfaces[0]!,
      name: `enp0s31f${number}np1`,
      ingress: { hook: "tcx", mode: "link", reason: "native XDP would turn off large receive offload, which costs more than it saves" },
    })),
  });
  const output = screen(true);
  const view = startView(agent.control, output);
  t.after(() => view.close());
  const now = Date.now();
  agent.publish(
    anEvent(1, {
      time: now,
      source: { address: "2001:db8:1234:5678:9abc:def0:1234:5678", port: 40000 },
      destination: { address: "2001:db8:ffff:5678:9abc:def0:1234:9999", port: 65535 },
      process: { pid: 4194303, name: "kube-controller", uid: 0 },
      rule: { name: "a-long-name-of-a-rule-that-somebody-thought-about", action: "block", enforce: true, source: "x" },
    }),
    anEvent(2, {
      time: now,
      type: "BLOCKED",
      container: { id: "3f2a1bc4d5e6f708", runtime: "docker", name: "billing-frontend-production-7" },
    }),
  );
  const frame = await eventually("a frame with events", () => {
    const text = output.read();
    return text?.includes("BLOCKED") && text;
  });
  const lines = stripVTControlCharacters(frame).split("\n");
  for (const line of lines) assert.ok(widthOf(line) < 80, line);
  const events = lines.slice(lines.findIndex((line) => line.startsWith("TIME")));
  assert.match(events[0]!, /^TIME +EVENT +RULE +SOURCE +DESTINATION/);
  assert.match(events[1]!, /^\d\d:\d\d:\d\d {2}DETECTED {2}a-.*…\S+ +\[2001:.*…\S+:40000 +\[2001:.*…\S+:65535/);
  assert.match(events[2]!, /^\d\d:\d\d:\d\d {2}BLOCKED +no-tel\S* +198\.18\.0\.1:40000 +198\.18\.0\.2:23/);
  const words = lines.join(" ").split(/\s+/);
  for (const word of reasons.join(" ").split(" "))
    assert.ok(
      words.some((shown) => shown.startsWith(word)),
      word,
    );
});

test(
  "q and Ctrl-C end the process that shows the view, other keys do not, and the terminal is left as it was",
  requires(tool("script", "bsdutils")),
  async (t) => {
    for (const key of ["q", "\x03"]) {
      const folder = mkdtempSync(join(tmpdir(), "weir-view-"));
      const command = `stty -g > before; '${process.execPath}' '${join(import.meta.dirname, "view-child.ts")}' turns 60000; echo "ended: $?" > code; stty -g > after`;
      const child = spawn("script", ["-qfec", command, "/dev/null"], {
        cwd: folder,
        env: environment(),
        stdio: ["pipe", "pipe", "inherit"],
      });
      const exited = once(child, "exit");
      t.after(() => rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 100 }));
      t.after(() => child.kill("SIGKILL"));
      const read = (name: string): string => {
        try {
          return readFileSync(join(folder, name), "utf8");
        } catch {
          return "";
        }
      };
      let shown = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text));
      await eventually("a frame", () => shown.includes("q quits"));
      child.stdin.write("x");
      const turns = Number(read("turns"));
      await eventually("more turns", () => Number(read("turns")) > turns + 20);
      assert.equal(read("code"), "", "another key ends nothing");
      child.stdin.write(key);
      await exited;
      assert.match(read("code"), /ended: 0/);
      assert.equal(read("after"), read("before"));
    }
  },
);

test("a frame is drawn over the one before", async () => {
  const agent = new FakeAgent();
  const output = screen(true);
  const view = startView(agent.control, output);
  const first = await eventually("a frame", () => output.read() ?? undefined);
  const second = await eventually("another one", () => output.read() ?? undefined);
  view.close();
  assert.equal(second.match(/^\x1b\[(\d+)A\r/)?.[1], String(first.split("\n").length - 1));
});

test("elsewhere the view is a line an event, without colours", () => {
  const agent = new FakeAgent();
  const output = screen(false);
  const view = startView(agent.control, output);
  agent.publish(anEvent(1), anEvent(2));
  view.close();
  agent.publish(anEvent(3));
  const line = "2026-11-21T03:00:00.123Z DETECTED no-telnet-in tcp 198.18.0.1:40000 > 198.18.0.2:23 eth0 in pid=812 telnet (would drop)\n";
  assert.equal(output.read(), line + line);
});

test("a reader that stops is left behind and told how many lines it missed", () => {
  const agent = new FakeAgent();
  const output = screen(false);
  const view = startView(agent.control, output);
  for (let seq = 0; seq < 20_000; seq++) agent.publish(anEvent(seq));
  assert.ok(output.writableLength < 2 * 1024 * 1024, "its backlog is bounded");
  let shown = 0;
  const count = () => (shown += (output.read() ?? "").split("\n").length - 1);
  while (output.readableLength > 0 || output.writableLength > 0) count();
  agent.publish(anEvent(20_000));
  const rest = output.read() ?? "";
  view.close();
  assert.equal(shown + Number(/^\(([0-9,]+) lines were not shown/.exec(rest)?.[1]?.replaceAll(",", "")), 20_000);
});

test("a terminal that is held does not hold the agent", requires(tool("script", "bsdutils")), async (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), "weir-view-"));
  const report = join(folder, "turns");
  const command = `exec '${process.execPath}' '${join(import.meta.dirname, "view-child.ts")}' '${report}' 60000`;
  // script(1) makes the terminal; nobody reads what it passes on, so that the terminal soon takes nothing more.
  const child = spawn("script", ["-qfec", command, "/dev/null"], { env: environment(), stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  t.after(async () => {
    child.stdout.destroy();
    child.kill("SIGKILL");
    await exited;
    // Losing its terminal ends the view, but not at once.
    rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 100 });
  });
  child.stdout.pause();
  const turns = () => {
    try {
      return Number(readFileSync(report, "utf8"));
    } catch {
      return 0;
    }
  };
  await eventually("three hundred turns of the loop, with a megabyte to log", () => turns() > 300, 30_000);
});
