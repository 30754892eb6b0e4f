/** An agent under measurement: nothing but itself runs for it, so it is watched through its audit log and /proc. */

import { execFileSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { AgentHome } from "../harness/agent.ts";
import { atExit } from "../harness/at-exit.ts";
import { eventually } from "../harness/eventually.ts";
import type { Lab } from "../harness/netns.ts";

const WEIR = join(import.meta.dirname, "../../agent/weir");
const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
/** The last of what an agent writes when it starts. */
const STARTED = / #\d+ START /;
const STEP = /^(\S+) #\d+ (?:ATTACH|START) /;

export class AgentRun implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** From being spawned to the last hook attached, by the agent's own clock. */
  readonly attachedMs: number;

  private constructor(child: ChildProcess, attachedMs: number) {
    this.#child = child;
    this.attachedMs = attachedMs;
  }

  /** `prefix`: what runs a command, where it is not run as it is. */
  static async start(home: AgentHome, hooks: number, prefix: readonly string[] = []): Promise<AgentRun> {
    const lines = (): string[] => (existsSync(home.auditPath) ? readFileSync(home.auditPath, "utf8").split("\n") : []);
    const before = lines().length;
    const spawned = Date.now();
    const child = home.lab.spawn(home.namespace, [...prefix, WEIR, "run", "--no-view", "--config", home.configPath], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-10_000)));
    const steps = await eventually(
      "the agent has started",
      () => {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`the agent ended with ${child.exitCode ?? child.signalCode}:\n${said}`);
        const added = lines().slice(Math.max(before - 1, 0));
        return added.some((line) => STARTED.test(line)) && added.flatMap((line) => STEP.exec(line)?.[1] ?? []);
      },
      60_000,
    );
    const run = new AgentRun(child, Math.max(...steps.map((time) => Date.parse(time))) - spawned);
    if (steps.length === hooks + 1) return run;
    await run[Symbol.asyncDispose]();
    throw new Error(`the agent attached to ${steps.length - 1} hooks where ${hooks} are meant:\n${said}`);
  }

  /** Of all its threads, in user space and in the kernel, since it began. */
  cpuSeconds(): number {
    const fields = this.#read("stat").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  residentMB(): number {
    return (Number(/^VmRSS:\s*(\d+) kB/m.exec(this.#read("status"))![1]) * 1024) / 1e6;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await gone;
  }

  #read(file: string): string {
    return readFileSync(`/proc/${this.#child.pid}/${file}`, "utf8");
  }
}

/** A folder with a configuration for the device eth0 of the namespace. */
export async function homeOf(lab: Lab, namespace: string, config: string, { mode = "detect", ingress = "auto" } = {}): Promise<AgentHome> {
  const home = await AgentHome.make(lab, namespace);
  atExit(() => {
    for (const left of [home.pins, home.folder]) rmSync(left, { recursive: true, force: true });
  });
  await home.configure(`mode: ${mode}\ninterfaces: { include: [eth0], ingress: ${ingress} }\n${config}`);
  return home;
}

/** Ingress and egress of eth0. */
export const HOOKS = 2;
