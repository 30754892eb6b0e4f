import assert from "node:assert/strict";
import { test } from "node:test";

import { Limit } from "../../agent/generated/layout.ts";
import { InterfaceTable } from "../../agent/policy/interface-table.ts";
import { interfaceMemory, PlainTable } from "../enforce/interface-memory.ts";

const PLACES = Limit.INTERFACE_PLACES;

function add(table: InterfaceTable, ifindex: number, slot = 1): boolean {
  if (!table.claim(ifindex)) return false;
  table.setGroups(ifindex, 1, BigInt(ifindex));
  table.publish({ ifindex, slot, flags: 0 });
  return true;
}

test("interfaces whose indexes share a place have entries of their own, also for the next agent", () => {
  const [memory, apart] = [interfaceMemory(), new PlainTable()];
  const table = new InterfaceTable(memory, apart);
  const indexes = [7, 7 + PLACES, 7 + 2 * PLACES, 8, 2 ** 31 - 1];
  indexes.forEach((ifindex, slot) => assert.ok(add(table, ifindex, slot)));
  assert.deepEqual([...apart.places.keys()], [7 + PLACES, 7 + 2 * PLACES], "only those whose place was taken are looked for twice");
  for (const next of [table, new InterfaceTable(memory, new PlainTable())]) {
    indexes.forEach((ifindex, slot) => {
      assert.deepEqual(next.find(ifindex), { ifindex, slot, flags: 0 });
      assert.equal(next.groups(ifindex, 1), BigInt(ifindex));
    });
  }
});

test("an interface that leaves frees its place, and the one that shared it stays where it is", () => {
  const apart = new PlainTable();
  const table = new InterfaceTable(interfaceMemory(), apart);
  for (const ifindex of [7, 7 + PLACES]) add(table, ifindex);
  table.remove(7);
  assert.equal(table.find(7), undefined);
  assert.equal(table.groups(7 + PLACES, 1), BigInt(7 + PLACES));
  add(table, 7);
  table.remove(7 + PLACES);
  assert.equal(apart.places.size, 0);
  assert.equal(table.groups(7, 1), 7n);
  assert.equal(table.groups(7 + PLACES, 1), undefined);
});

test("a table that is full refuses, and takes the next one as soon as a place is free", () => {
  const table = new InterfaceTable(interfaceMemory(), new PlainTable());
  const sharing = Array.from({ length: Limit.INTERFACES_APART + 1 }, (_, n) => 7 + n * PLACES);
  for (const ifindex of sharing) assert.ok(add(table, ifindex));
  const late = 7 + (sharing.length + 1) * PLACES;
  assert.equal(add(table, late), false);
  assert.equal(table.find(late), undefined);
  assert.ok(add(table, 8), "a place of its own");
  table.remove(sharing[5]!);
  assert.ok(add(table, late));
});

test("an agent that died before an interface was published leaves nothing of it, and one that died in the middle is mended", () => {
  const [memory, apart] = [interfaceMemory(), new PlainTable()];
  const table = new InterfaceTable(memory, apart);
  for (const ifindex of [7, 7 + PLACES]) add(table, ifindex);
  assert.ok(table.claim(9));
  apart.places.clear(); // it died between the two tables
  const next = new InterfaceTable(memory, apart);
  assert.equal(next.find(9), undefined);
  assert.deepEqual([...apart.places.keys()], [7 + PLACES]);
});
