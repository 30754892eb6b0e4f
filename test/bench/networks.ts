/** Addresses and prefixes by the million, and what a packet costs that is looked up among them. */

import type { BpfProgram } from "../../agent/kernel/program.ts";
import { NumberedNetworks } from "../../agent/enforce/networks/numbered.ts";
import { formatAddress, maskTo, type Network, parseAddress } from "../../agent/values/address.ts";
import { Ethernet, frame, IPv4, UDP } from "../harness/packet.ts";
import type { Random } from "../harness/random.ts";
import type { Figure, Scale } from "./figure.ts";

export const FEW = 10;
const TC_DROP = 2;
const GOAL = { bound: "at most", value: 120 } as const;

/** Nanoseconds a packet. */
export interface PacketCost {
  hit: number;
  miss: number;
}

/** Public ones, so that no failsafe is met; half are addresses, the others prefixes from /24 on. */
export function anyNetworks(count: number, random: Random): Network[] {
  return Array.from({ length: count }, () => anyNetwork(random));
}

/** Of packets that are all dropped, by these networks or else: so none of them leaves a flow. */
export function packetCost(
  program: BpfProgram,
  ifindex: number,
  networks: readonly Network[],
  random: Random,
  { packets, repeat }: Scale,
): PacketCost {
  const mean = (sources: readonly string[]): number => {
    let sum = 0;
    for (const src of sources) {
      const data = frame(Ethernet(), IPv4({ src }), UDP({ sport: 1, dport: 9 }));
      const runs = Array.from({ length: 3 }, () => program.testRun({ data, ifindex, repeat: Math.ceil(repeat / 100) }));
      if (runs.some(({ retval }) => retval !== TC_DROP)) throw new Error(`a packet of ${src} passes where all is dropped`);
      sum += Math.min(...runs.map(({ duration }) => duration));
    }
    return sum / sources.length;
  };
  const known = new NumberedNetworks();
  for (const network of networks) known.set(network, 0);
  const misses: string[] = [];
  while (misses.length < packets) {
    const { address } = anyNetwork(random);
    if (known.covering({ family: 4, address, length: 128 }).length === 0) misses.push(formatAddress(address));
  }
  return { hit: mean(Array.from({ length: packets }, () => formatAddress(random.pick(networks).address))), miss: mean(misses) };
}

/** `called`: what there are many of, as `bans`. */
export function costOver(few: PacketCost, many: PacketCost, count: number, called: string, kind: "hit" | "miss", what: string): Figure {
  return {
    name: `${count} ${called}: ${what}, over ${FEW} ${called}`,
    value: many[kind] - few[kind],
    unit: "ns",
    goal: { ...GOAL, for: `1000000 ${called}` },
    note: `${many[kind].toFixed(0)} of ${few[kind].toFixed(0)} ns a packet`,
  };
}

function anyNetwork(random: Random): Network {
  const { bytes } = parseAddress(`${1 + random.below(126)}.${random.below(256)}.${random.below(256)}.${random.below(256)}`);
  const length = random.oneIn(2) ? 128 : 120 + random.below(8);
  return { family: 4, address: maskTo(bytes, length), length };
}
