/**
 * What weir has in memory when very many processes and sockets have come and gone, and when there are very many sockets at
 * once: as many as the machine has room for. Tables that forget the oldest are as large as ever.
 */

import { execFileSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { ControlClient } from "../../agent/api/client.ts";
import { libbpf } from "../../agent/kernel/libbpf.ts";
import { BpfMap } from "../../agent/kernel/maps.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { AgentRun, HOOKS, homeOf } from "./agent-run.ts";
import type { Benchmark, Figure } from "./figure.ts";
import { rulesText } from "./rules.ts";

/** What the kernel needs for one, on the safe side, and how much of the free memory may be used up. */
const SOCKET_BYTES = 5000;
const SHARE = 0.5;
/** Of one process, which has an address of its own for them: an address has not many more ports. */
const SOCKETS_EACH = Math.min(Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))![1]) - 100, 20_000);

interface State {
  tablesMB: number;
  residentMB: number;
}

export const memory: Benchmark = {
  name: "memory",
  async measure({ processes, sockets, settleMs }) {
    await using lab = await makeLab();
    await using home = await homeOf(lab, "client", rulesText(1000));
    await using run = await AgentRun.start(home, HOOKS);
    const control = new ControlClient(home.controlSocket);
    const folder = mkdtempSync(join(tmpdir(), "weir-memory-"));
    try {
      const [crowd, loop] = ["memory", "connections"].map((name) => built(folder, name)) as [string, string];
      const peer = lab.end("server:eth0").ipv4;
      const state = async (): Promise<State> => {
        await sleep(settleMs);
        return { tablesMB: await tablesMB(control), residentMB: run.residentMB() };
      };
      const idle = await state();
      const figures: Figure[] = [{ name: "idle: tables", value: idle.tablesMB, unit: "MB" }];
      const tell = (what: string, now: State): void => void figures.push(...compared(what, now, idle));

      await lab.exec("client", crowd, "processes", peer, String(processes));
      tell(`${processes} processes came and went`, await state());
      await lab.exec("client", loop, "udp", peer, lab.path("client"), "1", String(sockets));
      tell(`${sockets} sockets came and went`, await state());

      const count = Math.min(sockets, roomFor());
      const holders = await hold(lab, crowd, count);
      tell(`${count} sockets at once`, await state());
      const began = performance.now();
      await control.sockets({ limit: 10 });
      figures.push({
        name: `${count} sockets at once: 10 listed in`,
        value: performance.now() - began,
        unit: "ms",
        note: `owners of ${await entries(control, "owners")} sockets are kept`,
      });
      tell(`${count} sockets at once, listed`, await state());
      for (const holder of holders) holder.kill("SIGKILL");
      return figures;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function compared(what: string, now: State, idle: State): Figure[] {
  const figure = (name: string, of: keyof State): Figure => ({
    name: `${what}: ${name}`,
    value: now[of] / idle[of],
    unit: "of idle",
    note: `${now[of].toFixed(0)} of ${idle[of].toFixed(0)} MB`,
  });
  return [figure("tables", "tablesMB"), figure("RSS", "residentMB")];
}

function built(folder: string, name: string): string {
  const program = join(folder, name);
  execFileSync("clang", ["-O2", "-Wall", "-Werror", "-o", program, join(import.meta.dirname, `${name}.c`)]);
  return program;
}

function roomFor(): number {
  const availableBytes = Number(/^MemAvailable:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"))![1]) * 1024;
  const [used, , most] = readFileSync("/proc/sys/fs/file-nr", "utf8").split("\t").map(Number);
  return Math.floor(Math.min((availableBytes * SHARE) / SOCKET_BYTES, (most! - used!) * SHARE));
}

async function hold(lab: Lab, program: string, count: number): Promise<ChildProcess[]> {
  const holders: ChildProcess[] = []; // killed with the lab, where this fails
  for (let left = count; left > 0; left -= SOCKETS_EACH) {
    const from = `127.0.${1 + (holders.length >> 7)}.${1 + (holders.length & 127)}`;
    const holder = lab.spawn("client", [program, "sockets", "127.0.0.1", String(Math.min(left, SOCKETS_EACH)), from], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    holders.push(holder);
    await Promise.race([
      once(holder.stdout!, "data"),
      once(holder, "exit").then(([code]) => Promise.reject(new Error(`the sockets could not be opened: ${code}`))),
    ]);
  }
  return holders;
}

/** What the kernel has reserved for the tables of the running agent. */
async function tablesMB(control: ControlClient): Promise<number> {
  const { tables } = await control.policy();
  return readdirSync(tables).reduce((sum, name) => sum + withMap(join(tables, name), (map) => map.memory()), 0) / 1e6;
}

async function entries(control: ControlClient, name: string): Promise<number> {
  return withMap(join((await control.policy()).tables, name), (map) => [...map.batches()].reduce((sum, { count }) => sum + count, 0));
}

function withMap<T>(path: string, read: (map: BpfMap) => T): T {
  const map = new BpfMap(path, libbpf().get(path));
  try {
    return read(map);
  } finally {
    map.close();
  }
}
