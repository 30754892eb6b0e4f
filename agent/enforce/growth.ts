/**
 * Makes tables larger, and reloads programs when the kernel has something new for them, while packets are judged. Each packet is
 * judged by the rules in force, in the old tables or in the larger ones.
 */

import { addRulesSince } from "../observe/events/counters.ts";
import type { InterfaceFollower } from "./interfaces/follow.ts";
import type { DataPlane, TableSizes } from "../kernel/dataplane.ts";
import { waitGracePeriod } from "../kernel/grace.ts";
import type { BpfMap } from "../kernel/maps.ts";
import { linesFor, lineMemoryOf, type NetworkUse } from "./networks/memory.ts";
import type { Capacity } from "../policy/capacity.ts";
import { Turns } from "./turns.ts";

/** The pause after a failure. Each attempt takes a second of a CPU. */
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

  /** Allows growth. Before this, programs of an earlier agent judge packets, and nobody can exchange them here. */
  start(interfaces: Pick<InterfaceFollower, "exchange">): void {
    this.#interfaces = interfaces;
  }

  /** Makes room for rules. Call it while nobody writes rules. */
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

  /**
   * Makes room for this many networks, or continues without: networks that find no room in lines go into the slower table. See
   * NetworkMemory.
   */
  async lines(whose: NetworkUse, networks: number, move: (lines: Uint8Array) => Promise<void>): Promise<void> {
    const table = `${whose}_lines`;
    const lines = linesFor(networks);
    if (this.#interfaces === undefined || lines <= this.#plane.map(table).info.maxEntries || performance.now() < this.#pausedUntil) return;
    try {
      await this.#exchange({ [`${whose}Lines`]: lines }, { fill: (larger) => move(lineMemoryOf(larger.get(table)!)), settle: () => {} });
    } catch (error) {
      this.#pausedUntil = performance.now() + PAUSE_MS;
      this.#warn(
        `the table of ${whose === "ban" ? "bans" : "sets"} could not be made larger, so packets search it more slowly: ${(error as Error).message}`,
      );
    }
  }

  /** Exchanges the programs for the same ones, whenever the kernel has something new for them. */
  async renew(): Promise<void> {
    if (this.#interfaces === undefined || !this.#plane.missesTracking || performance.now() < this.#renewalPausedUntil) return;
    this.#renewalPausedUntil = performance.now() + PAUSE_MS; // only one exchange runs at a time
    try {
      await this.#exchange({}, { fill: async () => {}, settle: () => {} });
    } catch (error) {
      this.#warn(
        `NAT is not seen, because nf_conntrack was loaded after weir, and weir's programs could not be loaded again: ${(error as Error).message}`,
      );
    }
  }

  /** Stops all growth. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turns.take(async () => {});
  }

  /** `fill` copies into the larger tables what packets have to find there; `settle` runs when no packet reads the old ones any more. */
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

/** Copies each of the `parts` of a table to the beginning of the same part of a larger table. */
function copyParts(from: BpfMap, to: BpfMap, parts: number): void {
  const [source, target] = [wordsOf(from), wordsOf(to)];
  for (let part = 0; part < parts; part++)
    target.set(source.subarray((part * source.length) / parts, ((part + 1) * source.length) / parts), (part * target.length) / parts);
}
