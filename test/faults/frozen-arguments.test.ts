/**
 * A process without rights whose arguments lie in a file that never answers keeps nobody waiting: the agent starts, takes
 * rules about commands, changes its mode and tells of the process's packets. Such a process may be of any kind.
 */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { SilentFiles } from "../harness/silent-files.ts";

const AS_NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"];
const PORT = 7023;
/** A program of a name that no other process has. */
const OTHER = `4${process.pid}`;

describe("a process whose arguments do not answer", requires(root(), tool("cc", "gcc"), tool("setpriv", "util-linux")), () => {
  let lab: Lab;
  let files: SilentFiles;
  let sleeper: ChildProcess;
  const folder = mkdtempSync(join(tmpdir(), "weir-frozen-"));
  const program = join(folder, "frozen-arguments");

  before(async () => {
    execFileSync("cc", ["-O2", "-Wall", "-Werror", "-pthread", "-o", program, join(import.meta.dirname, "frozen-arguments.c")]);
    chmodSync(folder, 0o755);
    lab = await makeLab();
    files = await SilentFiles.mount("read");
    chmodSync(join(files.folder, ".."), 0o755);
    sleeper = spawn("sleep", [OTHER]);
  });

  after(async () => {
    sleeper.kill("SIGKILL");
    await files[Symbol.asyncDispose](); // what hangs goes on, and can be ended
    await lab[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  async function start(how: "steady" | "flapping"): Promise<ChildProcess> {
    const child = lab.spawn(
      "client",
      ["nice", "-n", "19", ...AS_NOBODY, program, files.file, how, lab.end("server:eth0").ipv4, String(PORT), "x".repeat(3 * 4096)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [said] = (await Promise.race([once(child.stdout!, "data"), once(child, "exit")])) as [unknown];
    assert.equal(String(said), "frozen\n");
    return child;
  }

  const rule = (name: string, command: string): string =>
    `- { name: ${name}, action: block, enforce: true, direction: egress, process: { command: "${command}" }, layer4: { protocol: udp, destination_ports: [${PORT}] } }`;
  const config = (...rules: string[]): string => `interfaces: { include: [eth0] }\nrules:\n${rules.map((line) => `  ${line}\n`).join("")}`;

  it("holds up neither a start, nor a change of rules, nor one of the mode, and may be of each kind", async () => {
    const child = await start("steady");
    await using agent = await AgentHome.make(lab, "client");
    await agent.start({ config: config(rule("sleepers", `sleep ${OTHER}*`)) });
    assert.deepEqual(await fitting(agent, "sleepers"), [sleeper.pid], "another process is known by its arguments");
    assert.match(await agent.weir("rule", "add", "--name", "more", "--action", "block", "--command", `sleep ${OTHER}`), /more|d1/);
    await agent.configure(config(rule("sleepers", `sleep ${OTHER}*`), rule("others", "*/frozen-arguments *")));
    await agent.weir("reload");
    assert.deepEqual(await fitting(agent, "others"), []);
    await agent.weir("mode", "prevent");
    await agent.weir("mode", "detect");
    await eventually("its packets cannot be decided", async () =>
      Object.values((await agent.status()).undecided).some((count) => count > 0),
    );
    const { health } = await agent.status();
    assert.deepEqual(
      health.reasons.filter((reason) => /processes/.test(reason)),
      [],
      "nothing was given up",
    );
    assert.equal(await agent.stop(), 0);
    child.kill("SIGKILL");
  });

  it("holds them up no more where it comes and goes, which may be too late to be seen", async () => {
    await using agent = await AgentHome.make(lab, "client");
    await agent.start({ config: config(rule("sleepers", `sleep ${OTHER}*`)) });
    const children = await Promise.all([start("flapping"), start("flapping")]);
    for (let round = 0; round < 6; round++) {
      await agent.configure(config(rule("sleepers", `sleep ${OTHER}*`), rule("others", `*/frozen-arguments *${round}`)));
      await agent.weir("reload");
      await agent.weir("mode", round % 2 === 0 ? "prevent" : "detect");
    }
    assert.equal(await agent.stop(), 0);
    for (const child of children) child.kill("SIGKILL");
  });
});

async function fitting(agent: AgentHome, name: string): Promise<number[]> {
  return (JSON.parse(await agent.weir("rule", "show", name, "--json")) as { fitting: { pids: number[] } }).fitting.pids;
}
