/**
 * A journal of networks as text. The first line names the boot for which it counts. Blocks follow: a line of JSON, and behind it
 * one network on each line, as many as the JSON says. An order may have several blocks. A block that the end of the file cuts off
 * was never acknowledged.
 */

import { type Network, readNetworks } from "../../values/address.ts";

export interface FirstLine {
  /** What the networks are for: `bans`, or `set NAME`. */
  weir: string;
  version: 1;
  boot: string;
  /** The wall time of second 0 of the boot clock. */
  epoch: number;
}

export interface OrderLine {
  order: number;
  uid: number;
  added: string;
  reason?: string;
  until: number;
  /** The number of networks that follow, also if they are members of a set. The key stays `bans`, so that every version reads the journal. */
  bans: number;
}

interface RemoveLine {
  remove: number;
}

interface EpochLine {
  epoch: number;
}

export interface Block {
  head: OrderLine | RemoveLine;
  networks: Network[];
}

export function headOf(line: FirstLine | OrderLine | RemoveLine | EpochLine): string {
  return JSON.stringify(line);
}

export class Journal {
  readonly boot: string;
  /** The wall time of second 0 of the boot clock, as the blocks read so far give it. */
  epoch: number;
  lines = 0;
  /** The bytes up to the last whole block. */
  bytes = 0;
  readonly #text: string;
  #at = 0;
  #read = 0;

  /**
   * Throws a TypeError or SyntaxError, here or in `blocks`, if the journal is damaged. `text` is read as Latin-1. `kind` is the
   * `weir` of the first line.
   */
  constructor(text: string, kind: string) {
    this.#text = text;
    const { weir, version, boot, epoch } = JSON.parse(this.#line() ?? "") as Partial<FirstLine>;
    if (weir !== kind || version !== 1) throw new TypeError(`the first line is not that of a journal of ${kind}`);
    if (typeof boot !== "string" || !Number.isFinite(epoch)) throw new TypeError("it does not say in which boot it was written");
    this.boot = boot;
    this.epoch = epoch!;
    this.#keep();
  }

  /** True if no block was cut off. Ask after the last block. */
  get whole(): boolean {
    return this.bytes === this.#text.length;
  }

  *blocks(): Generator<Block> {
    for (let line = this.#line(); line !== undefined; line = this.#line()) {
      const head = checked(JSON.parse(Buffer.from(line, "latin1").toString("utf8")));
      if ("epoch" in head) this.epoch = head.epoch;
      else {
        const networks = this.#networks("order" in head ? head.bans : head.remove);
        if (networks === undefined) return;
        yield { head, networks };
      }
      this.#keep();
    }
  }

  /** Returns undefined if the file ends before. */
  #networks(count: number): Network[] | undefined {
    const networks: Network[] = [];
    for (let i = 0; i < count; i++) {
      const line = this.#line();
      if (line === undefined) return undefined;
      const reading = readNetworks(line);
      if ("error" in reading || reading.networks.length !== 1) throw new TypeError(`line ${this.#read} is not one network`);
      networks.push(reading.networks[0]!);
    }
    return networks;
  }

  #line(): string | undefined {
    const end = this.#text.indexOf("\n", this.#at);
    if (end < 0) return undefined;
    const line = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    this.#read++;
    return line;
  }

  #keep(): void {
    this.bytes = this.#at;
    this.lines = this.#read;
  }
}

function checked(value: unknown): OrderLine | RemoveLine | EpochLine {
  if (typeof value !== "object" || value === null) throw new TypeError("a block does not begin with an object");
  if ("epoch" in value && Number.isFinite(value.epoch)) return value as EpochLine;
  if ("remove" in value && isCount(value.remove)) return value as RemoveLine;
  const { order, uid, added, reason, until, bans } = value as Partial<OrderLine>;
  if (!isCount(order) || !isCount(until) || !isCount(bans)) throw new TypeError("a block does not say what follows");
  if (!isCount(uid) || typeof added !== "string" || !["undefined", "string"].includes(typeof reason))
    throw new TypeError(`order ${order} does not say who gave it, and when`);
  return { order: order!, uid: uid!, added, ...(reason === undefined ? {} : { reason }), until: until!, bans: bans! };
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
