/** Which sockets are told to send past the egress rules when nobody saw them begin. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Bypass, SocketEvent } from "../../../agent/observe/events/event.ts";
import type { Describer } from "../../../agent/observe/flows/describe.ts";
import { Bypass as Value, BypassNames, Holding } from "../../../agent/generated/layout.ts";
import { BypassingSockets } from "../../../agent/observe/sockets/bypass.ts";

type Held = Readonly<Record<number, { bypass: Bypass | "none"; told?: boolean }>>;

const describer = { names: { program: () => ({}), user: () => undefined, workload: () => ({}) } } as unknown as Describer;

function holdings(held: Held): Buffer {
  return Buffer.concat(
    Object.entries(held).map(([inode, { bypass, told = false }]) => {
      const record = Buffer.alloc(Holding.size);
      record.writeBigUInt64LE(BigInt(inode) + 1000n, Holding.cookie);
      record.writeBigUInt64LE(BigInt(inode), Holding.inode);
      record.writeUInt32LE(Number(inode), Holding.holder.pid);
      record.writeUInt32LE(BypassNames.indexOf(bypass), Holding.bypass);
      record.writeUInt32LE(told ? 1 : 0, Holding.bypass_reported);
      return record;
    }),
  );
}

/** What looks at these sockets tell one after the other. */
async function looks(
  ...each: readonly { list: readonly number[]; held: Held }[]
): Promise<{ told: (readonly [number | undefined, string])[][]; sockets: BypassingSockets }> {
  let now = each[0]!;
  const events: SocketEvent[] = [];
  const sockets = new BypassingSockets(
    { describer, nextNumber: () => 1, rawHolders: async () => holdings(now.held), report: (event) => void events.push(event) },
    () => now.list.map(BigInt),
  );
  const told = [];
  for (const one of each) {
    now = one;
    sockets.changed();
    await sockets.look();
    told.push(events.splice(0).map(({ process: of, bypass, outcome }) => [of?.pid, `${bypass} ${outcome}`] as const));
  }
  return { told, sockets };
}

test("one that the kernel told is counted and not told again, one that it did not is told once", async () => {
  assert.equal(Value.NONE, 0);
  const there = {
    list: [1, 2, 3],
    held: { 1: { bypass: "qdisc", told: true }, 2: { bypass: "qdisc" }, 3: { bypass: "none" }, 9: { bypass: "af_xdp" } },
  } as const;
  const { told, sockets } = await looks(there, there, { list: [], held: {} });
  assert.deepEqual(told, [
    [
      [2, "qdisc found"],
      [9, "af_xdp found"],
    ],
    [],
    [],
  ]);
  assert.deepEqual(
    [sockets.counts, sockets.found],
    [
      { qdisc: 0, af_xdp: 0, unknown: 0 },
      { happened: 2, suppressed: 0 },
    ],
  );
});

test("a packet socket of another network namespace is not one of this one's", async () => {
  const { told, sockets } = await looks({ list: [], held: { 1: { bypass: "qdisc" } } });
  assert.deepEqual([told, sockets.counts.qdisc], [[[]], 0]);
});

test("one that nobody was found to have open, or of which the kernel does not tell, may be one", async () => {
  const { told, sockets } = await looks({ list: [1, 2], held: { 2: { bypass: "unknown" } } });
  assert.deepEqual(
    [told, sockets.counts],
    [
      [
        [
          [undefined, "unknown found"],
          [2, "unknown found"],
        ],
      ],
      { qdisc: 0, af_xdp: 0, unknown: 2 },
    ],
  );
});

test("of many found at once a part is told, and all are counted", async () => {
  const held = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [at + 1, { bypass: "qdisc" }] as const));
  const { told, sockets } = await looks({ list: Object.keys(held).map(Number), held });
  assert.deepEqual([told[0]!.length, sockets.found], [100, { happened: 250, suppressed: 150 }]);
});
