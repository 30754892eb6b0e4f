/** What a process does with sockets through io_uring, which no tracepoint of a system call sees: it is told as if it had made the call. */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";

import type { SocketEvent } from "../../agent/observe/events/event.ts";
import type { FlowRow } from "../../agent/observe/flows/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Watched } from "./watched.ts";

const [TAKEN, FIRST] = [7702, 7710];

describe("what is done through io_uring", requires(root(), tool("cc", "gcc"), tool("perl", "perl-base")), () => {
  let lab: Lab;
  let agent: AgentHome;
  let watched: Watched;
  let here: string;
  let ports = FIRST;
  const folder = mkdtempSync(join(tmpdir(), "weir-ring-"));
  const caller = join(folder, "ring-caller");

  before(async () => {
    execFileSync("cc", ["-O2", "-Wall", "-Werror", "-o", caller, join(import.meta.dirname, "ring-caller.c")]);
    lab = await makeLab();
    here = lab.end("client:eth0").ipv4;
    lab.spawn("client", [
      "perl",
      "-MIO::Socket::INET",
      "-e",
      `$s = IO::Socket::INET->new(LocalPort => ${TAKEN}, Listen => 1) or die; sleep`,
    ]);
    agent = await AgentHome.make(lab, "client");
    watched = await Watched.startTraced(agent);
  });

  after(async () => {
    watched?.[Symbol.dispose]();
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  interface Done {
    child: ChildProcess;
    said: Map<string, number>;
  }

  async function ask(deed: string, how: string, port: number, word = "done"): Promise<Done> {
    const child = lab.spawn("client", [caller, deed, here, String(port), ...(how === "" ? [] : [how])], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const said = new Map<string, number>();
    createInterface(child.stdout!).on("line", (line) => said.set(line.split(" ")[0]!, Number(line.split(" ")[1])));
    await eventually(`${deed} is ${word}`, () => {
      assert.equal(child.exitCode, null, `${deed} failed`);
      return said.has(word) || said.has("unknown");
    });
    return { child, said };
  }

  async function told({ said }: Done): Promise<unknown[]> {
    await watched.fence();
    return watched.events
      .filter(({ process, type }) => process?.pid === said.get("done") && type !== "LISTENING")
      .map(({ type, call, error, local }: SocketEvent) => [type, call, error, local?.port]);
  }

  const ways = [
    ["by the process itself", ""],
    ["by a worker thread", "async"],
  ] as const;
  for (const [title, how] of ways) {
    it(`a packet socket is told once, with a descriptor and without (${title})`, async () => {
      for (const deed of ["packet", "packet-registered"])
        assert.deepEqual(await told(await ask(deed, how, 0)), [["PACKET_SOCKET", "socket", undefined, undefined]], deed);
    });

    it(`a port that is taken is told once, with the error (${title})`, async (t) => {
      const [bound, port] = [await ask("bind", how, TAKEN), ports++];
      if (bound.said.has("unknown")) return t.skip("this kernel does not bind through io_uring: that is so since Linux 6.11");
      assert.deepEqual(await told(bound), [["BIND_FAILED", "bind", "EADDRINUSE", TAKEN]]);
      assert.deepEqual(await told(await ask("listen", how, port)), [["BIND_FAILED", "listen", "EADDRINUSE", port]]);
    });

    it(`who accepts is named before any packet shows it (${title})`, async () => {
      for (let tries = 0; tries < 10; tries++) {
        const port = ports++;
        const { said } = await ask("accept", how, port, "child");
        await visit(port);
        await eventually("it is accepted", () => said.has("accepted"));
        assert.equal((await eventually("the connection is listed", () => flowAt(port))).process?.pid, said.get("child"));
        assert.notEqual(said.get("done"), said.get("child"));
      }
    });
  }

  it("who accepts with a request that goes on is known once it sends, and the listener until then", async () => {
    const port = ports++;
    const { child, said } = await ask("accept-many", "", port, "child");
    await visit(port);
    await eventually("it is accepted", () => said.has("accepted"));
    assert.equal((await flowAt(port))?.process?.pid, said.get("done"));
    child.stdin!.write("x");
    await eventually("it is the child's", async () => (await flowAt(port))?.process?.pid === said.get("child"));
  });

  const visit = async (port: number): Promise<void> => {
    const script = `$socket = IO::Socket::INET->new("${here}:${port}") or die; $| = 1; print "there"; sleep`;
    const child = lab.spawn("server", ["perl", "-MIO::Socket::INET", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout!.once("data", resolve));
  };

  const flowAt = async (port: number): Promise<FlowRow | undefined> =>
    (JSON.parse(await agent.weir("flows", "--json")) as FlowRow[]).find(({ destination }) => destination.port === port);
});
