/** Makes the kernel's tables as they would be after a while, so that no test has to wait. */

import { Flow } from "../../agent/generated/layout.ts";
import type { DataPlane } from "../../agent/kernel/dataplane.ts";

const FLOW_TABLES = ["flows", "openings_in", "openings_out"];
/** What only detect let through is forgotten after so many seconds. */
const SHADOW_SECONDS = 30;

export function passTime(plane: DataPlane, seconds: number): void {
  const jiffies = BigInt(seconds * plane.jiffiesPerSecond);
  for (const table of FLOW_TABLES) {
    change(plane, table, (value) => value.writeBigUInt64LE(value.readBigUInt64LE(Flow.opened_jiffies) - jiffies, Flow.opened_jiffies));
  }
  change(plane, "rates", (due) => due.writeBigInt64LE(BigInt(Math.max(0, Number(due.readBigInt64LE()) - seconds * 1e9))));
  if (seconds >= SHADOW_SECONDS) for (const _ of plane.map("shadows").batches({ remove: true }));
}

function change(plane: DataPlane, table: string, alter: (value: Buffer) => void): void {
  const map = plane.map(table);
  const entries = [...map.batches()].flatMap(({ keys, values, count }) =>
    Array.from({ length: count }, (_, index) => ({
      key: Buffer.from(keys.subarray(index * map.info.keySize, (index + 1) * map.info.keySize)),
      value: Buffer.from(values.subarray(index * map.valueBytes, (index + 1) * map.valueBytes)),
    })),
  );
  for (const { key, value } of entries) {
    alter(value);
    map.update(key, value);
  }
}
