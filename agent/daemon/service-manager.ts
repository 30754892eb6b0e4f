/**
 * Reports the agent's state to the service manager, as sd_notify(3) does: over the socket in NOTIFY_SOCKET. If no service manager
 * asks for it, nothing is sent.
 */

import { closeSync } from "node:fs";

import { libc } from "../kernel/syscall.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC_NONBLOCK = 2 | 0o2000000 | 0o4000;
const MSG_NOSIGNAL = 0x4000;
/** The address of a Unix socket is its family in this many bytes, and the path with a final NUL. */
const FAMILY_LENGTH = 2;
const LONGEST_PATH = 107;
/** systemd restarts an agent that sends nothing for its WatchdogSec. Several messages may get lost before that. */
const MESSAGES_A_WATCH = 4;

export class ServiceManager {
  readonly #address: Buffer | undefined;
  /** The milliseconds between two signs of life; undefined if the service manager does not watch. */
  readonly #interval: number | undefined;

  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.#address = addressOf(env["NOTIFY_SOCKET"]);
    const micros = Number(env["WATCHDOG_USEC"]);
    const isOurs = env["WATCHDOG_PID"] === undefined || Number(env["WATCHDOG_PID"]) === process.pid;
    this.#interval = this.#address !== undefined && isOurs && micros > 0 ? micros / 1000 / MESSAGES_A_WATCH : undefined;
  }

  /** The caller calls `alive` each time this many milliseconds have passed; undefined if the service manager does not watch. */
  get interval(): number | undefined {
    return this.#interval;
  }

  /** Reports that the rules are in force. */
  ready(status: string): void {
    this.send("READY=1", `STATUS=${status}`);
  }

  stopping(): void {
    this.send("STOPPING=1");
  }

  /** The loop that must stay alive calls this each `interval`. */
  alive(): void {
    this.send("WATCHDOG=1");
  }

  /** Sends one datagram. If the service manager does not take it, the agent goes on. */
  send(...lines: string[]): void {
    if (this.#address === undefined) return;
    const fd = libc().socket(AF_UNIX, SOCK_DGRAM_CLOEXEC_NONBLOCK, 0);
    if (fd < 0) return;
    try {
      const text = Buffer.from(`${lines.join("\n")}\n`);
      libc().sendto(fd, text, text.length, MSG_NOSIGNAL, this.#address, this.#address.length);
    } finally {
      closeSync(fd);
    }
  }
}

/** The name is a path, or behind @ a name in the abstract namespace. Any other name does not belong to a local process. */
function addressOf(name: string | undefined): Buffer | undefined {
  if (name === undefined || !/^[/@]./.test(name) || Buffer.byteLength(name) > LONGEST_PATH) return undefined;
  const isAbstract = name.startsWith("@");
  const address = Buffer.alloc(FAMILY_LENGTH + Buffer.byteLength(name) + (isAbstract ? 0 : 1));
  address.writeUInt16LE(AF_UNIX);
  address.write(isAbstract ? name.slice(1) : name, FAMILY_LENGTH + (isAbstract ? 1 : 0));
  return address;
}
