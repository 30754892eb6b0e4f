/**
 * Keeps networks and the orders that added them: bans, or members of a set. They are in a file as a journal: each change is
 * appended, however many networks there are. When the journal has more outdated lines than valid ones, it is rewritten.
 */

import { renameSync } from "node:fs";
import { open } from "node:fs/promises";

import { formatNetwork, type Network } from "../../values/address.ts";
import { readOutsideNow } from "../../files/outside-file.ts";
import { type Clock, systemClock } from "../dynamic/clock.ts";
import { headOf, Journal, type OrderLine } from "./journal.ts";
import { NumberedNetworks } from "./numbered.ts";

/** One request. Its networks begin and end together. */
export interface Order {
  uid: number;
  /** The time at which they were added, in ISO format. */
  added: string;
  reason?: string;
  /** The second of the boot clock at which they end; 0 for never. */
  until: number;
}

export interface Moment {
  /** The second of the boot clock. */
  second: number;
  /** The wall time of second 0 of the boot clock. */
  epoch: number;
}

interface Kept extends Order {
  count: number;
}

/** If the wall time is wrong by more than this, somebody set the wall clock. */
const CLOCK_WAS_SET_MS = 1000;
/** A journal is rewritten only if it has at least this many outdated lines. */
const DEAD_LINES = 100_000;
const LINES_A_CHUNK = 16_384;
/** About ten times the size of a million networks. */
const LARGEST_JOURNAL = 512 << 20;

export interface StoreOptions {
  path: string;
  /** What the networks are for: `bans`, or `set NAME`. */
  kind: string;
  /** Sentences for the operator about a damaged journal: what is lost, and what to do next. */
  lost: { what: string; next: string };
  clock?: Clock | undefined;
}

export class NetworkStore {
  readonly clock: Clock;
  /** Tells the operator what was wrong with the journal that was found, until there is another. */
  trouble: string[] = [];
  readonly #path: string;
  readonly #kind: string;
  readonly #networks = new NumberedNetworks();
  readonly #orders = new Map<number, Kept>();
  #next = 1;
  /** The number of lines in the journal, and its length in bytes. */
  #lines = 0;
  #bytes = 0;
  /** The wall time of second 0 of the boot clock, as the journal gives it. */
  #epoch: number;
  /** True if the journal must be rewritten, because nothing can be appended to it. */
  #stale = true;

  /** The directory must exist. Call `rewriteIfDue` afterwards. */
  constructor({ path, kind, lost, clock = systemClock() }: StoreOptions) {
    this.clock = clock;
    this.#epoch = epochOf(clock);
    this.#path = path;
    this.#kind = kind;
    this.#read(lost);
  }

  get size(): number {
    return this.#networks.size;
  }

  orderOf(network: Network): Order | undefined {
    const number = this.#networks.get(network);
    return number === undefined ? undefined : this.#orders.get(number);
  }

  /** Returns the network in a row. Rows are more or less in the order in which they were added. */
  at(row: number): { network: Network; order: Order } {
    return { network: this.#networks.networkAt(row), order: this.#orders.get(this.#networks.numberAt(row))! };
  }

  orderAt(row: number): Order {
    return this.#orders.get(this.#networks.numberAt(row))!;
  }

  /** Returns the networks that cover all of a network, itself included, the longest prefix first. */
  covering(network: Network): Network[] {
    return this.#networks.covering(network);
  }

  /** Returns the current time for the methods below. Reading the boot clock takes longer than everything else they do. */
  now(): Moment {
    return { second: this.clock.bootSeconds(), epoch: epochOf(this.clock) };
  }

  isOver({ until }: Order, { second } = this.now()): boolean {
    return until !== 0 && second >= until;
  }

  /** Returns when the order ends, as the wall clock will show it. */
  endOf({ until }: Order, { epoch } = this.now()): string | undefined {
    return until === 0 ? undefined : new Date(Math.round((epoch + until * 1000) / 1000) * 1000).toISOString();
  }

  /** Returns the seconds until the next of them ends; Infinity if none ever does. */
  untilNext(): number {
    let next = Infinity;
    for (const { until } of this.#orders.values()) if (until !== 0 && until < next) next = until;
    return next - this.clock.bootSeconds();
  }

  /** Adds networks and writes them to the disk, one change after the other. If the disk refuses, this rejects and nothing has changed. */
  async add(order: Order, networks: readonly Network[]): Promise<void> {
    const number = this.#next;
    await this.#write([headOf({ order: number, ...order, bans: networks.length }), ...networks.map(formatNetwork)]);
    this.#next++;
    this.#orders.set(number, { ...order, count: 0 });
    for (const network of networks) this.#put(network, number);
  }

  /** Removes networks in the same way. Networks that are not there are ignored. */
  async remove(networks: readonly Network[]): Promise<void> {
    await this.#write([headOf({ remove: networks.length }), ...networks.map(formatNetwork)]);
    for (const network of networks) this.#drop(network);
  }

  /** Removes all networks in the same way. */
  async clear(): Promise<void> {
    await this.#rewrite(new NumberedNetworks(), new Map());
    this.#networks.clear();
    this.#orders.clear();
  }

  /** Removes at most `most` networks that are over, and returns them. The journal needs no line for that. */
  takeExpired(most: number): { network: Network; order: Order }[] {
    const over = new Set<number>();
    const now = this.now();
    for (const [number, order] of this.#orders) if (this.isOver(order, now)) over.add(number);
    const taken: { network: Network; order: Order }[] = [];
    if (over.size === 0) return taken;
    // The loop runs from the end, because a removed row gets the last row, which was checked already.
    for (let row = this.#networks.size - 1; row >= 0 && taken.length < most; row--) {
      if (!over.has(this.#networks.numberAt(row))) continue;
      const one = this.at(row);
      taken.push(one);
      this.#drop(one.network);
    }
    return taken;
  }

  /** Corrects the wall times that are kept for the next boot, after somebody set the wall clock. */
  async followClock(): Promise<void> {
    const epoch = epochOf(this.clock);
    if (Math.abs(epoch - this.#epoch) <= CLOCK_WAS_SET_MS || this.untilNext() === Infinity) return;
    await this.#write([headOf({ epoch })]);
    this.#epoch = epoch;
  }

  /** True if most of the journal is outdated. */
  get isLong(): boolean {
    return this.#lines > 2 * (this.#networks.size + this.#orders.size) + DEAD_LINES;
  }

  /** Rewrites the journal if most of it is outdated. Nothing may change meanwhile. */
  async rewriteIfDue(): Promise<void> {
    if (this.#stale || this.isLong) await this.#rewrite(this.#networks, this.#orders);
  }

  #put(network: Network, number: number): void {
    const before = this.#networks.get(network);
    this.#networks.set(network, number);
    this.#orders.get(number)!.count++;
    if (before !== undefined) this.#release(before);
  }

  #drop(network: Network): void {
    const number = this.#networks.get(network);
    if (number === undefined) return;
    this.#networks.delete(network);
    this.#release(number);
  }

  #release(number: number): void {
    const order = this.#orders.get(number)!;
    if (--order.count === 0) this.#orders.delete(number);
  }

  /** The disk may be slow, but only the caller waits for it. */
  async #write(lines: readonly string[]): Promise<void> {
    await using file = await open(this.#path, "r+");
    const bytes = Buffer.from(`${lines.join("\n")}\n`);
    try {
      for (let done = 0; done < bytes.length; )
        done += (await file.write(bytes, done, bytes.length - done, this.#bytes + done)).bytesWritten;
      await file.sync();
    } catch (error) {
      await file.truncate(this.#bytes);
      throw error;
    }
    this.#bytes += bytes.length;
    this.#lines += lines.length;
    this.trouble = [];
  }

  async #rewrite(networks: NumberedNetworks, orders: ReadonlyMap<number, Kept>): Promise<void> {
    const epoch = epochOf(this.clock);
    const temporary = `${this.#path}.new`;
    const file = await open(temporary, "w", 0o600);
    let [lines, bytes] = [0, 0];
    try {
      const put = async (chunk: readonly string[]): Promise<void> => {
        const text = `${chunk.join("\n")}\n`;
        await file.writeFile(text);
        lines += chunk.length;
        bytes += Buffer.byteLength(text);
      };
      await put([headOf({ weir: this.#kind, version: 1, boot: this.clock.boot, epoch })]);
      for (const chunk of snapshot(networks, orders)) await put(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    renameSync(temporary, this.#path);
    [this.#lines, this.#bytes, this.#epoch, this.#stale, this.trouble] = [lines, bytes, epoch, false, this.#stale ? this.trouble : []];
  }

  #read({ what, next }: StoreOptions["lost"]): void {
    try {
      this.#replay(new Journal(readOutsideNow(this.#path, LARGEST_JOURNAL).toString("latin1"), this.#kind));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      this.#networks.clear();
      this.#orders.clear();
      const aside = `${this.#path}.damaged`;
      renameSync(this.#path, aside);
      this.trouble = [`${what}: ${this.#path} is damaged (${(error as Error).message}) and was put aside as ${aside}; ${next}`];
    }
  }

  #replay(journal: Journal): void {
    const { boot } = journal;
    for (const block of journal.blocks()) {
      if ("order" in block.head) {
        const { order: number, bans: _, ...order } = block.head satisfies OrderLine;
        if (!this.#orders.has(number)) this.#orders.set(number, { ...order, count: 0 });
        this.#next = Math.max(this.#next, number + 1);
        for (const network of block.networks) this.#put(network, number);
        if (this.#orders.get(number)?.count === 0) this.#orders.delete(number);
      } else for (const network of block.networks) this.#drop(network);
    }
    this.#epoch = journal.epoch;
    this.#lines = journal.lines;
    this.#bytes = journal.bytes;
    this.#stale = boot !== this.clock.boot || !journal.whole;
    if (boot !== this.clock.boot) this.#intoThisBoot(journal.epoch);
  }

  /**
   * Converts the ends to this boot. Only the wall clock goes on over a reboot. A network that ended meanwhile gets the end at
   * second 1.
   */
  #intoThisBoot(epochThen: number): void {
    const epoch = epochOf(this.clock);
    for (const order of this.#orders.values())
      if (order.until !== 0) order.until = Math.max(1, Math.ceil((epochThen - epoch) / 1000 + order.until));
    this.#epoch = epoch;
  }
}

function epochOf(clock: Clock): number {
  return clock.wall() - clock.bootSeconds() * 1000;
}

/** Yields the lines of a new journal, some thousand at a time. */
function* snapshot(networks: NumberedNetworks, orders: ReadonlyMap<number, Kept>): Generator<string[]> {
  const starts = new Map<number, number>();
  let start = 0;
  for (const [number, { count }] of orders) {
    starts.set(number, start);
    start += count;
  }
  const rows = new Uint32Array(networks.size);
  for (let row = 0; row < networks.size; row++) {
    const number = networks.numberAt(row);
    const at = starts.get(number)!;
    rows[at] = row;
    starts.set(number, at + 1);
  }
  let [chunk, at] = [[] as string[], 0];
  for (const [number, { count, ...order }] of orders) {
    for (let left = count; left > 0; ) {
      const portion = Math.min(left, LINES_A_CHUNK - chunk.length);
      chunk.push(headOf({ order: number, ...order, bans: portion }));
      for (const end = at + portion; at < end; at++) chunk.push(formatNetwork(networks.networkAt(rows[at]!)));
      left -= portion;
      if (chunk.length < LINES_A_CHUNK) continue;
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}
