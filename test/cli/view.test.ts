import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test, type TestContext } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { startView } from "../../agent/cli/view.ts";
import { eventually } from "../harness/eventually.ts";
import { requires, tool } from "../harness/require.ts";
import { anEvent, environment, FakeAgent } from "../api/support.ts";

/** What the view needs of a stream: a terminal's size, or no terminal. */
function screen(isTTY: boolean): NodeJS.WriteStream & { read(): string | null } {
  return Object.assign(new PassThrough({ encoding: "utf8" }), { isTTY, columns: 100, rows: 30 }) as never;
}

test("on a terminal the view shows mode, hooks, verdicts and the last events, each within its line", async () => {
  const agent = new FakeAgent();
  const output = screen(true);
  const view = startView(agent.control, output);
  for (let seq = 1; seq <= 500; seq++) agent.publish(anEvent(seq, { interface: `eth${seq}` }));
  agent.publish(anEvent(501, { process: { pid: 1, name: "\x1b[2Jevil\x07", uid: 0 }, protocol: "tcp", source: { address: "1.2.3.4" }, destination: { address: "::1" } }));
  const frame = await eventually("a frame with events", () => {
    const text = output.read();
    return text?.includes("evil") && text;
  });
  view.close();
  const lines = stripVTControlCharacters(frame).split("\n");
  const shown = lines.join("\n");
  assert.match(shown, /mode +detect/);
  assert.match(shown, /eth0 +xdp native +tcx link/);
  assert.match(shown, /would drop +10 /);
  assert.match(shown, /DETECTED no-telnet-in tcp .* eth500 in/);
  assert.doesNotMatch(shown, /eth400 /, "only the last ones");
  assert.match(shown, /501 since the view began/);
  assert.ok(lines.every((line) => line.length < 100));
  assert.ok(lines.length < 30);
  assert.doesNotMatch(frame, /\x1b\[2J|\x07/, "the name of a process does not command the terminal");
  assert.equal(agent.listeners.size, 0, "it no longer listens");
});

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
  assert.equal(shown + Number(/^\((\d+) lines were not shown/.exec(rest)?.[1]), 20_000);
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
