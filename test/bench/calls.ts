/**
 * What it costs others that weir traces system calls: an agent that does beside one that does not, and beside tools that count system
 * calls. Single calls are given in nanoseconds of one turn, and work as a share of what it takes without.
 */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { AgentRun, HOOKS, homeOf } from "./agent-run.ts";
import type { Benchmark, Figure, Scale } from "./figure.ts";
import { rulesText } from "./rules.ts";

const BATCHES = 20;
const PROBES = join(import.meta.dirname, "../../probes");
const PORT = 8088;

const MODES = { off: "not traced", on: "traced", asked: "traced, and those of one process shown" } as const;
type Mode = keyof typeof MODES;

/** Something to measure. `better` answers the best of several values. */
interface Work {
  name: string;
  unit: "ns" | "requests/s" | "s";
  better(...values: number[]): number;
  /** `before`: what runs a command, where it is not run as it is. */
  run(...before: string[]): Promise<number>;
}

/** They count the calls of the program that they start. */
const COUNTERS: readonly { name: string; command: readonly [string, ...string[]] }[] = [
  { name: "strace -c", command: ["/usr/bin/strace", "-f", "-c", "-o", "/dev/null"] },
  { name: "perf trace -s", command: ["/usr/bin/perf", "trace", "-s", "-o", "/dev/null"] },
];

export const calls: Benchmark = {
  name: "calls",
  async measure(scale) {
    await using lab = await makeLab();
    const folder = mkdtempSync(join(tmpdir(), "weir-calls-"));
    try {
      await using nginx = await startNginx(lab, folder);
      const works = [...turns(lab, folder, scale), ...(nginx === undefined ? [] : requests(lab, scale)), compiling(folder)];
      const found = await inModes(lab, works, scale.transfers);
      const figures: Figure[] = [];
      for (const work of works) {
        const { off, on, asked } = found.get(work)!;
        for (const [mode, value] of Object.entries({ off, on, asked }) as [Mode, number][])
          figures.push(figureOf(`${work.name}, ${MODES[mode]}`, work, value, off));
        if (work.unit !== "ns") continue;
        for (const { name, command } of COUNTERS)
          if (existsSync(command[0])) figures.push(figureOf(`${work.name}, counted by ${name}`, work, await work.run(...command), off));
      }
      return figures;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function figureOf(name: string, { unit }: Work, value: number, off: number): Figure {
  return { name, value, unit, note: `${(value / off).toFixed(2)} of what it is without` };
}

/** Measures everything in each mode, round after round. One agent goes from mode to mode. */
async function inModes(lab: Lab, works: readonly Work[], rounds: number): Promise<Map<Work, Record<Mode, number>>> {
  const found = new Map(works.map((work): [Work, Partial<Record<Mode, number>>] => [work, {}]));
  await using home = await homeOf(lab, "client", "");
  await home.configure(configOf("off"));
  await using _ = await AgentRun.start(home, HOOKS);
  for (let round = 0; round < rounds; round++)
    for (const mode of Object.keys(MODES) as Mode[]) {
      await using _mode = await enter(home, mode);
      for (const work of works) {
        const value = await work.run();
        const best = found.get(work)!;
        best[mode] = work.better(best[mode] ?? value, value);
      }
    }
  return found as Map<Work, Record<Mode, number>>;
}

function configOf(mode: Mode): string {
  return `interfaces: { include: [eth0] }\nprobes: { system_calls: ${mode === "off" ? "off" : "on"} }\n${rulesText(10)}`;
}

async function enter(home: AgentHome, mode: Mode): Promise<AsyncDisposable> {
  await home.configure(configOf(mode));
  const wanted = mode === "off" ? "off" : "on";
  await eventually("the agent is in this mode", async () => (await home.status()).probes.system_calls.state === wanted);
  if (mode !== "asked") return { [Symbol.asyncDispose]: async () => {} };
  const sleeper = spawn("/bin/sleep", ["1000"], { stdio: "ignore" });
  const shown = home.lab.spawn(home.namespace, [home.launcher, "sockets", "--calls", String(sleeper.pid), "--socket", home.controlSocket], {
    stdio: "ignore",
  });
  const gone = Promise.all([once(shown, "exit"), once(sleeper, "exit")]);
  await eventually("the calls of the process are shown", async () =>
    (await home.status()).probes.system_calls.attached.includes("sys_exit_write"),
  );
  return {
    async [Symbol.asyncDispose]() {
      shown.kill();
      sleeper.kill();
      await gone;
    },
  };
}

function turns(lab: Lab, folder: string, { repeat }: Scale): Work[] {
  const program = join(folder, "connections");
  execFileSync("clang", ["-O2", "-Wall", "-Werror", "-o", program, join(import.meta.dirname, "connections.c")]);
  const turn = (name: string, kind: string, often: number): Work => ({
    name,
    unit: "ns",
    better: Math.min,
    async run(...before) {
      const count = Math.ceil((repeat / 100) * often);
      const words = [program, kind, "127.0.0.1", lab.path("client"), String(BATCHES), String(count)];
      return Number(await lab.exec("client", ...([...before, ...words] as [string, ...string[]])));
    },
  });
  return [
    turn("getppid", "none", 100),
    turn("TCP connect, accept and close", "tcp", 1),
    turn("UDP send", "send", 10),
    turn("sendmsg and recvmsg of a byte", "message", 10),
    turn("sendmsg and recvmsg of a descriptor", "descriptor", 4),
  ];
}

function requests(lab: Lab, { transferSeconds }: Scale): Work[] {
  const load = (name: string, ...more: string[]): Work => ({
    name,
    unit: "requests/s",
    better: Math.max,
    async run() {
      const url = `http://${lab.end("client:eth0").ipv4}:${PORT}/`;
      const said = await lab.exec("server", "wrk", "-t1", "-c16", `-d${transferSeconds}s`, ...more, url);
      return Number(/Requests\/sec:\s*([\d.]+)/.exec(said)![1]);
    },
  });
  return [load("nginx, a connection for each request", "-H", "Connection: close"), load("nginx, connections kept open")];
}

/** A build: many processes and files, and no sockets. */
function compiling(folder: string): Work {
  const include = `/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
  const words = ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-I", PROBES, "-I", include, "-c", join(PROBES, "drops.bpf.c")];
  return {
    name: "compiling",
    unit: "s",
    better: Math.min,
    async run() {
      const began = performance.now();
      execFileSync("clang", [...words, "-o", join(folder, "drops.o")]);
      return (performance.now() - began) / 1000;
    },
  };
}

/** Answers undefined where nginx or wrk is missing. */
async function startNginx(lab: Lab, folder: string): Promise<AsyncDisposable | undefined> {
  if (!existsSync("/usr/sbin/nginx") || !existsSync("/usr/bin/wrk")) return undefined;
  const config = join(folder, "nginx.conf");
  const address = lab.end("client:eth0").ipv4;
  writeFileSync(join(folder, "index.html"), "x".repeat(1024));
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log /dev/null; user root;\n` +
      `events { worker_connections 1024; }\n` +
      `http { access_log off; keepalive_requests 1000000; server { listen ${address}:${PORT}; root ${folder}; } }\n`,
  );
  const child = lab.spawn("client", ["/usr/sbin/nginx", "-p", folder, "-c", config], { stdio: "ignore" });
  const gone = once(child, "exit");
  await eventually("nginx answers", async () => (await lab.attempt("server", "curl", "-sf", `http://${address}:${PORT}/`)).code === 0);
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await gone;
    },
  };
}
