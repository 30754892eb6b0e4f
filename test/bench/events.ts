/** How many detections a second an agent takes in that writes each of them to its audit log, and offers each to a collector. */

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { ControlClient } from "../../agent/api/client.ts";
import type { Status } from "../../agent/service/contract.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { AgentRun, HOOKS, homeOf } from "./agent-run.ts";
import { answer, ready } from "./child.ts";
import type { Benchmark, Figure } from "./figure.ts";
import { rulesText } from "./rules.ts";

/** What the sending child is told. */
export interface Burst {
  /** Frames a second. */
  rate: number;
  seconds: number;
}

const GOAL = 200_000;
/** The highest that can be asked for. */
const NO_LIMIT = 1_000_000;
/** More than an agent takes in: the rest is lost, and counted. */
const TOO_MANY = 500_000;

export const events: Benchmark = {
  name: "events",
  async measure({ rounds, eventSeconds: seconds }) {
    await using lab = await makeLab();
    // Frames that a program puts into a pair are taken in only where frames are gathered (GRO).
    await lab.exec("server", "ethtool", "-K", "eth0", "gro", "on");
    const [port] = await lab.freePorts("server", 1);
    await ready(lab, "server", "collector-child.ts", String(port));
    const sender = await ready(lab, "client", "detected-child.ts");
    const run = async (limit: number, burst: Burst): Promise<Taken> => {
      const config = `otel: { endpoint: "http://127.0.0.1:${port}" }\nevents_per_second: ${limit}\n${rulesText(10)}`;
      await using home = await homeOf(lab, "server", config);
      await using agent = await AgentRun.start(home, HOOKS);
      return await taken(agent, new ControlClient(join(home.folder, "control.sock")), sender, burst);
    };
    const flooded: Taken[] = [];
    const paced: Taken[] = [];
    const limited: Taken[] = [];
    for (let round = 0; round < Math.ceil(rounds / 3); round++) {
      flooded.push(await run(NO_LIMIT, { rate: TOO_MANY, seconds }));
      paced.push(await run(NO_LIMIT, { rate: GOAL, seconds }));
      limited.push(await run(1000, { rate: GOAL, seconds }));
    }
    return figures(best(flooded), best(paced), best(limited));
  },
};

function figures(flooded: Taken, paced: Taken, limited: Taken): Figure[] {
  return [
    {
      name: "detections received and written down",
      value: kept(flooded) / flooded.cores,
      unit: "a second of CPU",
      goal: { bound: "at least", value: GOAL },
      note: told(flooded),
    },
    {
      name: `at ${GOAL} detections a second: lost`,
      value: paced.lost + paced.unwritten,
      unit: "a second",
      goal: { bound: "at most", value: 0 },
      note: told(paced),
    },
    { name: `at ${GOAL} detections a second: agent`, value: paced.cores, unit: "cores", goal: { bound: "at most", value: 1 } },
    { name: `at ${GOAL} detections a second: longest stall`, value: paced.stall * 1000, unit: "ms" },
    { name: `${GOAL} a second, limited to 1000: agent`, value: limited.cores, unit: "cores", note: told(limited) },
  ];
}

/** Others use the machine, too. */
function best(runs: readonly Taken[]): Taken {
  return runs.toSorted((a, b) => kept(b) - kept(a))[0]!;
}

function kept({ received, unwritten }: Taken): number {
  return received - unwritten;
}

/** A second, but for the stall. */
interface Taken {
  emitted: number;
  received: number;
  /** Because the ring was full. */
  lost: number;
  /** Of those received: not written to the audit log, because the disk did not keep up. */
  unwritten: number;
  cores: number;
  /** Of the agent's main thread, in seconds. */
  stall: number;
}

function told({ emitted, received, lost, unwritten, cores, stall }: Taken): string {
  const thousands = (value: number): string => `${(value / 1000).toFixed(1)}k`;
  return `${thousands(emitted)} emitted, ${thousands(received)} received, ${thousands(lost)} lost, ${thousands(unwritten)} of them not in the audit log; ${cores.toFixed(2)} cores; stalled ${(stall * 1000).toFixed(0)} ms`;
}

async function taken(agent: AgentRun, control: ControlClient, sender: ChildProcess, burst: Burst): Promise<Taken> {
  await sleep(burst.seconds * 200); // what starting has left to do
  const before = await control.status();
  const [began, cpu] = [performance.now(), agent.cpuSeconds()];
  sender.send(burst);
  await answer(sender);
  const seconds = (performance.now() - began) / 1000;
  const cores = (agent.cpuSeconds() - cpu) / seconds;
  const during = await control.status();
  const metrics = await control.metrics();
  const after = await eventually("the ring is empty", async () => {
    const status = await control.status();
    return status.counters.events.pending === 0 && status;
  });
  for (const status of [before, during, after]) holdToAccount(status);
  const rate = (count: (status: Status) => number): number => (count(during) - count(before)) / seconds;
  return {
    emitted: rate((status) => status.counters.events.emitted),
    received: rate((status) => status.counters.events.received),
    lost: rate((status) => status.counters.events.lost),
    unwritten: rate((status) => status.lost["audit"] ?? 0),
    cores,
    stall: Number(/^nodejs_eventloop_delay_max_seconds (\S+)/m.exec(metrics)?.[1]),
  };
}

function holdToAccount({ counters: { events, packets } }: Status): void {
  const { emitted, received, pending, lost, suppressed } = events;
  if (emitted !== received + pending + lost)
    throw new Error(`${emitted} events were emitted, but ${received} received, ${pending} are pending and ${lost} lost`);
  // What else is told, the opening of a connection and its end, is not a packet that would be dropped.
  if (packets.would_drop > emitted + suppressed)
    throw new Error(`${packets.would_drop} packets were detected, but ${emitted} events emitted and ${suppressed} suppressed`);
}
