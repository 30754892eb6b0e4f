/** What one set of tables knows of connections goes to the set that takes its place, also what comes in between. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Flow, FlowKey } from "../../agent/generated/layout.ts";
import { DataPlane } from "../../agent/kernel/dataplane.ts";
import { Succession } from "../../agent/enforce/adoption/succession.ts";
import { requires, root } from "../harness/require.ts";
import { pinDirectory } from "./support.ts";

const here = requires(root());
const TCP = 6;
const UDP = 17;

test("connections go to other tables, and what came to the old ones meanwhile follows", here, () => {
  using planes = twoPlanes();
  const { before, now } = planes;
  put(before, "flows", 1, { seen: 10n, packets: 3n });
  put(before, "flows", 2, { seen: 10n, packets: 3n });
  put(before, "flows", 3, { seen: 10n, packets: 3n });
  put(before, "openings_in", 4, { seen: 10n, packets: 1n });
  put(before, "flows", 6, { seen: 10n, packets: 3n }, UDP); // as an older version has it
  put(before, "unproven_flows", 7, { seen: 10n, packets: 3n }, UDP);
  const succession = new Succession(now);
  assert.deepEqual(succession.copyAll(), { connections: 6, left: [] });
  assert.deepEqual(seen(now, "flows", 1), { seen: 10n, packets: 3n, generation: 0 });
  assert.deepEqual(seen(now, "openings_in", 4), { seen: 10n, packets: 1n, generation: 0 });
  assert.equal(seen(now, "flows", 6, UDP), undefined, "only TCP is there");
  for (const number of [6, 7]) assert.deepEqual(seen(now, "unproven_flows", number, UDP), { seen: 10n, packets: 3n, generation: 0 });

  const later = now.clock.now() + 1000n;
  put(before, "flows", 1, { seen: later, packets: 9n }); // goes on where no interface has changed hands
  put(before, "flows", 2, { seen: later, packets: 4n });
  put(now, "flows", 2, { seen: later + 1n, packets: 5n }); // has gone on here since
  put(before, "flows", 4, { seen: later, packets: 2n }); // was answered
  put(before, "openings_out", 5, { seen: later, packets: 1n }); // is new
  put(before, "flows", 6, { seen: later, packets: 9n }, UDP);
  put(before, "flows", 7, { seen: later, packets: 4n }, UDP);
  put(now, "unproven_flows", 7, { seen: later + 1n, packets: 5n }, UDP);
  assert.equal(succession.copyRest(), 4);
  succession.close();
  assert.equal(seen(now, "flows", 1)?.packets, 9n);
  assert.equal(seen(now, "flows", 2)?.packets, 5n, "what the tables of now saw later stays");
  assert.equal(seen(now, "flows", 3)?.packets, 3n);
  assert.equal(seen(now, "flows", 4)?.packets, 2n);
  assert.equal(seen(now, "openings_in", 4), undefined, "no connection is in two tables");
  assert.equal(seen(now, "openings_out", 5)?.packets, 1n);
  assert.equal(seen(now, "unproven_flows", 6, UDP)?.packets, 9n);
  assert.equal(seen(now, "unproven_flows", 7, UDP)?.packets, 5n);
});

test("an agent that is stopped while it takes over lets go of the old tables, too", here, () => {
  using planes = twoPlanes();
  const { before, now } = planes;
  before.control.mode = "prevent";
  now.control.mode = "prevent";
  now.releaseOthers();
  assert.deepEqual([before.control.mode, now.control.mode], ["detect", "prevent"]);
});

/** Of two sizes, pinned below the same folder. */
function twoPlanes(): { before: DataPlane; now: DataPlane } & Disposable {
  const pins = pinDirectory();
  const [before, now] = [64, 128].map((slots) => new DataPlane({ pins, capacity: { slots, cells: 64, banLines: 64, setLines: 64 } })) as [
    DataPlane,
    DataPlane,
  ];
  return {
    before,
    now,
    [Symbol.dispose]() {
      before.close();
      now.close();
    },
  };
}

function keyOf(number: number, protocol: number): Buffer {
  const key = Buffer.alloc(FlowKey.size);
  key.writeUInt16LE(protocol, FlowKey.what.at);
  key.writeUInt16LE(number, FlowKey.ports.at);
  return key;
}

function put(plane: DataPlane, table: string, number: number, { seen, packets }: { seen: bigint; packets: bigint }, protocol = TCP): void {
  const value = Buffer.alloc(plane.map(table).valueBytes);
  value.writeBigUInt64LE(seen, Flow.seen_jiffies);
  value.writeBigUInt64LE(packets, Flow.packets.at);
  value.writeUInt32LE(7, Flow.generation);
  plane.map(table).update(keyOf(number, protocol), value);
}

function seen(
  plane: DataPlane,
  table: string,
  number: number,
  protocol = TCP,
): { seen: bigint; packets: bigint; generation: number } | undefined {
  const value = plane.map(table).lookup(keyOf(number, protocol));
  return value === undefined
    ? undefined
    : {
        seen: value.readBigUInt64LE(Flow.seen_jiffies),
        packets: value.readBigUInt64LE(Flow.packets.at),
        generation: value.readUInt32LE(Flow.generation),
      };
}
