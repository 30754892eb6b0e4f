/** Sets with tables in memory, a state directory, and a clock that tests move. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { NetworkTable } from "../../../agent/enforce/networks/table.ts";
import { numberSets } from "../../../agent/policy/sets.ts";
import { SetKeeper } from "../../../agent/enforce/sets/keeper.ts";
import { SetLibrary } from "../../../agent/enforce/sets/library.ts";
import { SetOperations } from "../../../agent/service/set-operations.ts";
import { Turns } from "../../../agent/enforce/turns.ts";
import type { OperatorAction } from "../../../audit/record.ts";
import { formatNetwork } from "../../../agent/values/address.ts";
import type { Sets } from "../../../agent/policy/named-sets.ts";
import { FakeMemory } from "../bans/fixture.ts";
import { FakeClock } from "../dynamic/fixture.ts";
import type { Listed } from "../../../agent/enforce/sets/members.ts";

export interface SetBench extends Disposable {
  path: string;
  clock: FakeClock;
  memory: FakeMemory;
  library: SetLibrary;
  keeper: SetKeeper;
  operations: SetOperations;
  audited: OperatorAction[];
  said: string[];
  /** How often connections were made to ask the rules again. */
  refreshed(): number;
  /** Members in the tables, as `set network until`. */
  inForce(): string[];
  configure(sets: Sets): Promise<void>;
  /** Takes what a file would hold, in turn with other changes. */
  relist(name: string, listed: Listed): Promise<void>;
  /** Another start, of the same boot unless the clock says otherwise. */
  restart(): Promise<SetBench>;
}

export async function setBench(
  sets: Sets,
  memory = new FakeMemory(),
  path = mkdtempSync(join(tmpdir(), "weir-sets-")),
  clock = new FakeClock(),
  opened: SetOperations[] = [],
): Promise<SetBench> {
  const library = new SetLibrary({ stateDirectory: path, clock });
  const table = new NetworkTable(memory);
  const keeper = new SetKeeper(table, () => Promise.resolve());
  const audited: OperatorAction[] = [];
  const said: string[] = [];
  let [numbers, refreshed] = [{} as Record<string, number>, 0];
  const turns = new Turns();
  const install = async (next: Sets): Promise<void> => {
    sets = next;
    numbers = numberSets(sets, numbers);
    await (await keeper.prepare(await library.open(sets, keeper.sets), numbers, 0)).finish();
  };
  await install(sets);
  const operations = new SetOperations({
    sets: keeper,
    library,
    config: () => ({ sets }),
    refresh: async () => ++refreshed,
    inTurn: (change) => turns.take(change),
    audit: { action: async (action) => audited.push(action) > 0 },
    telemetry: { changed: () => {} },
    say: (level, sentence) => void said.push(`${level}: ${sentence}`),
  });
  opened.push(operations);
  return {
    path,
    clock,
    memory,
    library,
    keeper,
    operations,
    audited,
    said,
    refreshed: () => refreshed,
    inForce() {
      const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name]));
      return [...table.members()].map(({ network, set, until }) => `${names.get(set)} ${formatNetwork(network)} ${until}`).toSorted();
    },
    relist: (name, listed) => turns.take(() => keeper.relist(name, listed)),
    async configure(next) {
      await turns.take(() => install(next));
      operations.configure();
    },
    restart: () => setBench(sets, memory, path, clock, opened),
    [Symbol.dispose]() {
      for (const one of opened) one.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}
