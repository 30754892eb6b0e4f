/** A little traffic whose every datagram is counted at both ends: 500 a second for each port. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { eventually } from "../harness/eventually.ts";
import type { Lab } from "../harness/netns.ts";

type Counts = Readonly<Record<number, number>>;

const ENOUGH = 100;

export class Traffic {
  readonly #receiver: ChildProcess;
  readonly #sender: ChildProcess;

  private constructor(receiver: ChildProcess, sender: ChildProcess) {
    this.#receiver = receiver;
    this.#sender = sender;
  }

  /** From the lab's client to these UDP ports of its server, from `sockets` source ports. */
  static async start(lab: Lab, ports: readonly number[], sockets = 1): Promise<Traffic> {
    const receiver = await child(lab, "server", ["receive", ...ports]);
    const sender = await child(lab, "client", ["send", lab.end("server:eth0").ipv4, sockets, ...ports]);
    return new Traffic(receiver, sender);
  }

  received(): Promise<Counts> {
    return ask(this.#receiver, "how many");
  }

  sent(): Promise<Counts> {
    return ask(this.#sender, "how many");
  }

  /** Goes on until so many more were sent to the port, and, where they pass, have come in. */
  async more(port: number, arrives: boolean): Promise<void> {
    const side = () => (arrives ? this.received() : this.sent());
    const before = (await side())[port]!;
    await eventually(`more traffic to port ${port}`, async () => (await side())[port]! >= before + ENOUGH);
  }

  /** What was on its way to the port has come in and no more does, while it does to the twin. */
  async endsAt(port: number, twin: number): Promise<void> {
    await eventually(`no traffic to port ${port}`, async () => {
      const before = (await this.received())[port]!;
      await this.more(twin, true);
      return (await this.received())[port] === before;
    });
  }

  /** Ends it; answers what was sent. */
  stop(): Promise<Counts> {
    return ask(this.#sender, "stop");
  }
}

async function child(lab: Lab, namespace: string, words: readonly (string | number)[]): Promise<ChildProcess> {
  const started = lab.spawn(namespace, [process.execPath, join(import.meta.dirname, "traffic-child.ts"), ...words.map(String)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await once(started, "message");
  return started;
}

async function ask(asked: ChildProcess, word: string): Promise<Counts> {
  const answer = once(asked, "message");
  asked.send(word);
  return ((await answer) as [Counts])[0];
}
