/** What it costs a process that weir learns whose its sockets are. Another agent on the machine would be there without weir, too: none may run. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Limit } from "../../agent/generated/layout.ts";
import type { RuleText } from "../conformance/policy.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { AgentRun, HOOKS, homeOf } from "./agent-run.ts";
import { type Benchmark, type Figure, type Goal, interleave } from "./figure.ts";
import { ruleSet, textOf } from "./rules.ts";

const BATCHES = 20;

interface Loop {
  name: string;
  kind: "tcp" | "udp" | "none" | "start";
  /** The namespace of the other end. */
  to: "client" | "server";
  /** In comparison with a TCP connection, how many fit into the same time. */
  often: number;
  /** Rules beside the others. */
  rules?: readonly RuleText[];
  goal?: Goal;
}

/** They match nothing here, and give the kernel as much to compare as there can be. */
const OF_PROCESSES: readonly RuleText[] = Array.from({ length: Limit.KINDS }, (_, kind) => ({
  name: `kind-${kind}`,
  action: "block",
  process: { executable: Array.from({ length: Limit.PATTERNS / Limit.KINDS }, (_, path) => `*/opt/${kind}/bin/${path}`) },
}));

const LOOPS: readonly Loop[] = [
  { name: "TCP connect, accept and close on loopback", kind: "tcp", to: "client", often: 1, goal: { bound: "at most", value: 1.1 } },
  { name: "TCP connect, accept and close over veth", kind: "tcp", to: "server", often: 1 },
  { name: "UDP connect and close", kind: "udp", to: "server", often: 4, goal: { bound: "at most", value: 1.2 } },
  { name: "TCP over veth with 256 rules about processes", kind: "tcp", to: "server", often: 1, rules: OF_PROCESSES },
  { name: "starting a program", kind: "start", to: "server", often: 0.05 },
  { name: "starting a program with 1,024 patterns", kind: "start", to: "server", often: 0.05, rules: OF_PROCESSES },
  { name: "another system call", kind: "none", to: "server", often: 100, goal: { bound: "at most", value: 1.1 } },
];

export const connections: Benchmark = {
  name: "connections",
  async measure({ transfers, repeat }) {
    await using lab = await makeLab();
    const folder = mkdtempSync(join(tmpdir(), "weir-connections-"));
    try {
      const program = join(folder, "connections");
      execFileSync("clang", ["-O2", "-Wall", "-Werror", "-o", program, join(import.meta.dirname, "connections.c")]);
      const figures: Figure[] = [];
      for (const loop of LOOPS) {
        await using home = await homeOf(lab, "client", textOf([...(loop.rules ?? []), ...ruleSet(1000)]));
        const run = () => time(lab, program, loop, Math.ceil((repeat / 100) * loop.often));
        const { bare, watched } = await interleave(transfers, Math.min, {
          bare: run,
          async watched() {
            await using _ = await AgentRun.start(home, HOOKS);
            return await run(); // or the agent has ended before it begins
          },
        });
        const { name, goal } = loop;
        figures.push({
          name,
          value: watched / bare,
          unit: "of no agent",
          note: `${watched} of ${bare} ns`,
          ...(goal === undefined ? {} : { goal }),
        });
      }
      return figures;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** Nanoseconds of one turn. */
async function time(lab: Lab, program: string, { kind, to }: Loop, count: number): Promise<number> {
  const address = to === "server" ? lab.end("server:eth0").ipv4 : "127.0.0.1";
  return Number(await lab.exec("client", program, kind, address, lab.path(to), String(BATCHES), String(count)));
}
