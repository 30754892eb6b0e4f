/** What an agent takes that has nothing to do. Two are watched at once, in namespaces of their own. */

import { setTimeout as sleep } from "node:timers/promises";

import { makeLab } from "../harness/netns.ts";
import { AgentRun, HOOKS, homeOf } from "./agent-run.ts";
import type { Benchmark, Figure } from "./figure.ts";
import { rulesText } from "./rules.ts";

/** Starting up is not idling: what is compiled, collected or sent late is left out of the share. */
const SETTLE = 0.25;

const TELEMETRY = [
  { name: "OTel without a collector", namespace: "server", config: "" },
  { name: "OTel off", namespace: "client", config: "otel: { traces: false, metrics: false, logs: false }\n" },
] as const;

export const idle: Benchmark = {
  name: "idle",
  async measure({ idleSeconds }) {
    await using lab = await makeLab();
    await using withTelemetry = await homeOf(lab, TELEMETRY[0].namespace, TELEMETRY[0].config + rulesText(1000));
    await using without = await homeOf(lab, TELEMETRY[1].namespace, TELEMETRY[1].config + rulesText(1000));
    await using first = await AgentRun.start(withTelemetry, HOOKS);
    await using second = await AgentRun.start(without, HOOKS);
    const runs = [first, second];
    await sleep(idleSeconds * SETTLE * 1000);
    const began = performance.now();
    const before = runs.map((run) => run.cpuSeconds());
    await sleep(idleSeconds * 1000);
    const seconds = (performance.now() - began) / 1000;
    return runs.flatMap((run, index): Figure[] => {
      const name = `idle, ${TELEMETRY[index]!.name}`;
      return [
        {
          name: `${name}: CPU`,
          value: ((run.cpuSeconds() - before[index]!) / seconds) * 100,
          unit: "%",
          goal: { bound: "at most", value: 0.5 },
        },
        { name: `${name}: RSS`, value: run.residentMB(), unit: "MB", goal: { bound: "at most", value: 130 } },
      ];
    });
  },
};
