/**
 * Tells the service manager how the agent is, as sd_notify(3) does: over the socket that NOTIFY_SOCKET names. Where no
 * service manager asks for it, nothing is sent.
 */

import { closeSync } from "node:fs";

import { libc } from "./kernel/syscall.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC_NONBLOCK = 2 | 0o2000000 | 0o4000;
const MSG_NOSIGNAL = 0x4000;
/** Of a socket's address: its family, and the path with a final NUL. */
const FAMILY_LENGTH = 2;
const LONGEST_PATH = 107;
/** systemd restarts an agent that says nothing for its WatchdogSec: several messages may be lost before. */
const MESSAGES_A_WATCH = 4;

export class ServiceManager {
  readonly #address: Buffer | undefined;
  /** Milliseconds from one sign of life to the next; undefined where nobody watches. */
  readonly #interval: number | undefined;

  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.#address = addressOf(env["NOTIFY_SOCKET"]);
    const micros = Number(env["WATCHDOG_USEC"]);
    const isOurs = env["WATCHDOG_PID"] === undefined || Number(env["WATCHDOG_PID"]) === process.pid;
    this.#interval = this.#address !== undefined && isOurs && micros > 0 ? micros / 1000 / MESSAGES_A_WATCH : undefined;
  }

  /** Milliseconds from one `alive` to the next; undefined where nobody watches. */
  get interval(): number | undefined {
    return this.#interval;
  }

  /** The rules are in force. */
  ready(status: string): void {
    this.send("READY=1", `STATUS=${status}`);
  }

  stopping(): void {
    this.send("STOPPING=1");
  }

  /** To be called each `interval` by the loop whose life matters. */
  alive(): void {
    this.send("WATCHDOG=1");
  }

  /** One datagram; a service manager that takes none is none of the agent's troubles. */
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

/** A path, or behind @ a name in the abstract namespace; anything else is not for a local process. */
function addressOf(name: string | undefined): Buffer | undefined {
  if (name === undefined || !/^[/@]./.test(name) || Buffer.byteLength(name) > LONGEST_PATH) return undefined;
  const isAbstract = name.startsWith("@");
  const address = Buffer.alloc(FAMILY_LENGTH + Buffer.byteLength(name) + (isAbstract ? 0 : 1));
  address.writeUInt16LE(AF_UNIX);
  address.write(isAbstract ? name.slice(1) : name, FAMILY_LENGTH + (isAbstract ? 1 : 0));
  return address;
}
