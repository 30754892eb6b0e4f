/** What an agent tells of sockets, as somebody who watches it hears. */

import { ControlClient } from "../../agent/api/client.ts";
import { type SocketEvent, SOCKET_EVENT_TYPES } from "../../agent/observe/events/event.ts";
import type { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";

const TYPES: ReadonlySet<string> = new Set(SOCKET_EVENT_TYPES);

export class Watched implements Disposable {
  readonly events: SocketEvent[] = [];
  readonly #agent: AgentHome;
  readonly #end = new AbortController();

  private constructor(agent: AgentHome) {
    this.#agent = agent;
  }

  /** Starts the agent, watched at eth0, and returns once system calls are traced and events are heard. */
  static async startTraced(agent: AgentHome, config = ""): Promise<Watched> {
    await agent.start({ config: `${config}interfaces: { include: [eth0] }\nprobes: { system_calls: on }\n` });
    await eventually("system calls are traced", async () => (await agent.status()).probes.system_calls.state === "on", 60_000);
    return Watched.from(agent);
  }

  /** Returns once events are heard. */
  static async from(agent: AgentHome): Promise<Watched> {
    const watched = new Watched(agent);
    void watched.#follow();
    await watched.fence();
    return watched;
  }

  /** Returns once everything is here that happened before. A raw socket marks the place. */
  async fence(): Promise<void> {
    const { lab, namespace } = this.#agent;
    const marks = (): number => this.events.filter(({ type, protocol }) => type === "RAW_SOCKET" && protocol === "253").length;
    const before = marks();
    await eventually("the mark", async () => {
      await lab.exec(namespace, "perl", "-e", "socket(S, 2, 3, 253) or die");
      return marks() > before;
    });
  }

  async #follow(): Promise<void> {
    for await (const line of new ControlClient(this.#agent.controlSocket).watch({}, this.#end.signal)) {
      const event = JSON.parse(line) as SocketEvent;
      if (TYPES.has(event.type)) this.events.push(event);
    }
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }
}
