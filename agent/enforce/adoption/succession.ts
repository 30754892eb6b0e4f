/**
 * Copies connections from the tables of another version of weir, or of other sizes, to the current ones. The earlier agent left
 * its tables in force: its programs go on judging with them until each interface has the current programs. Connections are
 * copied once before that, so that none is met in the middle, and once after it, for those that opened meanwhile.
 *
 * LRU tables hold what the kernel learns by itself, and these are copied. The agent writes the other tables anew.
 */

import { readdirSync } from "node:fs";

import { confirmedTableOf } from "../../observe/flows/collect.ts";
import type { ControlWords } from "../../kernel/control-words.ts";
import type { Jiffies } from "../../kernel/jiffies.ts";
import type { DataPlane } from "../../kernel/dataplane.ts";
import { type Copying, planCopying } from "../../kernel/copy-values.ts";
import { type BpfMap, MapType } from "../../kernel/maps.ts";
import { memberAt, openPinned, readNumber, type TableTypes, typesOf } from "../../kernel/pinned-table.ts";
import { Ring } from "../../kernel/ring.ts";
import { SlotTranslation } from "./slot-translation.ts";

/** These tables hold the owners of sockets. They are copied before the agent looks for owners again. */
const OWNERS: ReadonlySet<string> = new Set(["owners", "listeners", "bindings"]);
/** These tables have no meaning without the process kinds and the rules of the earlier agent, or they are filled again. */
const LEFT_OUT: ReadonlySet<string> = new Set(["identities_gone", "listening_places", "drops"]);
/** Members that stay zero, because each connection is judged again by the current rules. */
const JUDGED_AGAIN: ReadonlySet<string> = new Set(["generation"]);
const FLOW = "flow";
/** The member of a connection that holds the time of its last packet. */
const SEEN = ["seen_jiffies"];
/** A size in bytes that no record has. */
const NO_RECORD = 1;
/** Tables that take longer to walk than this are not walked at each interface. */
const QUICK_MS = 50;

type Plane = Pick<DataPlane, "maps" | "adopted" | "otherTables"> & {
  control: Pick<ControlWords, "generation">;
  clock: Pick<Jiffies, "now">;
};

export interface CopyResult {
  connections: number;
  /** The tables whose keys this version cannot translate. */
  left: string[];
}

interface Pair {
  /** The folder in which the old table is pinned. */
  folder: string;
  from: BpfMap;
  to: BpfMap;
  key: Copying;
  value: Copying;
  types: TableTypes;
  /** The member of a connection that holds the time of its last packet, in the old value and in the new one. */
  seen: { from: Member; to: Member } | undefined;
}

interface Member {
  at: number;
  size: number;
}

export class Succession {
  readonly #plane: Plane;
  readonly #pairs: Pair[] = [];
  /** The current tables of connections. */
  readonly #current: { table: BpfMap; seen: Member }[] = [];
  readonly #left: string[] = [];
  #slots = new Map<string, SlotTranslation | undefined>();
  /** Packets since this time, in jiffies, may have come to the old programs after their connections were copied. */
  #cutoff = 0n;
  #tookMs = 0;

  constructor(plane: Plane) {
    this.#plane = plane;
    for (const folder of plane.otherTables()) this.#open(folder);
    for (const table of this.isDue ? plane.maps.values() : []) {
      const types = table.info.type === MapType.LRU_HASH ? typesOf(table.info) : undefined;
      const seen = types !== undefined && isFlow(types) ? memberAt(types, SEEN) : undefined;
      if (seen !== undefined) this.#current.push({ table, seen });
    }
  }

  /** True if another version has left tables to copy. */
  get isDue(): boolean {
    return this.#pairs.length > 0;
  }

  copyOwners(): void {
    for (const pair of this.#pairs) if (OWNERS.has(pair.to.name)) this.#insertAll(pair);
  }

  /** Copies all connections. Call it once the current rules are in the tables, and before they judge any packet. */
  copyAll(): CopyResult {
    this.#cutoff = this.#plane.clock.now();
    for (const { folder } of this.#pairs)
      if (!this.#slots.has(folder)) this.#slots.set(folder, SlotTranslation.between(folder, this.#plane));
    return { connections: this.#copySince(0n), left: this.#left };
  }

  /**
   * Copies new connections again, right before and after an interface gets the current programs. Connections open all the time,
   * and exchanging an XDP program takes milliseconds.
   */
  followUp(): void {
    if (this.#cutoff > 0n && this.#tookMs < QUICK_MS) this.copyRest();
  }

  /**
   * Copies the connections of packets that came to the old programs since the last time. Call it once every interface has the
   * current programs.
   */
  copyRest(): number {
    const since = this.#cutoff;
    this.#cutoff = this.#plane.clock.now();
    return this.#copySince(since);
  }

  /** Counts the events of the old programs that nobody read, because records of this version have another form. */
  unreadEvents(): number {
    return this.#plane.otherTables().reduce((sum, folder) => sum + countRecords(folder), 0);
  }

  close(): void {
    for (const { from } of this.#pairs) from.close();
    this.#pairs.length = 0;
  }

  #copySince(since: bigint): number {
    const start = performance.now();
    let connections = 0;
    for (const pair of this.#pairs) {
      if (pair.seen === undefined) this.#insertAll(pair);
      else connections += this.#copyConnections(pair, since);
    }
    this.#tookMs = performance.now() - start;
    return connections;
  }

  #open(folder: string): void {
    for (const name of readdirSync(folder)) {
      const to = this.#plane.maps.get(name);
      if (to === undefined || LEFT_OUT.has(name) || !(to.info.type === MapType.LRU_HASH || OWNERS.has(name))) continue;
      const from = openPinned(folder, name);
      if (from === undefined) continue;
      const pair = from.info.type === to.info.type ? pairOf(folder, from, to) : undefined;
      if (pair !== undefined) this.#pairs.push(pair);
      else {
        this.#left.push(name);
        from.close();
      }
    }
  }

  /** Inserts the entries that the current tables do not have. An entry that they have is newer, and stays. */
  #insertAll({ from, to, key, value }: Pair): void {
    const [newKey, newValue] = [Buffer.alloc(to.info.keySize), Buffer.alloc(to.info.valueSize)];
    for (const entry of from.entries()) {
      key.copy(entry.key, newKey);
      value.copy(entry.value, newValue);
      to.insert(newKey, newValue);
    }
  }

  #copyConnections({ folder, from, to, key, value, types, seen }: Pair, since: bigint): number {
    const slots = this.#slots.get(folder)?.within(types);
    const isFirst = since === 0n && !this.#plane.adopted;
    const [newKey, newValue] = [Buffer.alloc(to.info.keySize), Buffer.alloc(to.info.valueSize)];
    let copied = 0;
    for (const entry of from.entries()) {
      if (readNumber(entry.value, seen!.from) < since) continue;
      key.copy(entry.key, newKey);
      value.copy(entry.value, newValue);
      slots?.apply(newValue);
      const table = this.#tableOf(to, newKey);
      if (isFirst || this.#isNews(table, newKey, readNumber(newValue, seen!.to))) {
        table.update(newKey, newValue);
        copied++;
      }
    }
    return copied;
  }

  /** Returns the table for a key. An older version has the confirmed connections of all protocols in one table. */
  #tableOf(to: BpfMap, key: Buffer): BpfMap {
    return to.name === "flows" ? this.#plane.maps.get(confirmedTableOf(key))! : to;
  }

  /** Returns false if a current table has seen a later packet of the connection. An older entry in another table is removed. */
  #isNews(to: BpfMap, key: Buffer, seenAt: bigint): boolean {
    for (const { table, seen } of this.#current) {
      const known = table.lookup(key);
      if (known === undefined) continue;
      if (readNumber(known, seen) >= seenAt) return false;
      if (table !== to) table.delete(key);
    }
    return true;
  }
}

/** Counts the records in the ring, and removes them. */
function countRecords(folder: string): number {
  const map = openPinned(folder, "events");
  if (map === undefined) return 0;
  const ring = new Ring({ map, recordSize: NO_RECORD, onRecords: () => {} });
  ring.drain();
  ring.close();
  map.close();
  return ring.skipped;
}

function pairOf(folder: string, from: BpfMap, to: BpfMap): Pair | undefined {
  const [old, now] = [typesOf(from.info), typesOf(to.info)];
  if (old === undefined || now === undefined) return undefined;
  const key = planCopying({ btf: old.btf, type: old.key }, { btf: now.btf, type: now.key });
  if (!key.isWhole) return undefined;
  const value = planCopying({ btf: old.btf, type: old.value }, { btf: now.btf, type: now.value }, (name) => JUDGED_AGAIN.has(name));
  const pair = { folder, from, to, key, value, types: now };
  if (!isFlow(now)) return { ...pair, seen: undefined };
  const [before, after] = [old, now].map((types) => memberAt(types, SEEN));
  return before === undefined || after === undefined ? undefined : { ...pair, seen: { from: before, to: after } };
}

function isFlow({ btf, value }: TableTypes): boolean {
  const type = btf.resolve(value);
  return type.kind === "struct" && type.name === FLOW;
}
