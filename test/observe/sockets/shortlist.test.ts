/** The first of many are those that sorting all of them would give. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Shortlist } from "../../../agent/observe/sockets/shortlist.ts";
import { Random } from "../../harness/random.ts";

test("the first of many are found whatever order they come in, and few others are held", () => {
  const random = new Random(3);
  for (const [many, limit] of [
    [0, 5],
    [3, 5],
    [5, 5],
    [1000, 1],
    [1000, 7],
    [1000, 999],
  ] as const) {
    const all = Array.from({ length: many }, () => random.below(500));
    const first = new Shortlist<number, number>(limit, (a, b) => a - b);
    let added = 0;
    for (const one of all) {
      if (!first.mayHold(one)) continue;
      first.add(one);
      added++;
    }
    assert.deepEqual(first.rows, all.toSorted((a, b) => a - b).slice(0, limit), `${limit} of ${many}`);
    if (limit < 10) assert.ok(added < many / 4 || many < 10, `${added} of ${many} had to be looked at`);
  }
});
