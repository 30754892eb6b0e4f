/** Raw frames at a device of a namespace: this side talks to a child that holds the packet socket. */

import type { ChildProcess, SpawnOptions } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";

export type FromChild = { kind: "ready" } | { kind: "sent" } | { kind: "failed"; why: string } | { kind: "frame"; bytes: Uint8Array };

export type Starter = (command: readonly string[], options: SpawnOptions) => ChildProcess;

export async function openWire(start: Starter, device: string): Promise<Wire> {
  return open(start, "wire-child.ts", device);
}

/** Makes a tun device, which goes with the wire. What is sent is what the device receives. */
export async function openTun(start: Starter, device: string): Promise<Wire> {
  return open(start, "tun-child.ts", device);
}

async function open(start: Starter, script: string, device: string): Promise<Wire> {
  const child = start([process.execPath, join(import.meta.dirname, script), device], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });
  const wire = new Wire(child);
  await wire.answer();
  return wire;
}

/**
 * To show that a frame did not arrive, send its allowed twin behind it and wait for that one: frames keep their
 * order, so what is not in `received` by then was dropped.
 */
export class Wire implements AsyncDisposable {
  /** Everything that came in since the wire was opened, VLAN tags in place; not what this host sent. */
  readonly received: Uint8Array[] = [];
  readonly #child: ChildProcess;
  readonly #answers: ((message: FromChild) => void)[] = [];
  readonly #arrivals = new EventEmitter();

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (message: FromChild) => {
      if (message.kind === "frame") {
        this.received.push(message.bytes);
        this.#arrivals.emit("frame");
      } else {
        this.#answers.shift()?.(message);
      }
    });
    child.once("exit", () => {
      for (const answer of this.#answers.splice(0)) answer({ kind: "failed", why: "the packet socket's process ended" });
    });
  }

  /** Done when the kernel has taken every frame. */
  async send(...frames: Uint8Array[]): Promise<void> {
    const answer = this.answer();
    this.#child.send(frames);
    await answer;
  }

  /** The first frame, past or to come, that `wanted` accepts; undefined when none came in time. */
  async find(wanted: (frame: Uint8Array) => boolean, milliseconds = 2000): Promise<Uint8Array | undefined> {
    const signal = AbortSignal.timeout(milliseconds);
    for (let seen = 0; ; ) {
      const found = this.received.slice(seen).find(wanted);
      if (found !== undefined) return found;
      seen = this.received.length;
      try {
        await once(this.#arrivals, "frame", { signal });
      } catch {
        return undefined;
      }
    }
  }

  async answer(): Promise<void> {
    const message = await new Promise<FromChild>((resolve) => this.#answers.push(resolve));
    if (message.kind === "failed") throw new Error(message.why);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}
