/** What a benchmark answers, and how long it may take. */

export interface Figure {
  name: string;
  value: number;
  unit: string;
  goal?: Goal;
  /** What the figure was made of. */
  note?: string;
  /** Its place in the comparison with rivals. */
  at?: Place;
}

export interface Place {
  load: Load;
  what: What;
  who: string;
  count: number;
}

/** What rivals hold: rules of five fields each, or a list of addresses. */
export type Load = "rules" | "addresses";
export type What =
  | "first packet"
  | "established"
  | "dropped"
  | "passed"
  | "load"
  | "add one"
  | "remove one"
  | "kernel memory"
  | "RSS while loading"
  | "RSS";

export interface Goal {
  bound: "at most" | "at least";
  value: number;
  /** What the goal was set for, where that is more than what is measured here. */
  for?: string;
}

export interface Benchmark {
  name: string;
  measure(scale: Scale): Promise<Figure[]>;
}

export interface Scale {
  /** Of these rounds the best counts: others use the machine, too. */
  rounds: number;
  starts: number;
  /** Runs of a program in one round. */
  repeat: number;
  flows: number;
  ruleCounts: readonly number[];
  bans: number;
  /** Of each kind, for each rule set. */
  packets: number;
  idleSeconds: number;
  /** That come and go, and of the sockets so many at once as there is room for. */
  processes: number;
  sockets: number;
  /** Until an agent has read and told what there was. */
  settleMs: number;
  eventSeconds: number;
  transferSeconds: number;
  transfers: number;
  frames: number;
  /** What rivals hold. */
  entries: readonly number[];
  /** That a rival's packets take in one round. */
  processorMs: number;
}

export const FULL: Scale = {
  rounds: 9,
  starts: 5,
  repeat: 50_000,
  flows: 90_000, // fewer than the table of confirmed TCP connections holds
  ruleCounts: [1000, 10_000, 100_000],
  bans: 1_000_000,
  packets: 200,
  idleSeconds: 20,
  processes: 100_000,
  sockets: 1_000_000,
  settleMs: 3000,
  eventSeconds: 5,
  transferSeconds: 3,
  transfers: 3,
  frames: 1_000_000,
  entries: [10, 100, 1000, 10_000, 100_000],
  processorMs: 50,
};
/** Enough to see that each benchmark still runs; its figures mean nothing. */
export const QUICK: Scale = {
  rounds: 1,
  starts: 1,
  repeat: 200,
  flows: 100,
  ruleCounts: [100],
  bans: 1000,
  packets: 5,
  idleSeconds: 0.5,
  processes: 20,
  sockets: 200,
  settleMs: 10,
  eventSeconds: 1,
  transferSeconds: 1,
  transfers: 1,
  frames: 5000,
  entries: [10],
  processorMs: 1,
};

export function isMet({ value, goal }: Figure): boolean | undefined {
  if (goal === undefined) return undefined;
  return goal.bound === "at most" ? value <= goal.value : value >= goal.value;
}

/** Asks each in turn, round after round, so that what disturbs one disturbs the other; answers the best of each. */
export async function interleave<Name extends string>(
  rounds: number,
  best: (...values: number[]) => number,
  contestants: Record<Name, () => number | Promise<number>>,
): Promise<Record<Name, number>> {
  const found: Partial<Record<Name, number>> = {};
  for (let round = 0; round < rounds; round++) {
    for (const name of Object.keys(contestants) as Name[]) {
      const value = await contestants[name]();
      found[name] = best(found[name] ?? value, value);
    }
  }
  return found as Record<Name, number>;
}
