import assert from "node:assert/strict";
import { test } from "node:test";

import { onlyInCopy, BOTH_COPIES } from "../../../agent/enforce/networks/table.ts";
import { NetworkLines } from "../../../agent/enforce/networks/lines.ts";
import { NumberedNetworks } from "../../../agent/enforce/networks/numbered.ts";
import { Member } from "../../../agent/generated/layout.ts";
import { SetLibrary } from "../../../agent/enforce/sets/library.ts";
import { FakeMemory, network } from "../bans/fixture.ts";
import { Random } from "../../harness/random.ts";
import { type SetBench, setBench } from "./fixture.ts";

const ROOT = { uid: 0, pid: 1 };
const NAMES = ["one", "two", "three"];
const STEPS = 3000;

/** So few lines that the other table holds what finds no room. */
class SmallMemory extends FakeMemory {
  override grow = async (): Promise<void> => {};
}

/** What a set should hold: until when, by member. */
interface Model {
  configured: Set<string>;
  listed: Map<string, number>;
  added: Map<string, number>;
}

test("whatever comes and goes, from wherever, the tables hold what is a member, until its end, over restarts", async () => {
  const random = new Random(3);
  const pool = [
    ...Array.from({ length: 40 }, (_, host) => `10.0.0.${host}`),
    ...Array.from({ length: 8 }, (_, third) => `10.${third}.0.0/${24 + third}`),
    ...["10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/23", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1", "2001:db8:7::/48"],
  ];
  const some = (most: number): string[] => [...new Set(Array.from({ length: random.below(most + 1) }, () => random.pick(pool)))];
  const model = new Map<string, Model>(NAMES.map((name) => [name, { configured: new Set(), listed: new Map(), added: new Map() }]));
  const sets = (): Record<string, { addresses: string[] }> =>
    Object.fromEntries([...model].map(([name, { configured }]) => [name, { addresses: [...configured] }]));
  let bench = await setBench(sets(), new SmallMemory(8));
  const first = bench;
  using _ = first;
  const now = (): number => bench.clock.seconds;
  const counts = (until: number): boolean => until === 0 || until > now();

  const steps: [string, (name: string, own: Model) => Promise<void>][] = [
    [
      "configure",
      async (_, own) => {
        own.configured = new Set(some(10));
        const kept = new Map([...model].map(([name, { listed }]) => [name, listed]));
        await bench.configure(sets());
        // The fixture has no files: what was listed goes with another configuration of the set, and stays without.
        for (const [name, listed] of kept) if (bench.keeper.sets.get(name)!.listed.networks.size === 0) listed.clear();
      },
    ],
    [
      "add",
      async (name, own) => {
        const networks = some(5);
        if (networks.length === 0) return;
        const for_s = random.oneIn(2) ? 1 + random.below(100) : undefined;
        await bench.operations.add({ set: name, networks, check_only: false, ...(for_s === undefined ? {} : { for_s }) }, ROOT);
        for (const one of networks) own.added.set(one, for_s === undefined ? 0 : now() + for_s);
      },
    ],
    [
      "remove",
      async (name, own) => {
        const there = [...own.added].filter(([, until]) => counts(until)).map(([one]) => one);
        if (there.length === 0) return;
        const networks = [...new Set([random.pick(there), random.pick(there)])];
        await bench.operations.remove({ set: name, networks }, ROOT);
        for (const one of networks) own.added.delete(one);
      },
    ],
    [
      "relist",
      async (name, own) => {
        const until = random.oneIn(2) ? 0 : now() + 50;
        own.listed = new Map(some(12).map((one) => [one, until]));
        const networks = new NumberedNetworks();
        for (const one of own.listed.keys()) networks.set(network(one), 0);
        await bench.relist(name, { networks, until });
      },
    ],
    ["pass", async () => bench.clock.pass(random.below(20))],
    [
      "restart",
      async () => {
        if (!random.oneIn(5)) return;
        bench.operations.close();
        bench = await bench.restart();
        for (const { listed } of model.values()) listed.clear();
      },
    ],
  ];

  for (let step = 0; step < STEPS; step++) {
    const [what, act] = random.pick(steps);
    const name = random.pick(NAMES);
    await act(name, model.get(name)!);
    const expected = [...model].flatMap(([set, own]) => membersOf(own, counts).map(([one, until]) => `${set} ${one} ${until}`)).toSorted();
    const found = bench.inForce().filter((one) => counts(Number(one.split(" ")[2])));
    assert.deepEqual(found, expected, `step ${step}: ${what} ${name}`);
  }
  assert.deepEqual(bench.keeper.trouble, []);
});

function membersOf({ configured, listed, added }: Model, counts: (until: number) => boolean): [string, number][] {
  const until = new Map<string, number>([...configured].map((one) => [one, 0]));
  for (const [one, end] of [...listed, ...added]) {
    if (!counts(end)) continue;
    const other = until.get(one);
    until.set(one, other === 0 || end === 0 ? 0 : Math.max(other ?? 0, end));
  }
  return [...until];
}

test("members that come and go with other rules count for the copy of the rules that they go with", async () => {
  using bench = await setBench({ bad: { addresses: ["192.0.2.1", "192.0.2.2"] } });
  const copies = (): Record<string, number> =>
    Object.fromEntries(
      Array.from(new NetworkLines(bench.memory.lines).entries(), ({ address, member }) => [
        `192.0.2.${address & 255}`,
        member & BOTH_COPIES,
      ]),
    );
  const open = async (addresses: string[]): ReturnType<SetLibrary["open"]> => new SetLibrary().open({ bad: { addresses } });
  assert.deepEqual(copies(), { "192.0.2.1": BOTH_COPIES, "192.0.2.2": BOTH_COPIES });
  for (const ending of ["undo", "finish"] as const) {
    const transition = await bench.keeper.prepare(await open(["192.0.2.2", "192.0.2.3"]), { bad: 0 }, 1);
    assert.deepEqual(copies(), { "192.0.2.1": onlyInCopy(0), "192.0.2.2": BOTH_COPIES, "192.0.2.3": onlyInCopy(1) }, ending);
    await transition[ending]();
    assert.deepEqual(
      copies(),
      ending === "undo" ? { "192.0.2.1": BOTH_COPIES, "192.0.2.2": BOTH_COPIES } : { "192.0.2.2": BOTH_COPIES, "192.0.2.3": BOTH_COPIES },
    );
  }
  assert.equal(BOTH_COPIES & Member.SET, 0);
});

test("what an agent before left in the tables goes with the first rules, unless it is a member", async () => {
  using bench: SetBench = await setBench({ bad: { addresses: ["192.0.2.1", "2001:db8::/32"] }, worse: { addresses: ["192.0.2.9"] } });
  bench.operations.close();
  const next = await setBench({ bad: { addresses: ["192.0.2.2", "2001:db8::/32"] } }, bench.memory, bench.path, bench.clock);
  assert.deepEqual(next.inForce(), ["bad 192.0.2.2 0", "bad 2001:db8::/32 0"]);
  next.operations.close();
});
