/** TCP over a veth pair, with an agent at the receiving end and without. */

import { once } from "node:events";

import { makeLab, type Lab } from "../harness/netns.ts";
import { AgentRun, HOOKS, homeOf } from "./agent-run.ts";
import { type Benchmark, interleave } from "./figure.ts";
import { rulesText } from "./rules.ts";

interface Report {
  end?: { sum_received: { bits_per_second: number } };
  error?: string;
}

export const throughput: Benchmark = {
  name: "throughput",
  async measure({ transfers, transferSeconds }) {
    await using lab = await makeLab();
    await using home = await homeOf(lab, "server", rulesText(1000));
    const { bare, watched } = await interleave(transfers, Math.max, {
      bare: () => transfer(lab, transferSeconds),
      async watched() {
        await using _ = await AgentRun.start(home, HOOKS);
        return transfer(lab, transferSeconds);
      },
    });
    const note = `${gigabits(watched)} of ${gigabits(bare)} Gbit/s`;
    return [
      {
        name: "TCP throughput on veth, 1000 rules, detect",
        value: watched / bare,
        unit: "of no agent",
        goal: { bound: "at least", value: 0.9 },
        note,
      },
    ];
  },
};

async function transfer(lab: Lab, seconds: number): Promise<number> {
  const server = lab.spawn("server", ["iperf3", "--server", "--one-off", "--forceflush"], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(server, "exit");
  await once(server.stdout!, "data");
  server.stdout!.resume();
  const said = await lab.exec("client", "iperf3", "--client", lab.end("server:eth0").ipv4, "--time", String(seconds), "--json");
  await gone;
  const { end, error } = JSON.parse(said) as Report;
  if (end === undefined) throw new Error(`iperf3: ${error}`);
  return end.sum_received.bits_per_second;
}

function gigabits(bits: number): string {
  return (bits / 1e9).toFixed(1);
}
