/**
 * Whose connection it is, with system calls traced, not traced, and with a configuration that changes its mind all the while: never anybody
 * else's. What nobody knows is counted, and is not more where calls are traced. WEIR_STORM sets how many processes there are.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { ControlClient } from "../../agent/api/client.ts";
import type { FlowRow } from "../../agent/observe/flows/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";

const STORM = Number(process.env["WEIR_STORM"] ?? 300);
const WORKERS = 3;
const VISITS = 6;
const SWITCH_MS = 200;
const PORT = 8080;
const FAR = "10.9.0.0/16";
const MODES = ["off", "on", "switched"] as const;

const config = (calls: string): string => `
interfaces: { include: [eth0] }
events_per_second: 100000
probes: { system_calls: ${calls} }
rules: [{ name: far, action: block, direction: egress, layer3: { destination: [${FAR}] } }]
`;

interface Deed {
  to: string;
  pid: number;
}

describe("the owner of a connection, whether system calls are traced or not", requires(root(), tool("cc", "gcc")), () => {
  let lab: Lab;
  let agent: AgentHome;
  let client: ControlClient;
  let here: string;
  const folder = mkdtempSync(join(tmpdir(), "weir-traced-"));
  const actor = join(folder, "actor");
  const unknown: Partial<Record<(typeof MODES)[number], number>> = {};

  before(async () => {
    execFileSync("cc", ["-O2", "-Wall", "-Werror", "-o", actor, join(import.meta.dirname, "actor.c")]);
    lab = await makeLab();
    here = lab.end("client:eth0").ipv4;
    await lab.exec("server", "ip", "route", "add", "local", FAR, "dev", "lo");
    await lab.exec("client", "ip", "route", "add", FAR, "via", lab.end("server:eth0").ipv4);
    await Receiver.open(lab, "server", { tcp: [PORT], udp: [PORT] });
    agent = await AgentHome.make(lab, "client");
    await agent.start({ config: config("off") });
    client = new ControlClient(agent.controlSocket);
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  function act(...words: string[]): { deeds: Deed[]; kill(): void } {
    const child = lab.spawn("client", [actor, ...words], { stdio: ["pipe", "pipe", "inherit"] });
    const deeds: Deed[] = [];
    createInterface(child.stdout!).on("line", (line) => {
      const [to, , pid] = line.split(" ") as [string, string, string];
      deeds.push({ to, pid: Number(pid) });
    });
    return { deeds, kill: () => child.kill() };
  }

  async function configure(calls: string): Promise<void> {
    await agent.configure(config(calls));
    await client.reload();
  }

  /** Does this while the configuration is as the mode says. */
  async function during<T>(mode: (typeof MODES)[number], deed: () => Promise<T>): Promise<T> {
    await configure(mode === "switched" ? "on" : mode);
    if (mode !== "switched") {
      await eventually(`it is ${mode}`, async () => (await agent.status()).probes.system_calls.state === mode, 60_000);
      return deed();
    }
    let done = false;
    const switching = (async () => {
      for (let turn = 0; !done; turn++) {
        await configure(turn % 2 === 0 ? "off" : "on");
        await sleep(SWITCH_MS);
      }
    })();
    try {
      return await deed();
    } finally {
      done = true;
      await switching;
    }
  }

  for (const [round, mode] of MODES.entries())
    it(`is never a wrong one while they are ${mode}`, async (t) => {
      const first = `10.9.${64 * round + 1}.0`;
      const missing = await during(mode, async () => {
        const storm = act("storm", "tcp", first, String(PORT), String(STORM));
        await eventually("all connect", () => storm.deeds.length >= STORM, 120_000);
        const named = await eventually("all are told", async () => {
          const found = new Map<string, number | undefined>();
          for (const line of (await agent.audit()).split("\n")) {
            const to = / DETECTED far \S+ \S+ > ([\d.]+):/.exec(line)?.[1];
            if (to !== undefined && storm.deeds.some((deed) => deed.to === to)) found.set(to, pidOf(line));
          }
          return found.size === STORM && found;
        });
        const wrong = storm.deeds.filter(({ to, pid }) => named.get(to) !== undefined && named.get(to) !== pid);
        assert.deepEqual(wrong, []);
        return storm.deeds.filter(({ to }) => named.get(to) === undefined).length;
      });
      unknown[mode] = missing;
      t.diagnostic(`of ${STORM} connections ${missing} have no process`);
      assert.ok(missing <= STORM / 1000, `${missing} of ${STORM} are unknown`);
    });

  for (const [round, mode] of MODES.entries())
    it(`is the worker that accepts, or the listener as long as that is not known, while they are ${mode}`, async () => {
      const port = 7100 + round;
      await during(mode, async () => {
        const server = act("serve", "silent", here, String(port), String(WORKERS));
        await eventually("it listens", () => server.deeds.length > 0);
        const listener = server.deeds[0]!.pid;
        for (let visit = 1; visit <= VISITS; visit++) {
          lab.spawn("server", [actor, "hold", "tcp-joined", here, String(port), "1"], { stdio: ["pipe", "ignore", "inherit"] });
          await eventually("it is accepted", () => server.deeds.length > visit);
          const worker = server.deeds[visit]!;
          await eventually("it is the worker's", async () => {
            const of = (await flows()).find(({ source, destination }) => destination.port === port && String(source.port) === worker.to);
            assert.ok(of?.process === undefined || [listener, worker.pid].includes(of.process.pid), JSON.stringify(of));
            return of?.process?.pid === worker.pid;
          });
        }
        server.kill();
      });
    });

  it("is known at least as often where they are traced", () => {
    assert.ok(unknown.on! <= unknown.off!, JSON.stringify(unknown));
  });

  const flows = async (): Promise<FlowRow[]> => JSON.parse(await agent.weir("flows", "--json")) as FlowRow[];
});

function pidOf(line: string): number | undefined {
  const pid = / pid=(\d+) /.exec(line)?.[1];
  return pid === undefined ? undefined : Number(pid);
}
