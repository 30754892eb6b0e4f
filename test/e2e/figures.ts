/** Two counts of the same packets: the device's own, and weir's. */

import { isDeepStrictEqual } from "node:util";

import type { TrafficCell } from "../../agent/service/contract.ts";
import type { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import type { Lab } from "../harness/netns.ts";

export interface Amount {
  packets: number;
  bytes: number;
}

export function sum(amounts: readonly Amount[]): Amount {
  return { packets: amounts.reduce((all, { packets }) => all + packets, 0), bytes: amounts.reduce((all, { bytes }) => all + bytes, 0) };
}

export function difference(now: Amount, before: Amount): Amount {
  return { packets: now.packets - before.packets, bytes: now.bytes - before.bytes };
}

/** What a device says of itself, as `ip -s link` shows it; Ethernet headers are part of the bytes. */
export async function deviceCount(lab: Lab, end: string, way: "rx" | "tx"): Promise<Amount> {
  const [namespace = "", device = ""] = end.split(":");
  const [link] = JSON.parse(await lab.exec(namespace, "ip", "-j", "-s", "link", "show", device)) as {
    stats64: Record<"rx" | "tx", Amount>;
  }[];
  const { packets, bytes } = link!.stats64[way];
  return { packets, bytes };
}

/** What weir says it saw, of the cells that fit. */
export async function judged(agent: AgentHome, fits: Partial<TrafficCell>): Promise<Amount> {
  const { traffic } = await agent.status();
  return sum(traffic.filter((cell) => Object.entries(fits).every(([key, value]) => cell[key as keyof TrafficCell] === value)));
}

export interface Metered {
  device: Amount;
  weir: Amount;
}

/**
 * Both counts since now. The two cannot be read at one moment, so each reading is one that a second one repeats:
 * nothing was under way. Stray packets (a router solicitation, a neighbour's question) are in both or in neither.
 */
export async function meter(device: () => Promise<Amount>, weir: () => Promise<Amount>): Promise<() => Promise<Metered>> {
  const read = async (): Promise<Metered> => {
    let last: Metered | undefined;
    return eventually("a moment without traffic", async () => {
      const now = { device: await device(), weir: await weir() };
      const quiet = isDeepStrictEqual(now, last);
      last = now;
      return quiet && now;
    });
  };
  const start = await read();
  return async () => {
    const now = await read();
    return { device: difference(now.device, start.device), weir: difference(now.weir, start.weir) };
  };
}
