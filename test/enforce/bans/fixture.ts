/** Tables of bans in memory, asked as the kernel asks them, and a state directory for what is kept. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BanKeeper } from "../../../agent/enforce/bans/keeper.ts";
import { BanStore } from "../../../agent/enforce/bans/store.ts";
import { type BanMemory, BanTable } from "../../../agent/enforce/bans/table.ts";
import type { Order } from "../../../agent/enforce/networks/store.ts";
import { TableFull } from "../../../agent/enforce/networks/table.ts";
import { BanOperations } from "../../../agent/service/ban-operations.ts";
import { BanRoot, NetworkLine } from "../../../agent/generated/layout.ts";
import type { OperatorAction } from "../../../audit/record.ts";
import { formatNetwork, type Network, parseNetworks } from "../../../agent/values/address.ts";
import { FakeClock } from "../dynamic/fixture.ts";

export function network(text: string): Network {
  return parseNetworks(text)[0]!;
}

export class FakeMemory implements BanMemory {
  lines: Uint8Array;
  readonly root = new Uint8Array(BanRoot.size);
  readonly kept = new Map<string, { key: Uint8Array; value: Uint8Array }>();
  flags = 0;
  readonly #most: number;

  constructor(lines = 64, most = 1000) {
    this.lines = new Uint8Array(lines * NetworkLine.size);
    this.#most = most;
  }

  prefixes = {
    get: (key: Uint8Array): Uint8Array | undefined => this.kept.get(key.join())?.value,
    update: (key: Uint8Array, value: Uint8Array): void => {
      if (!this.kept.has(key.join()) && this.kept.size >= this.#most) throw new TableFull("the table of prefixes is full");
      this.kept.set(key.join(), { key: key.slice(), value: value.slice() });
    },
    delete: (key: Uint8Array): boolean => this.kept.delete(key.join()),
    clear: (): void => this.kept.clear(),
    entries: (): Iterable<{ key: Uint8Array; value: Uint8Array }> => this.kept.values(),
  };

  /** Twice as many lines. */
  grow = async (_: number, move: (lines: Uint8Array) => Promise<void>): Promise<void> => {
    const lines = new Uint8Array(this.lines.length * 2);
    await move(lines);
    this.lines.fill(0);
    this.lines = lines;
  };

  setFlags = (flags: number): void => void (this.flags = flags);
}

export interface Bench extends Disposable {
  path: string;
  journal: string;
  clock: FakeClock;
  memory: FakeMemory;
  store: BanStore;
  keeper: BanKeeper;
  operations: BanOperations;
  audited: OperatorAction[];
  config: { bans: { except: string[] }; failsafe: { management_ports: number[]; addresses: string[] } };
  /** As the tables have it, in text. */
  inForce(): string[];
  /** Another start, of the same boot unless the clock says otherwise. */
  restart(): Promise<Bench>;
}

export async function bench(
  memory = new FakeMemory(),
  path = mkdtempSync(join(tmpdir(), "weir-bans-")),
  clock = new FakeClock(),
  opened: BanOperations[] = [],
): Promise<Bench> {
  const store = new BanStore(path, clock);
  await store.rewriteIfDue();
  const table = new BanTable(memory);
  const keeper = new BanKeeper(store, table);
  const audited: OperatorAction[] = [];
  const config = { bans: { except: [] as string[] }, failsafe: { management_ports: [22], addresses: [] as string[] } };
  const operations = new BanOperations({
    bans: keeper,
    config: () => config,
    audit: { action: async (action) => audited.push(action) > 0 },
    telemetry: { changed: () => {} },
    say: () => {},
  });
  opened.push(operations);
  return {
    path,
    journal: join(path, "bans.journal"),
    clock,
    memory,
    store,
    keeper,
    operations,
    audited,
    config,
    inForce: () => [...table.networks()].map(formatNetwork).toSorted(),
    restart: () => bench(memory, path, clock, opened),
    [Symbol.dispose]() {
      for (const one of opened) one.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

export function anOrder(more: Partial<Order> = {}): Order {
  return { uid: 0, added: "2026-11-21T00:00:00.000Z", until: 0, ...more };
}
