/** An agent in prevent mode, with rules in its file or with bans. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { ControlClient } from "../../../agent/api/client.ts";
import { MOST_NETWORKS } from "../../../agent/service/requests/networks.ts";
import type { RuleText } from "../../conformance/policy.ts";
import type { AgentHome } from "../../harness/agent.ts";
import { AgentRun, HOOKS, homeOf } from "../agent-run.ts";
import { textOf } from "../rules.ts";
import type { Save } from "../save-child.ts";
import { ANOTHER, ANOTHER_ADDRESS, addresses, entries, type Entry, SEED } from "./entries.ts";
import type { Contestant, Loading, Rival, Site } from "./rival.ts";

export const WEIR_RULES: Contestant = { name: "weir", namespace: "weir", open: async (site) => new Rules(site, "xdp") };
export const WEIR_RULES_TC: Contestant = {
  name: "weir on TC",
  namespace: "weir-tc",
  sameBut: "the hook",
  open: async (site) => new Rules(site, "tcx"),
};
export const WEIR_BANS: Contestant = { name: "weir, bans", namespace: "weir-bans", open: async (site) => new Bans(site, "xdp") };

/** Tables are made for as many rules as there are at the start, so each count has an agent of its own. */
class Rules implements Rival {
  readonly #site: Site;
  readonly #ingress: string;
  #agent: Agent | undefined;

  constructor(site: Site, ingress: string) {
    this.#site = site;
    this.#ingress = ingress;
  }

  async load(count: number): Promise<void> {
    await this.unload();
    // What answers is let through, and what no rule names is dropped, as by the others.
    const rules: RuleText[] = [...entries(count).map(ruleOf), { name: "last", action: "block", enforce: true, direction: "ingress" }];
    const config = `failsafe: { management_ports: [] }\n${textOf(rules)}`;
    this.#agent = await Agent.start(this.#site, this.#ingress, config);
  }

  /** From saving the file until it is in force. */
  async loadedIn(count: number): Promise<Loading> {
    await this.unload();
    const { seconds, peakMB } = JSON.parse(
      execFileSync(process.execPath, [join(import.meta.dirname, "../save-child.ts"), "json", String(count), String(SEED)], {
        encoding: "utf8",
      }),
    ) as Save;
    const before = this.#site.memory.kernelMB();
    await this.load(count);
    return { seconds, peakMB, residentMB: this.#agent!.run.residentMB(), kernelMB: this.#site.memory.kernelMB() - before };
  }

  async change(): Promise<{ add: number; remove: number }> {
    const { control } = this.#agent!;
    const { name, ...rule } = ruleOf(ANOTHER, 0);
    let id = "";
    const add = await secondsOf(async () => {
      id = (await control.addRule({ rule, place: "first" })).rules[0]!.id;
    });
    return { add, remove: await secondsOf(() => control.deleteRules([id])) };
  }

  async unload(): Promise<void> {
    await this.#agent?.[Symbol.asyncDispose]();
    this.#agent = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unload();
  }
}

class Bans implements Rival {
  readonly #site: Site;
  readonly #ingress: string;
  #agent: Agent | undefined;

  constructor(site: Site, ingress: string) {
    this.#site = site;
    this.#ingress = ingress;
  }

  async load(count: number): Promise<void> {
    await this.#startAgain();
    await this.#ban(addresses(count));
  }

  /** By the control socket, as the command does it. */
  async loadedIn(count: number): Promise<Loading> {
    await this.unload();
    const before = this.#site.memory.kernelMB();
    await this.#startAgain();
    const seconds = await secondsOf(() => this.#ban(addresses(count)));
    const residentMB = this.#agent!.run.residentMB();
    return { seconds, peakMB: residentMB, residentMB, kernelMB: this.#site.memory.kernelMB() - before };
  }

  async change(): Promise<{ add: number; remove: number }> {
    return {
      add: await secondsOf(() => this.#ban([ANOTHER_ADDRESS])),
      remove: await secondsOf(() => this.#agent!.control.deleteBans([ANOTHER_ADDRESS])),
    };
  }

  async unload(): Promise<void> {
    await this.#agent?.[Symbol.asyncDispose]();
    this.#agent = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unload();
  }

  async #startAgain(): Promise<void> {
    await this.unload();
    this.#agent = await Agent.start(this.#site, this.#ingress, "");
  }

  async #ban(networks: readonly string[]): Promise<void> {
    for (let from = 0; from < networks.length; from += MOST_NETWORKS)
      await this.#agent!.control.addBans({ networks: networks.slice(from, from + MOST_NETWORKS), check_only: false });
  }
}

class Agent implements AsyncDisposable {
  readonly #home: AgentHome;
  readonly run: AgentRun;
  readonly control: ControlClient;

  private constructor(home: AgentHome, run: AgentRun) {
    this.#home = home;
    this.run = run;
    this.control = new ControlClient(home.controlSocket);
  }

  static async start({ lab, namespace, memory }: Site, ingress: string, config: string): Promise<Agent> {
    const home = await homeOf(lab, namespace, config, { mode: "prevent", ingress });
    return new Agent(home, await AgentRun.start(home, HOOKS, memory.prefix));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run[Symbol.asyncDispose]();
    await this.#home[Symbol.asyncDispose]();
  }
}

function ruleOf({ source, destination, protocol, ports }: Entry, number: number): RuleText {
  return {
    name: `rule-${number}`,
    action: "block",
    enforce: true,
    direction: "ingress",
    layer3: { source: [source], destination: [destination] },
    layer4: { protocol, destination_ports: [ports.includes("-") ? ports : Number(ports)] },
  };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
