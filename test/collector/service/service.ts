/**
 * Runs weir as its unit says, without systemd: with the same capabilities, the same view of the file system and the
 * same filter of system calls. All that it writes, what it pins in the kernel too, goes with its mount namespace.
 */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { eventually } from "../../harness/eventually.ts";
import { forOthers } from "../../harness/for-others.ts";
import type { Lab, Outcome } from "../../harness/netns.ts";
import { SHIPPED } from "../expressions.ts";
import { filterOf } from "./seccomp.ts";
import { type Confinement, confinementOf } from "./unit.ts";

const CHECKOUT = join(import.meta.dirname, "../../..");
/** There on every system, and of no use to the agent. What the test brings along is seen below it. */
const STAGE = "/srv";
const WEIR = `${STAGE}/weir/agent/weir`;
/** Other users than root run this copy, because the checkout may be closed to them. */
export const WEIR_FOR_OTHERS = `${STAGE}/others/agent/weir`;
/** Not there at first. Only what the service may write to can be written to by then. */
const BIN = "/run/weir/bin";
/** What systemd gives to every service. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";

export class Service implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #namespace: string;
  readonly #folder: string;
  readonly #confinement: Confinement;
  #machine: ChildProcess | undefined;
  #agent: ChildProcess | undefined;
  #said = "";

  private constructor(lab: Lab, namespace: string, folder: string, confinement: Confinement) {
    this.#lab = lab;
    this.#namespace = namespace;
    this.#folder = folder;
    this.#confinement = confinement;
  }

  /** Makes what systemd makes before it starts the command. */
  static async install(
    lab: Lab,
    namespace: string,
    configuration: string,
    change: (unit: string) => string = (unit) => unit,
  ): Promise<Service> {
    const confinement = confinementOf(change(await readFile(join(SHIPPED, "weir.service"), "utf8")));
    const folder = await mkdtemp(join(tmpdir(), "weir-service-"));
    const service = new Service(lab, namespace, folder, confinement);
    try {
      await writeFile(join(folder, "filter"), filterOf(confinement));
      await writeFile(join(folder, "weir.yaml"), configuration, { mode: 0o600 });
      await service.#prepare();
      return service;
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
  }

  get pid(): number {
    return this.#agent?.pid ?? 0;
  }

  get said(): string {
    return this.#said;
  }

  /** From now on the agent finds this for systemctl. */
  async imitateSystemctl(script: string): Promise<void> {
    await this.exec(
      "sh",
      "-c",
      `mkdir -p ${BIN} && printf '#!/bin/sh\\n%s\\n' "$1" >${BIN}/systemctl && chmod 755 ${BIN}/systemctl`,
      "sh",
      script,
    );
  }

  /** Returns when the agent answers; refuses when it ended instead. */
  async start(): Promise<void> {
    const { command, capabilities, umask } = this.#confinement;
    const [program, ...words] = command;
    if (program !== "weir") throw new RangeError(`the unit starts ${program}`);
    const bounding = ["-all", ...capabilities.map((name) => `+${name}`)].join();
    const limited = [
      "setpriv",
      "--bounding-set",
      bounding,
      "--inh-caps",
      "-all",
      "--no-new-privs",
      `${STAGE}/test/node`,
      `${STAGE}/weir/test/collector/service/enter-child.ts`,
    ];
    this.#said = "";
    this.#agent = this.#spawn([
      "sh",
      "-c",
      `cd / && umask ${umask} && exec "$@"`,
      "sh",
      ...limited,
      `${STAGE}/test/filter`,
      WEIR,
      ...words,
    ]);
    const agent = this.#agent;
    agent.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#said += text));
    await eventually(
      "the agent answers",
      async () => {
        if (agent.exitCode !== null || agent.signalCode !== null)
          throw new Error(`the service ended with ${agent.exitCode ?? agent.signalCode}:\n${this.#said}`);
        return this.#said.includes("weir runs") && (await this.attempt(WEIR, "status")).code === 0;
      },
      90_000,
    );
  }

  /** As an operator, who sees the file system of the service but is not limited; "weir" is the one that is tested. */
  async attempt(...command: string[]): Promise<Outcome> {
    const child = this.#spawn(command.map((word) => (word === "weir" ? WEIR : word)));
    let [stdout, stderr] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stdout, stderr };
  }

  /** What has to succeed, and what it printed. */
  async exec(...command: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(...command);
    if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${stderr}${stdout}\n${this.#said}`);
    return stdout;
  }

  signal(signal: NodeJS.Signals): void {
    this.#agent?.kill(signal);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const gone = once(this.#agent!, "exit") as Promise<[number | null]>;
    this.signal(signal);
    return (await gone)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [this.#agent, this.#machine]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    }
    await rm(this.#folder, { recursive: true });
  }

  #spawn(command: readonly string[]): ChildProcess {
    const view = ["nsenter", "--mount", "--uts", "--target", String(this.#machine!.pid), "--"];
    return this.#lab.spawn(this.#namespace, [...view, ...command], { stdio: ["ignore", "pipe", "pipe"], env: { PATH: `${BIN}:${PATH}` } });
  }

  /** A process that does nothing holds the view of the file system. */
  async #prepare(): Promise<void> {
    const words = [
      "unshare",
      "--mount",
      "--uts",
      "--propagation",
      "private",
      "sh",
      "-euc",
      script(this.#confinement),
      "sh",
      CHECKOUT,
      this.#folder,
      process.execPath,
      forOthers().folder,
    ];
    const machine = this.#lab.spawn(this.#namespace, words, { stdio: ["ignore", "pipe", "pipe"], env: { PATH } });
    this.#machine = machine;
    let said = "";
    machine.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
    const [ready] = (await Promise.race([once(machine.stdout!, "data"), once(machine, "exit")])) as [unknown];
    if (!Buffer.isBuffer(ready)) throw new Error(`the view of the service cannot be made: ${said}`);
  }
}

/** The script takes four words: the checkout, the folder of the test, Node.js, and the copy of weir for other users. */
function script({ directories, writable }: Confinement): string {
  return [
    // What is brought along, and a BPF file system of its own.
    `mount -t tmpfs -o mode=0755 tmpfs ${STAGE}`,
    `mkdir ${STAGE}/weir ${STAGE}/others ${STAGE}/test ${STAGE}/etc ${STAGE}/var ${STAGE}/var/lib ${STAGE}/var/log ${STAGE}/var/cache ${STAGE}/run ${STAGE}/tmp ${STAGE}/var/tmp`,
    `mount --bind "$1" ${STAGE}/weir`,
    `mount --bind "$4" ${STAGE}/others`,
    `cp "$2"/* ${STAGE}/test`,
    `cp -p "$3" ${STAGE}/test/node`,
    "mount -t bpf bpf /sys/fs/bpf",
    // The directories systemd makes, on copies, so that this machine's stay as they are.
    `cp -a /etc/. ${STAGE}/etc`,
    ...directories.map(({ path, mode }) => `mkdir -p -m ${mode} ${STAGE}${path}`),
    `cp -p ${STAGE}/test/weir.yaml ${STAGE}/etc/weir/weir.yaml`,
    ...["/etc", "/var", "/run", "/tmp"].map((path) => `mount --rbind ${STAGE}${path} ${path}`),
    // Everything else becomes read-only.
    "if [ -d /usr/lib/modules ]; then mount -t tmpfs -o mode=0 tmpfs /usr/lib/modules; fi",
    // Paths that something else covers by now are no mount points any more.
    `while read -r _ path _; do case $path in ${["/dev", "/proc", "/sys"].flatMap((path) => [path, `${path}/*`]).join("|")}) ;; *) if mountpoint -q "$path"; then mount -o remount,bind,ro "$path"; fi ;; esac; done </proc/self/mounts`,
    ...directories
      .filter((directory) => directory.writable)
      .map(({ path }) => `mount --bind ${path} ${path} && mount -o remount,bind,rw ${path}`),
    ...["/tmp", "/var/tmp"].map((path) => `mount -t tmpfs tmpfs ${path}`),
    ...writable.map((path) => `mount -o remount,bind,rw ${path}`),
    "echo ready",
    "exec sleep infinity",
  ].join("\n");
}
