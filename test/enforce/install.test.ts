import assert from "node:assert/strict";
import { endianness } from "node:os";
import { test } from "node:test";
import { InterfaceEntry, Limit, Matcher, MatcherFlag, MatcherIndex, Policy, Rule } from "../../agent/generated/layout.ts";
import { CAPACITIES, LARGEST } from "../../agent/policy/capacity.ts";
import { compile, compileFront } from "../../agent/policy/compile.ts";
import { generationAfter, Installer, type RuleTables } from "../../agent/enforce/install.ts";
import { InterfaceTable } from "../../agent/policy/interface-table.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";
import { interfaceMemory, PlainTable } from "./interface-memory.ts";
import { compiled, withFront } from "../policy/texts.ts";

const LITTLE = endianness() === "LE";
const SMALL = CAPACITIES[0]!;

/** Tables as plain memory, and a grace period that ends when the test says so. */
function memory(generation = 0, capacity = SMALL, interfaces = interfaceMemory()) {
  const waiting: (() => void)[] = [];
  const tables = {
    policies: new Uint8Array(2 * Policy.size),
    cells: new Uint8Array(2 * capacity.cells * Matcher.size),
    rules: new Uint8Array(2 * capacity.slots * Rule.size),
    interfaces: new InterfaceTable(interfaces, new PlainTable()),
    generation: () => generation,
    flip: (next: number) => {
      generation = next;
    },
    waitGracePeriod: () => new Promise<void>((resolve) => waiting.push(resolve)),
  } satisfies RuleTables;
  return { tables, endGracePeriod: () => waiting.shift()?.(), waits: () => waiting.length };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Matchers in the first list of a copy; there are few enough for one list. */
function matchersAt({ cells }: RuleTables, copy: number): number {
  const bytes = new DataView(cells.buffer, (copy * cells.length) / 2);
  const list = bytes.getUint32(MatcherIndex.list, LITTLE);
  if (list === 0) return 0;
  for (let count = 1; ; count++) if (bytes.getUint8((list + count - 1) * Matcher.size + Matcher.flags) & MatcherFlag.LAST) return count;
}
const policyAt = ({ policies }: RuleTables, copy: number): DataView => new DataView(policies.buffer, copy * Policy.size, Policy.size);
const groupsAt = ({ interfaces }: RuleTables, ifindex: number, copy: number): bigint | undefined => interfaces.groups(ifindex, copy);

test("rules go to the copy that nobody reads, and one word puts them in force", async () => {
  const { tables, endGracePeriod } = memory();
  const installer = new Installer(tables);
  endGracePeriod();
  const generation = await installer.install(compiled({ name: "a", action: "block" }), [], () => {
    assert.equal(matchersAt(tables, 1), 1, "all is written before the flip");
    assert.equal(tables.generation(), 0);
  });
  assert.equal(generation, 1);
  assert.equal(tables.generation(), 1);
  assert.equal(policyAt(tables, 1).getUint32(Policy.generation, LITTLE), 1);
  assert.deepEqual(new Uint8Array(tables.policies.subarray(0, Policy.size)), new Uint8Array(Policy.size), "the other copy is as it was");
  assert.ok(tables.cells.subarray(0, SMALL.cells * Matcher.size).every((byte) => byte === 0));
});

test("each of many rules is written, in both copies", async () => {
  const { tables, endGracePeriod } = memory(0, LARGEST);
  const installer = new Installer(tables);
  endGracePeriod();
  const rules = Array.from(
    { length: 30_000 },
    (_, index): RuleText => ({
      name: `r${index}`,
      action: "block",
      enforce: true,
      layer3: { source: [`10.${index >> 8}.${index & 255}.0/24`] },
    }),
  );
  const many = compile(policyOf({ rules }));
  const { slots } = many.file.slots;
  for (let generation = 1; generation <= 2; generation++) {
    await installer.install(many);
    endGracePeriod();
    const written = tables.rules.subarray((generation & 1) * LARGEST.slots * Rule.size);
    assert.equal(
      slots.findIndex((slot) => written.subarray(slot * Rule.size, (slot + 1) * Rule.size).every((byte) => byte === 0)),
      -1,
    );
  }
});

test("the old copy is written only after the grace period", async () => {
  const { tables, endGracePeriod, waits } = memory();
  const installer = new Installer(tables);
  endGracePeriod();
  await installer.install(compiled({ name: "a", action: "block" }));
  const second = installer.install(compiled({ name: "a", action: "block" }, { name: "b", action: "block" }));
  await settle();
  assert.equal(tables.generation(), 1, "packets may still read copy 0");
  assert.equal(matchersAt(tables, 0), 0);
  assert.equal(waits(), 1);
  endGracePeriod();
  assert.equal(await second, 2);
  assert.equal(matchersAt(tables, 0), 2);
  assert.equal(matchersAt(tables, 1), 1);
});

const frontAt = (tables: RuleTables, copy: number): number => policyAt(tables, copy).getUint32(Policy.front, LITTLE);

test("another front is all that is written, once both copies hold the rules behind it", async () => {
  const { tables, endGracePeriod, waits } = memory();
  const installer = new Installer(tables);
  endGracePeriod();
  const first = compile(
    withFront(
      [
        { name: "a", action: "block" },
        { name: "b", action: "allow" },
      ],
      [{ name: "d1", action: "block" }],
    ),
  );
  await installer.install(first);
  assert.ok(frontAt(tables, 1) > matchersAt(tables, 1));
  await settle();
  assert.equal(matchersAt(tables, 0), 0, "packets may still read copy 0");

  const second = installer.install(compileFront(policyOf(), first)!);
  await settle();
  assert.equal(waits(), 1);
  endGracePeriod();
  assert.equal(await second, 2);
  assert.equal(matchersAt(tables, 0), 2, "as the other copy");
  assert.equal(frontAt(tables, 0), 0, "there is none any more");
  const half = (table: Uint8Array, copy: number): Uint8Array => table.subarray((copy * table.length) / 2, ((copy + 1) * table.length) / 2);
  assert.deepEqual(half(tables.rules, 0), half(tables.rules, 1));
});

test("rules that were written and not put in force are not taken for those in force", async () => {
  const { tables, endGracePeriod } = memory();
  const installer = new Installer(tables);
  endGracePeriod();
  const first = compiled({ name: "a", action: "block" });
  await installer.install(first);
  endGracePeriod();
  const two = compiled({ name: "a", action: "block" }, { name: "b", action: "block" });
  await assert.rejects(
    installer.install(two, [], () => assert.fail("not now")),
    /not now/,
  );
  assert.equal(matchersAt(tables, 0), 2);
  assert.equal(await installer.install(compileFront(policyOf(), first)!), 2);
  assert.equal(matchersAt(tables, 0), 1);
});

test("the first write of an agent waits too, for the flip of the one before it", async () => {
  const { tables, endGracePeriod } = memory(8);
  const installer = new Installer(tables);
  const first = installer.install(compiled());
  await settle();
  assert.equal(tables.generation(), 8);
  endGracePeriod();
  assert.equal(await first, 9);
});

test("installs that come together are in force one after the other", async () => {
  const { tables, endGracePeriod } = memory();
  const installer = new Installer(tables);
  const installs = [1, 2, 3].map((count) =>
    installer.install(compiled(...Array.from({ length: count }, (_, index) => ({ name: `r${index}`, action: "block" as const })))),
  );
  for (let round = 0; round < 4; round++) {
    endGracePeriod();
    await settle();
  }
  assert.deepEqual(await Promise.all(installs), [1, 2, 3]);
  assert.equal(matchersAt(tables, 1), 3);
});

test("an install that fails leaves the rules in force, and the next one works", async () => {
  const { tables, endGracePeriod } = memory();
  const installer = new Installer(tables);
  endGracePeriod();
  const session = { remoteAddress: "192.0.2.1", remotePort: 1, localPort: 22 };
  await assert.rejects(installer.install(compiled(), new Array(Limit.FAILSAFE_SESSIONS + 1).fill(session)), RangeError);
  assert.equal(tables.generation(), 0);
  assert.equal(await installer.install(compiled()), 1);
});

test("an interface has the groups of each copy's own rules", async () => {
  const { tables, endGracePeriod } = memory();
  const installer = new Installer(tables);
  installer.addInterface({ ifindex: 7, name: "eth0", slot: 3, flags: 1 });
  endGracePeriod();
  await installer.install(
    compiled({ name: "a", action: "block", interfaces: ["eth1"] }, { name: "b", action: "block", interfaces: ["eth0"] }),
  );
  endGracePeriod();
  await installer.install(compiled({ name: "b", action: "block", interfaces: ["eth*"] }));
  assert.deepEqual([groupsAt(tables, 7, 1), groupsAt(tables, 7, 0)], [2n, 1n]);
  installer.addInterface({ ifindex: 9, name: "eth1", slot: 4, flags: 0 });
  assert.deepEqual([groupsAt(tables, 9, 1), groupsAt(tables, 9, 0)], [1n, 1n]);
  installer.addInterface({ ifindex: 7, name: "wan0", slot: 3, flags: 1 });
  assert.deepEqual([groupsAt(tables, 7, 1), groupsAt(tables, 7, 0)], [0n, 0n], "a renamed interface");
});

test("the groups that an agent before this one wrote stay until its rules are replaced", async () => {
  const before = interfaceMemory();
  const entry = new DataView(before.buffer, 7 * InterfaceEntry.size);
  entry.setUint32(InterfaceEntry.ifindex, 7, LITTLE);
  entry.setBigUint64(InterfaceEntry.groups.at + InterfaceEntry.groups.stride, 5n, LITTLE);
  const { tables, endGracePeriod } = memory(1, SMALL, before);
  const installer = new Installer(tables);
  assert.equal(installer.addInterface({ ifindex: 7, name: "eth0", slot: 1, flags: 0 }), true);
  assert.equal(groupsAt(tables, 7, 1), 5n);
  endGracePeriod();
  await installer.install(compiled({ name: "a", action: "block", interfaces: ["eth0"] }));
  assert.equal(groupsAt(tables, 7, 0), 1n);
  assert.equal(groupsAt(tables, 7, 1), 5n, "packets on their way still read it");
});

test("generations alternate between the copies, also where the counter starts again", () => {
  assert.equal(generationAfter(0), 1);
  assert.equal(generationAfter(0xffff_fffd), 0xffff_fffe);
  assert.equal(generationAfter(0xffff_fffe), 1);
});
