/**
 * 32-bit system calls on a 64-bit kernel, which the tracepoints of single calls do not see: of a 32-bit program and of a 64-bit one, by
 * their own numbers and through socketcall(2). They are told as others are, once weir knows that somebody makes them.
 */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";

import type { SocketEvent } from "../../agent/observe/events/event.ts";
import type { FlowRow } from "../../agent/observe/flows/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { atExit } from "../harness/at-exit.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";
import { Watched } from "./watched.ts";

const FLAGS = [
  "-nostdlib",
  "-static",
  "-ffreestanding",
  "-fno-pic",
  "-no-pie",
  "-fno-stack-protector",
  "-fcf-protection=none",
  "-Wno-unused-command-line-argument",
];
const WIDTHS = ["-m64", "-m32"] as const;
const WAYS = ["direct", "call"] as const;
const [OPEN, CLOSED, TAKEN, FIRST] = [8080, 7601, 7602, 7610];
const NOWHERE = "203.0.113.9";

const folder = mkdtempSync(join(tmpdir(), "weir-32bit-"));
atExit(() => rmSync(folder, { recursive: true }));
const program = (width: (typeof WIDTHS)[number]): string => join(folder, `caller${width}`);

/** What is missing to run such programs, which are compiled on the way. */
function missing(): string | undefined {
  if (process.arch !== "x64") return "32-bit calls are made as x86 makes them";
  if (tool("cc", "gcc") !== undefined) return tool("cc", "gcc");
  for (const width of WIDTHS)
    execFileSync("cc", [width, "-O2", "-Wall", "-Werror", ...FLAGS, "-o", program(width), join(import.meta.dirname, "caller-32bit.c")]);
  const tried = WIDTHS.map((width) => spawnSync(program(width), ["nothing"]).stdout?.toString() ?? "");
  return tried.every((text) => text.startsWith("words ")) ? undefined : "this kernel has no 32-bit system calls";
}

describe("32-bit system calls", requires(root(), tool("perl", "perl-base"), missing()), () => {
  let lab: Lab;
  let agent: AgentHome;
  let watched: Watched;
  let there: string;
  let ports = FIRST;

  before(async () => {
    lab = await makeLab();
    there = lab.end("server:eth0").ipv4;
    await Receiver.open(lab, "server", { tcp: [OPEN], udp: [OPEN] });
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
    await agent?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  const attached = async (): Promise<string[]> => (await agent.status()).probes.system_calls.attached;

  /** The numbers of the processes that did it, by what they say. */
  async function call(width: (typeof WIDTHS)[number], way: string, deed: string, address: string, port: number, says = 1) {
    const child = lab.spawn("client", [program(width), way, deed, address, String(port)], { stdio: ["ignore", "pipe", "inherit"] });
    const said = new Map<string, number>();
    createInterface(child.stdout!).on("line", (line) => said.set(line.split(" ")[0]!, Number(line.split(" ")[1])));
    await eventually(`${deed} is done`, () => {
      assert.equal(child.exitCode, null, `${deed} failed: ${[...said.keys()]}`);
      return said.size >= says;
    });
    return said;
  }

  const of = (pid: number | undefined): SocketEvent[] => watched.events.filter(({ process }) => process?.pid === pid);

  const flow = async (fits: (row: FlowRow) => boolean): Promise<FlowRow | undefined> =>
    (JSON.parse(await agent.weir("flows", "--json")) as FlowRow[]).find(fits);

  it("are seen from about a second after the first of them, which a 64-bit program may make", async () => {
    await call("-m64", "direct", "connect", there, OPEN);
    await eventually("the ends of all calls are looked at", async () => (await attached()).includes("sys_exit"));
  });

  for (const width of WIDTHS)
    for (const way of WAYS)
      describe(`of a ${width === "-m32" ? "32" : "64"}-bit program, ${way === "direct" ? "by their numbers" : "through socketcall"}`, () => {
        it("fail to bind, listen and connect, which is told once with the error, and succeed, which is not", async () => {
          const port = ports++;
          const did = async (deed: string, address: string, to: number): Promise<number> =>
            (await call(width, way, deed, address, to)).get("done")!;
          const done = {
            bind: await did("bind", "127.0.0.1", TAKEN),
            listen: await did("listen", "127.0.0.1", port),
            connect: await did("connect", NOWHERE, CLOSED),
            refused: await did("connect", there, CLOSED),
            bound: await did("bind", "127.0.0.1", ports++),
            connected: await did("connect", there, OPEN),
          };
          await watched.fence();
          const told = (pid: number): unknown[] =>
            of(pid)
              .filter(({ type }) => type !== "LISTENING")
              .map(({ type, call: by, error, local, remote }) => [type, by, error, (remote ?? local)?.address, (remote ?? local)?.port]);
          assert.deepEqual(Object.fromEntries(Object.entries(done).map(([deed, pid]) => [deed, told(pid)])), {
            bind: [["BIND_FAILED", "bind", "EADDRINUSE", "127.0.0.1", TAKEN]],
            listen: [["BIND_FAILED", "listen", "EADDRINUSE", "127.0.0.1", port]],
            connect: [["CONNECT_FAILED", "connect", "ENETUNREACH", NOWHERE, CLOSED]],
            refused: [["CONNECT_REFUSED", undefined, "ECONNREFUSED", there, CLOSED]],
            bound: [],
            connected: [],
          });
        });

        it("make a packet socket, which is told once", async () => {
          const pid = (await call(width, way, "packet", there, 0)).get("done")!;
          await watched.fence();
          assert.deepEqual(
            of(pid).map(({ type, call: by }) => [type, by]),
            [["PACKET_SOCKET", "socket"]],
          );
        });

        it("accept in silence, and the one that did is named", async () => {
          const port = ports++;
          const said = await call(width, way, "accept", lab.end("client:eth0").ipv4, port, 2);
          lab.spawn("server", [
            "perl",
            "-MIO::Socket::INET",
            "-e",
            `$socket = IO::Socket::INET->new("${lab.end("client:eth0").ipv4}:${port}") or die; sleep`,
          ]);
          const row = await eventually("it is accepted", async () => {
            const found = await flow(({ destination, state }) => destination.port === port && state === "established");
            return found?.process?.pid === said.get("child") && found;
          });
          assert.notEqual(row.process?.pid, said.get("done"));
        });

        for (const deed of ["receive", "take"])
          it(`${deed} a socket of another process, which has it from then on`, async () => {
            const known = new Set((await allFlows()).map(({ source }) => source.port));
            const said = await call(width, way, deed, there, OPEN, 2);
            const rows = (await allFlows()).filter(({ protocol, source }) => protocol === "udp" && !known.has(source.port));
            assert.deepEqual(
              rows.map(({ process }) => [process?.pid, process?.creator]),
              [[said.get("child"), said.get("parent")]],
            );
          });
      });

  const allFlows = async (): Promise<FlowRow[]> => JSON.parse(await agent.weir("flows", "--json")) as FlowRow[];
});
