/**
 * Network namespaces for tests: made by the test, joined by veth pairs, gone afterwards whatever happened.
 *
 *     await using lab = await makeLab();
 *     await lab.exec("client", "ping", "-c1", lab.end("server:eth0").ipv4);
 *
 * Commands enter with nsenter: `ip netns exec` would remount /sys and hide what is pinned in bpffs.
 */

import { execFileSync, spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { createServer } from "node:net";
import { join } from "node:path";
import { atExit } from "./at-exit.ts";
import { openTun, openWire, type Wire } from "./wire.ts";

const MOUNTS = "/var/run/netns";

export interface LinkOptions {
  /** `namespace:device` of both ends. */
  from: string;
  to: string;
  mtu?: number;
  /** False turns segmentation, receive and checksum offload off, so that frames look as they would on a wire. */
  offload?: boolean;
}

export interface LabOptions {
  namespaces: readonly string[];
  /** Link number n has 198.18.n.0/24 and fd00:198:18:n::/64; its ends are .1 and .2. */
  links: readonly LinkOptions[];
}

export interface End {
  namespace: string;
  device: string;
  ipv4: string;
  ipv6: string;
  mac: string;
}

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

const PAIR: LabOptions = { namespaces: ["client", "server"], links: [{ from: "client:eth0", to: "server:eth0" }] };

/** By default a namespace `client` and one `server`, whose eth0 face each other. */
export async function makeLab(options: LabOptions = PAIR): Promise<Lab> {
  removeLeftovers();
  const lab = new Lab(options.namespaces);
  try {
    await lab.build(options.links);
    return lab;
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

let labsMade = 0;

export class Lab implements AsyncDisposable {
  readonly #names: ReadonlyMap<string, string>;
  readonly #ends = new Map<string, End>();
  readonly #children = new Set<ChildProcess>();
  readonly #wires = new Set<Wire>();
  readonly #callOff: () => void;

  constructor(namespaces: readonly string[]) {
    const prefix = `weir-${process.pid}-${startTime(process.pid)}-${labsMade++}`;
    this.#names = new Map(namespaces.map((name) => [name, `${prefix}-${name}`]));
    this.#callOff = atExit(() => this.removeNow());
  }

  async build(links: readonly LinkOptions[]): Promise<void> {
    for (const name of this.#names.values()) await this.#ip("netns", "add", name);
    await Promise.all([...this.#names.keys()].map((name) => this.exec(name, "sh", "-c", QUIET)));
    for (const [number, link] of links.entries()) await this.#connect(number, link);
  }

  /** The kernel's name of a namespace, as `ip -n` takes it. */
  name(namespace: string): string {
    const name = this.#names.get(namespace);
    if (name === undefined) throw new RangeError(`no namespace ${namespace} here; there are ${[...this.#names.keys()].join(", ")}`);
    return name;
  }

  /** The file to enter a namespace by. */
  path(namespace: string): string {
    return join(MOUNTS, this.name(namespace));
  }

  end(name: string): End {
    const end = this.#ends.get(name);
    if (end === undefined) throw new RangeError(`no end ${name} here; there are ${[...this.#ends.keys()].join(", ")}`);
    return end;
  }

  /** Starts a command in a namespace. It is killed with the lab at the latest. */
  spawn(namespace: string, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn("nsenter", [`--net=${this.path(namespace)}`, "--", ...command], options);
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  /** Runs a command and says how it ended. */
  async attempt(namespace: string, ...command: string[]): Promise<Outcome> {
    return outcome(this.spawn(namespace, command, { stdio: ["ignore", "pipe", "pipe"] }));
  }

  /** Runs a command that has to succeed, and returns what it printed. */
  async exec(namespace: string, ...command: string[]): Promise<string> {
    return printed(await this.attempt(namespace, ...command), `${namespace}: ${command.join(" ")}`);
  }

  /** Sends and receives raw frames at a device. */
  async wire(end: string): Promise<Wire> {
    const { namespace, device } = split(end);
    return this.#opened(await openWire((command, options) => this.spawn(namespace, command, options), device));
  }

  /** Makes a tun device, and is what lies behind it: sends and receives packets without Ethernet headers. */
  async tun(end: string): Promise<Wire> {
    const { namespace, device } = split(end);
    return this.#opened(await openTun((command, options) => this.spawn(namespace, command, options), device));
  }

  #opened(wire: Wire): Wire {
    this.#wires.add(wire);
    return wire;
  }

  /** TCP ports of loopback that nobody listens on in the namespace. Nothing else lives there, so they stay free. */
  async freePorts(namespace: string, count: number): Promise<number[]> {
    const script = `(${listenOnFreePorts.toString()})(require("node:net").createServer, ${count})`;
    return JSON.parse(await this.exec(namespace, process.execPath, "-e", script)) as number[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#wires].map((wire) => wire[Symbol.asyncDispose]()));
    const gone = [...this.#children].map((child) => once(child, "exit"));
    this.removeNow();
    await Promise.all(gone);
  }

  /** Kills everything inside and removes the namespaces, without waiting. */
  removeNow(): void {
    this.#callOff();
    for (const child of this.#children) child.kill("SIGKILL");
    for (const name of this.#names.values()) removeNamespace(name);
  }

  async #connect(number: number, link: LinkOptions): Promise<void> {
    const ends = [link.from, link.to].map((name, side): [string, End] => [
      name,
      {
        ...split(name),
        ipv4: `198.18.${number}.${side + 1}`,
        ipv6: `fd00:198:18:${number.toString(16)}::${side + 1}`,
        mac: `02:00:00:00:${number.toString(16).padStart(2, "0")}:0${side + 1}`,
      },
    ]);
    for (const [name, end] of ends) this.#ends.set(name, end);
    const [from, to] = ends.map(([, end]) => ["name", end.device, "netns", this.name(end.namespace), "address", end.mac]);
    await this.#ip("link", "add", ...(from ?? []), "type", "veth", "peer", ...(to ?? []));
    for (const [, end] of ends) await this.#raise(end, link);
  }

  async #raise(end: End, link: LinkOptions): Promise<void> {
    const { namespace, device } = end;
    if (link.offload === false) {
      await this.exec(namespace, "ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off", "gro", "off");
    }
    if (link.mtu !== undefined) await this.exec(namespace, "ip", "link", "set", device, "mtu", String(link.mtu));
    await this.exec(namespace, "ip", "address", "add", `${end.ipv4}/24`, "dev", device);
    await this.exec(namespace, "ip", "address", "add", `${end.ipv6}/64`, "dev", device, "nodad");
    await this.exec(namespace, "ip", "link", "set", device, "up");
  }

  async #ip(...words: string[]): Promise<void> {
    printed(await outcome(spawn("ip", words, { stdio: ["ignore", "pipe", "pipe"] })), `ip ${words.join(" ")}`);
  }
}

/** Loopback up, and no router solicitations that no test asked for. */
const QUIET = "ip link set lo up; for f in /proc/sys/net/ipv6/conf/*/router_solicitations; do echo 0 > $f; done";

async function outcome(child: ChildProcess): Promise<Outcome> {
  const output = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}

function printed(ended: Outcome, what: string): string {
  if (ended.code !== 0) throw new Error(`${what} ended with ${ended.code}: ${ended.stderr}${ended.stdout}`);
  return ended.stdout;
}

function split(end: string): { namespace: string; device: string } {
  const [namespace, device] = end.split(":");
  if (namespace === undefined || device === undefined) throw new TypeError(`an end is written namespace:device, not ${end}`);
  return { namespace, device };
}

/** Sent as text to a process inside the namespace. */
function listenOnFreePorts(create: typeof createServer, count: number): void {
  const servers = Array.from({ length: count }, () => create().listen(0, "127.0.0.1"));
  Promise.all(servers.map((server) => new Promise((listening) => server.once("listening", listening)))).then(() => {
    console.log(JSON.stringify(servers.map((server) => (server.address() as { port: number }).port)));
    process.exit();
  });
}

/** Namespaces of earlier runs that were killed before they could clean up. */
function removeLeftovers(): void {
  if (!existsSync(MOUNTS)) return;
  for (const name of readdirSync(MOUNTS)) {
    const [, pid, started] = /^weir-(\d+)-(\d+)-\d+-/.exec(name) ?? [];
    if (pid !== undefined && startTime(Number(pid)) !== started) removeNamespace(name);
  }
}

function removeNamespace(name: string): void {
  try {
    const pids = execFileSync("ip", ["netns", "pids", name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    for (const pid of pids.split("\n").filter(Boolean)) kill(Number(pid));
    execFileSync("ip", ["netns", "delete", name], { stdio: "ignore" });
  } catch {
    // It was never made, or another run of the tests removed it first.
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** In clock ticks since boot: tells a process from a later one with the same pid. */
function startTime(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
  } catch {
    return undefined;
  }
}
