/** How long it takes to add, move and delete a rule by command, before a file of many. */

import { ControlClient } from "../../agent/api/client.ts";
import type { RuleChange } from "../../agent/service/contract.ts";
import { makeLab } from "../harness/netns.ts";
import { Random } from "../harness/random.ts";
import { PROFILES } from "../harness/rule-sets.ts";
import { AgentRun, HOOKS, homeOf } from "./agent-run.ts";
import type { Benchmark, Figure } from "./figure.ts";
import { textOf } from "./rules.ts";

const SEED = 7;
const GOAL = { bound: "at most", value: 10, for: "100000 rules" } as const;

export const change: Benchmark = {
  name: "change",
  async measure({ ruleCounts, rounds }) {
    const count = ruleCounts.at(-1)!;
    await using lab = await makeLab();
    await using home = await homeOf(lab, "server", textOf(PROFILES["access list"](new Random(SEED), count)));
    await using _ = await AgentRun.start(home, HOOKS);
    const client = new ControlClient(home.controlSocket);
    const best: Record<string, number> = {};
    const timed = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
      const began = performance.now();
      const answer = await act();
      best[what] = Math.min(best[what] ?? Infinity, performance.now() - began);
      return answer;
    };
    const add = (port: number): Promise<RuleChange> =>
      client.addRule({ place: "last", rule: { action: "block", layer4: { protocol: "tcp", destination_ports: [port] } } });
    await add(1); // another, which is moved past
    for (let round = 0; round < rounds; round++) {
      const {
        rules: [added],
      } = await timed("add", () => add(2 + round));
      await timed("move", () => client.moveRule(added!.id, "first"));
      await timed("delete", () => client.deleteRules([added!.id]));
      const line = await timed("weir rule add", () => home.weir("rule", "add", "--action", "block", "--dst", "198.51.100.7", "--json"));
      await client.deleteRules([(JSON.parse(line) as RuleChange).rules[0]!.id]);
    }
    return Object.entries(best).map(([what, value]): Figure => {
      const name = `${what} before ${count} rules: until the answer that it is in force`;
      return { name, value, unit: "ms", ...(what.startsWith("weir") ? {} : { goal: GOAL }) };
    });
  },
};
