/** How long an agent takes from being started to its hooks being attached. */

import { makeLab } from "../harness/netns.ts";
import { AgentRun, HOOKS, homeOf } from "./agent-run.ts";
import { type Benchmark, interleave } from "./figure.ts";
import { rulesText } from "./rules.ts";

export const start: Benchmark = {
  name: "start",
  async measure({ starts }) {
    await using lab = await makeLab();
    await using home = await homeOf(lab, "server", rulesText(1000));
    const { taken } = await interleave(starts, Math.min, {
      async taken() {
        await using run = await AgentRun.start(home, HOOKS);
        return run.attachedMs;
      },
    });
    return [{ name: "start to attached, 1000 rules", value: taken, unit: "ms", goal: { bound: "at most", value: 1500 } }];
  },
};
