/**
 * Gives tables more room, and programs what the kernel did not have before, while packets are judged: each packet is
 * judged by what was in force, in the old tables or in the larger ones.
 */

import { addRulesSince } from "../observe/events/counters.ts";
import type { InterfaceFollower } from "./interfaces/follow.ts";
import type { DataPlane, TableSizes } from "../kernel/dataplane.ts";
import { waitGracePeriod } from "../kernel/grace.ts";
import type { BpfMap } from "../kernel/maps.ts";
import { linesFor, linesOf, type Owner } from "./networks/memory.ts";
import type { Capacity } from "../policy/capacity.ts";
import { Turns } from "./turns.ts";

/** After a failure: each try takes a second of a processor. */
const PAUSE_MS = 60_000;

type Maps = ReadonlyMap<string, BpfMap>;

export class Growth {
  readonly #plane: DataPlane;
  readonly #warn: (sentence: string) => void;
  readonly #turns = new Turns();
  #interfaces: Pick<InterfaceFollower, "exchange"> | undefined;
  #closed = false;
  #pausedUntil = 0;
  #renewalPausedUntil = 0;

  constructor(plane: DataPlane, warn: (sentence: string) => void) {
    this.#plane = plane;
    this.#warn = warn;
  }

  /** Nothing grows before: packets are judged by programs of an earlier agent, which nobody here can exchange. */
  start(interfaces: Pick<InterfaceFollower, "exchange">): void {
    this.#interfaces = interfaces;
  }

  /** To be called while nobody writes rules. */
  async rules({ slots, cells }: Capacity): Promise<void> {
    let copied: BigUint64Array;
    await this.#exchange(
      { slots, cells },
      {
        fill: async (larger) => {
          for (const name of ["cells", "rules"]) copyParts(this.#plane.map(name), larger.get(name)!, 2);
          const counters = this.#plane.map("rule_counters");
          copyParts(counters, larger.get("rule_counters")!, 1);
          copied = wordsOf(larger.get("rule_counters")!).slice(0, wordsOf(counters).length);
        },
        settle: (outgrown) => addRulesSince(copied, wordsOf(outgrown.get("rule_counters")!), wordsOf(this.#plane.map("rule_counters"))),
      },
    );
  }

  /** For so many networks, whether or not that succeeds: what finds no room in lines is in the slower table. See NetworkMemory. */
  async lines(whose: Owner, networks: number, move: (lines: Uint8Array) => Promise<void>): Promise<void> {
    const table = `${whose}_lines`;
    const lines = linesFor(networks);
    if (this.#interfaces === undefined || lines <= this.#plane.map(table).info.maxEntries || performance.now() < this.#pausedUntil) return;
    try {
      await this.#exchange({ [`${whose}Lines`]: lines }, { fill: (larger) => move(linesOf(larger.get(table)!)), settle: () => {} });
    } catch (error) {
      this.#pausedUntil = performance.now() + PAUSE_MS;
      this.#warn(
        `the table of ${whose === "ban" ? "bans" : "sets"} could not be made larger, so that packets take longer to find what is in it: ${(error as Error).message}`,
      );
    }
  }

  /** Exchanges the programs for the same ones, as often as the kernel has something new for them. */
  async renew(): Promise<void> {
    if (this.#interfaces === undefined || !this.#plane.missesTracking || performance.now() < this.#renewalPausedUntil) return;
    this.#renewalPausedUntil = performance.now() + PAUSE_MS; // one at a time, too
    try {
      await this.#exchange({}, { fill: async () => {}, settle: () => {} });
    } catch (error) {
      this.#warn(
        `address translation is not seen, because nf_conntrack came after weir and its programs could not be loaded again: ${(error as Error).message}`,
      );
    }
  }

  /** Nothing grows any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turns.take(async () => {});
  }

  /** `fill` gives the larger tables what packets have to find there; `settle` runs when no packet reads the others any more. */
  #exchange(
    sizes: Partial<TableSizes>,
    { fill, settle }: { fill(larger: Maps): Promise<void>; settle(outgrown: Maps): void },
  ): Promise<void> {
    const plane = this.#plane;
    return this.#turns.take(async () => {
      if (this.#interfaces === undefined || this.#closed) throw new Error(`weir is ${this.#closed ? "stopping" : "starting"}`);
      const larger = await plane.loadLarger(sizes);
      try {
        await fill(larger.maps);
      } catch (error) {
        larger.close();
        throw error;
      }
      const outgrown = larger.adopt();
      await this.#interfaces.exchange();
      try {
        plane.pinTables();
      } catch (error) {
        this.#warn(`the next agent will not find these tables and begins with new ones: ${(error as Error).message}`);
      }
      await waitGracePeriod();
      settle(outgrown.maps);
      outgrown.close();
    });
  }
}

function wordsOf(map: BpfMap): BigUint64Array {
  return new BigUint64Array(map.mmap(), 0, (map.info.maxEntries * map.elementStride) / 8);
}

/** Each of the `parts` of a table goes to the beginning of one of a larger table. */
function copyParts(from: BpfMap, to: BpfMap, parts: number): void {
  const [source, target] = [wordsOf(from), wordsOf(to)];
  for (let part = 0; part < parts; part++)
    target.set(source.subarray((part * source.length) / parts, ((part + 1) * source.length) / parts), (part * target.length) / parts);
}
