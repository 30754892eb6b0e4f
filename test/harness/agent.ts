/** A real agent inside a namespace of a test, started as an operator does, and asked by the command line or its socket. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ControlClient } from "../../agent/api/client.ts";
import type { Status } from "../../agent/service/contract.ts";
import { removeLeftovers } from "../../agent/enforce/adoption/leftovers.ts";
import { pinDirectory } from "../../config/settings.ts";
import { defaultConfig } from "../../config/defaults.ts";
import { eventually } from "./eventually.ts";
import type { Lab, Outcome } from "./netns.ts";

const WEIR = join(import.meta.dirname, "../../agent/weir");

export interface AgentOptions {
  /** YAML below the keys that the harness writes itself: version, state_dir, control_socket, audit. */
  config?: string;
  env?: Record<string, string>;
  /** Further words of `weir run`. */
  words?: readonly string[];
}

/** A folder for one agent, which may be started in it several times. */
export class AgentHome implements AsyncDisposable {
  readonly lab: Lab;
  readonly namespace: string;
  readonly folder: string;
  readonly launcher: string;
  #running: ChildProcess | undefined;
  #said = "";

  private constructor(lab: Lab, namespace: string, folder: string, launcher: string) {
    this.lab = lab;
    this.namespace = namespace;
    this.folder = folder;
    this.launcher = launcher;
  }

  static async make(lab: Lab, namespace: string, launcher = WEIR): Promise<AgentHome> {
    return new AgentHome(lab, namespace, await mkdtemp(join(tmpdir(), "weir-agent-")), launcher);
  }

  get configPath(): string {
    return join(this.folder, "weir.yaml");
  }

  get auditPath(): string {
    return join(this.folder, "audit.log");
  }

  get stateDirectory(): string {
    return join(this.folder, "state");
  }

  get pins(): string {
    return pinDirectory({ ...defaultConfig(), state_dir: this.stateDirectory });
  }

  get controlSocket(): string {
    return join(this.folder, "control.sock");
  }

  get pid(): number {
    return this.#running?.pid ?? 0;
  }

  /** What the agent wrote to its own log. */
  get said(): string {
    return this.#said;
  }

  async configure(config: string): Promise<void> {
    const own = [
      "version: 1",
      `state_dir: ${this.stateDirectory}`,
      `control_socket: ${this.controlSocket}`,
      `audit: { path: ${this.auditPath} }`,
    ];
    await writeFile(this.configPath, `${own.join("\n")}\n${config}\n`, { mode: 0o600 });
  }

  async start({ config = "", env = {}, words = [] }: AgentOptions = {}): Promise<void> {
    await this.configure(config);
    await this.restart(env, words);
  }

  /** With the configuration as it is. Returns when the agent answers and says that it runs: it answers a little before. */
  async restart(env: Record<string, string> = {}, words: readonly string[] = []): Promise<void> {
    const child = this.lab.spawn(
      this.namespace,
      [this.launcher, "run", "--no-view", "--start-within", "60s", "--config", this.configPath, ...words],
      {
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, ...env },
      },
    );
    this.#running = child;
    let runs = false;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-100_000);
      runs ||= text.includes("weir runs");
    });
    await eventually(
      "the agent answers",
      async () => {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`the agent ended with ${child.exitCode ?? child.signalCode}:\n${this.#said}`);
        return (
          runs &&
          this.status().then(
            () => true,
            () => false,
          )
        );
      },
      90_000,
    );
  }

  /** `weir ...` against this agent. */
  attempt(...words: string[]): Promise<Outcome> {
    return this.lab.attempt(this.namespace, this.launcher, ...words, "--socket", this.controlSocket);
  }

  async weir(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(...words);
    if (code !== 0) throw new Error(`weir ${words.join(" ")} ended with ${code}: ${stderr}${stdout}\n${this.#said}`);
    return stdout;
  }

  /** Without the command line, whose start takes longer than anything here: a socket in the file system has no namespace. */
  status(): Promise<Status> {
    return new ControlClient(this.controlSocket).status();
  }

  async audit(): Promise<string> {
    return readFile(this.auditPath, "utf8");
  }

  /** A line of the audit log that fits, now or soon. */
  async auditLine(pattern: RegExp): Promise<string> {
    try {
      return await eventually(`a line ${pattern}`, async () => (await this.audit()).split("\n").find((line) => pattern.test(line)));
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await this.audit()}\n${this.#said}`);
    }
  }

  /** Ends it as a supervisor does; answers its exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#running;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = once(child, "exit") as Promise<[number | null]>;
    child.kill(signal);
    const [code] = await gone;
    this.#running = undefined;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    removeLeftovers(this.pins);
    await rm(this.folder, { recursive: true });
  }
}
