/** A switch to detect waits for nothing: no change before it, no file, no disk. What it cannot keep, health says. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { SilentFiles } from "../harness/silent-files.ts";

const RULES = "rules: [{ name: a, action: block, enforce: true, layer4: { protocol: tcp, destination_ports: [23] } }]";
const CONFIG = `interfaces: { include: [lo] }\n${RULES}`;

describe("a switch to detect", requires(root(), tool("cc", "gcc")), () => {
  let lab: Lab;

  before(async () => {
    lab = await makeLab({ namespaces: ["host"], links: [] });
  });
  after(() => lab[Symbol.asyncDispose]());

  const modeOf = async (agent: AgentHome): Promise<string> => (await agent.status()).mode;

  it("does not wait for a reload that waits for a file, and the reload does not take it back", async () => {
    await using agent = await AgentHome.make(lab, "host");
    await agent.start({ config: CONFIG });
    await agent.weir("mode", "prevent");
    const files = await SilentFiles.mount("read");
    const waiting: Promise<unknown>[] = [];
    try {
      await agent.configure(`${CONFIG}\nmode: prevent\nsets: { feed: { file: ${files.file} } }`);
      waiting.push(agent.attempt("reload"), agent.attempt("mode", "prevent"));
      await eventually("somebody reads the file", () => readers(files.file).length > 0);
      assert.match(await agent.weir("mode", "detect"), /detect/);
      assert.equal(await modeOf(agent), "detect");
    } finally {
      await files[Symbol.asyncDispose]();
    }
    await Promise.all(waiting);
    await eventually("the reload is over", async () => (await agent.status()).config.reloads > 0);
    assert.equal(await modeOf(agent), "detect", "neither the file's own mode nor a switch that was asked for before takes it back");
    await agent.weir("mode", "prevent");
    assert.equal(await modeOf(agent), "prevent", "one that is asked for now does");
    await agent.weir("mode", "detect");
    await agent.stop();
    await agent.restart();
    assert.equal(await modeOf(agent), "detect", "and it is known after a restart");
  });

  it("does not wait for a state directory that does not answer, and health says that it is not kept", async () => {
    await using agent = await AgentHome.make(lab, "host");
    await agent.start({ config: CONFIG });
    await agent.weir("mode", "prevent");
    for (const name of ["mode.json.new", "sessions.json.new"]) execFileSync("mkfifo", [join(agent.stateDirectory, name)]); // opening it to write waits for a reader
    assert.match(await agent.weir("mode", "detect"), /detect/);
    assert.equal(await modeOf(agent), "detect");
    await eventually("health says so", async () =>
      (await agent.status()).health.reasons.some((reason) =>
        /the mode detect holds, but a restart would forget it: .*does not answer/.test(reason),
      ),
    );
    assert.match(await agent.weir("mode", "detect"), /detect/, "again");
    execFileSync("mkfifo", [join(agent.stateDirectory, "dynamic-rules.json.new")]);
    const adding = agent.attempt("rule", "add", "--name", "b", "--action", "block", "--port", "24", "--proto", "tcp");
    await eventually(
      "the rule waits for the disk",
      () => readers(join(agent.stateDirectory, "dynamic-rules.json.new")).length === 0 && isOpening(agent.pid),
    );
    assert.match(await agent.weir("mode", "detect"), /detect/, "nor for a rule that waits");
    execFileSync("timeout", ["10", "sh", "-c", `cat ${agent.stateDirectory}/dynamic-rules.json.new >/dev/null`]);
    assert.notEqual((await adding).code, null);
    execFileSync("timeout", ["10", "sh", "-c", `cat ${agent.stateDirectory}/mode.json.new >/dev/null`]); // it answers
    execFileSync("rm", [join(agent.stateDirectory, "mode.json")]);
    assert.equal(await agent.stop(), 0);
  });
});

/** Processes that have this file open, or are about to. */
function readers(path: string): number[] {
  const said = execFileSync("sh", ["-c", `for fd in /proc/[0-9]*/fd/*; do [ "$(readlink $fd)" = ${path} ] && echo $fd; done; true`], {
    encoding: "utf8",
  });
  return said.split("\n").flatMap((line) => Number(line.split("/")[2]) || []);
}

/** Whether a thread of the process waits for the other end of a pipe. */
function isOpening(pid: number): boolean {
  return execFileSync("sh", ["-c", `cat /proc/${pid}/task/*/wchan`], { encoding: "utf8" }).includes("wait_for_partner");
}
