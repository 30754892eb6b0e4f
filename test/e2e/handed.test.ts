/** Sockets that a process gets from another one: they are its own at once where system calls are traced, and once it uses them elsewhere. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";

import type { FlowRow } from "../../agent/observe/flows/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";

const FIRST = 7901;
const config = (calls: string): string => `interfaces: { include: [eth0] }\nprobes: { system_calls: ${calls} }\n`;

describe("a socket that another process gets", requires(root(), tool("cc", "gcc")), () => {
  let lab: Lab;
  let agent: AgentHome;
  let there: string;
  let ports = FIRST;
  const folder = mkdtempSync(join(tmpdir(), "weir-hander-"));
  const hander = join(folder, "hander");

  before(async () => {
    execFileSync("cc", ["-O2", "-Wall", "-Werror", "-pthread", "-o", hander, join(import.meta.dirname, "hander.c")]);
    lab = await makeLab();
    there = lab.end("server:eth0").ipv4;
    await Receiver.open(lab, "server", { udp: Array.from({ length: 16 }, (_, index) => FIRST + index) });
    agent = await AgentHome.make(lab, "client");
    await agent.start({ config: config("on") });
    await tracing("on");
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const tracing = (state: "on" | "off") =>
    eventually(`they are ${state}`, async () => (await agent.status()).probes.system_calls.state === state, 60_000);

  /** Who has the two sockets once they are handed over, by the words of the processes. */
  async function owners(how: string): Promise<(string | undefined)[]> {
    const both = [ports++, ports++];
    const child = lab.spawn("client", [hander, how, there, ...both.map(String)], { stdio: ["ignore", "pipe", "inherit"] });
    const said = new Map<number | undefined, string>();
    createInterface(child.stdout!).on("line", (line) => said.set(Number(line.split(" ")[1]), line.split(" ")[0]!));
    await eventually(`${how} is done`, () => {
      assert.equal(child.exitCode, null, `${how} failed`);
      return said.size === 2;
    });
    const flows = JSON.parse(await agent.weir("flows", "--json")) as FlowRow[];
    return both.map((port) => said.get(flows.find(({ destination }) => destination.port === port)?.process?.pid));
  }

  for (const how of ["message", "credentials", "take"])
    it(`is its own at once (${how})`, async () => assert.deepEqual(await owners(how), ["child", "child"]));

  it("is not its own if it only says so", async () => assert.deepEqual(await owners("lie"), ["parent", "parent"]));

  it("is that of the one before where system calls are not traced", async () => {
    await agent.configure(config("off"));
    await tracing("off");
    for (const how of ["message", "take"]) assert.deepEqual(await owners(how), ["parent", "parent"], how);
  });
});
