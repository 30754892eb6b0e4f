/** Whose a socket is that nobody was seen making. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Holding, Owner, OwnerFlag } from "../../../agent/generated/layout.ts";
import { heldByInode, ownersOf } from "../../../agent/observe/sockets/holders.ts";

/** Cookie, process and its parent. */
type Held = readonly [bigint, number, number];

/** As the kernel writes them. */
function records(...holdings: readonly Held[]): Buffer {
  return Buffer.concat(
    holdings.map(([cookie, pid, parent]) => {
      const record = Buffer.alloc(Holding.size);
      record.writeBigUInt64LE(cookie, Holding.cookie);
      record.writeUInt32LE(pid, Holding.holder.pid);
      record.writeUInt32LE(parent, Holding.parent);
      return record;
    }),
  );
}

function pids(...holdings: readonly Held[]): Record<string, number> {
  return Object.fromEntries([...ownersOf(records(...holdings))].map(([cookie, owner]) => [cookie, owner.readUInt32LE(Owner.pid)]));
}

test("a socket that one process has open is that process's, in however many descriptors", () => {
  const owner = ownersOf(records([7n, 100, 1], [7n, 100, 1])).get(7n)!;
  assert.deepEqual([owner.readUInt32LE(Owner.pid), owner.readUInt16LE(Owner.flags), owner.length], [100, OwnerFlag.HOLDER, Owner.size]);
});

test("of a family it is that of the process the others descend from, whatever their numbers are", () => {
  assert.deepEqual(pids([7n, 100, 1], [7n, 101, 100], [7n, 102, 101]), { 7: 100 });
  assert.deepEqual(pids([7n, 3, 900], [7n, 4, 3], [7n, 900, 1]), { 7: 900 });
  assert.deepEqual(pids([7n, 100, 1], [8n, 101, 100], [7n, 102, 101]), { 7: 100, 8: 101 }, "through one that holds another socket");
});

test("a chain of processes that a user made without end is nobody's, and one that servers make is a family", () => {
  const chain = (length: number): Held[] => Array.from({ length }, (_, at) => [7n, 100 + at, 99 + at] as const);
  assert.deepEqual(pids(...chain(17)), { 7: 100 });
  assert.deepEqual(pids(...chain(10_000)), {}, "which is told without a walk from each to each");
});

test("of processes that are no family it is nobody's", () => {
  assert.deepEqual(pids([7n, 100, 1], [7n, 200, 1]), {});
  assert.deepEqual(pids([7n, 100, 200], [7n, 200, 100], [7n, 300, 1]), {}, "parents that say nonsense");
});

test("a socket that is known by its number has a cookie, and its owner where there is one", () => {
  const told = records([7n, 100, 1], [8n, 100, 1], [8n, 200, 1]);
  for (const [at, inode] of [
    [0, 70n],
    [1, 80n],
    [2, 80n],
  ] as const)
    told.writeBigUInt64LE(inode, at * Holding.size + Holding.inode);
  told.writeUInt32LE(3, Holding.ifindex);
  const held = heldByInode(told);
  assert.deepEqual(
    [...held].map(([inode, { cookie, ifindex, owner }]) => [inode, cookie, ifindex, owner?.readUInt32LE(Owner.pid)]),
    [
      [70n, 7n, 3, 100],
      [80n, 8n, 0, undefined],
    ],
  );
});
