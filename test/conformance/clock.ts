/** The time that conformance cases begin at, and what makes it pass in the kernel's tables, so that no test has to wait. */

import { uptime } from "node:os";

import { Decision, Flow, Rule } from "../../agent/generated/layout.ts";
import type { DataPlane } from "../../agent/kernel/dataplane.ts";
import type { BootClock } from "../../agent/policy/boot-clock.ts";

/** A Wednesday by local time, and far enough from any other minute that a slow machine stays in this one. */
export const NOON = new Date(2026, 10, 18, 12, 0, 20).getTime();

const ASK_AGAIN = Flow.decision.at + Decision.ask_again;
const FLOW_TABLES = ["flows", "unproven_flows", "openings_in", "openings_out", "pings_in", "pings_out", "blocked_flows"];

/** A clock that stands, but for the time that a test lets pass. */
export class TestClock implements BootClock {
  #now = NOON;

  reset(): void {
    this.#now = NOON;
  }

  now(): number {
    return this.#now;
  }

  bootSecondAt(moment: number): number {
    return Math.ceil(uptime() + (moment - this.#now) / 1000);
  }

  pass(seconds: number): void {
    this.#now += seconds * 1000;
  }
}

/** Makes the tables as they would be so many seconds later. */
export function passTime(plane: DataPlane, seconds: number): void {
  const jiffies = BigInt(seconds * plane.clock.perSecond);
  for (const table of FLOW_TABLES) {
    change(plane, table, (value) => {
      value.writeBigUInt64LE(value.readBigUInt64LE(Flow.opened_jiffies) - jiffies, Flow.opened_jiffies);
      const again = value.readBigUInt64LE(ASK_AGAIN);
      if (again !== 0n) value.writeBigUInt64LE(again - jiffies, ASK_AGAIN);
    });
  }
  change(plane, "rates", (due) => due.writeBigInt64LE(BigInt(Math.max(0, Number(due.readBigInt64LE()) - seconds * 1e9))));
  endRules(plane, seconds);
}

function endRules(plane: DataPlane, seconds: number): void {
  const map = plane.map("rules");
  const rules = new DataView(map.mmap());
  for (let at = Rule.expires; at < rules.byteLength; at += map.elementStride) {
    const expires = rules.getUint32(at, true);
    if (expires !== 0) rules.setUint32(at, Math.max(1, expires - seconds), true);
  }
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
