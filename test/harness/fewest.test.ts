import assert from "node:assert/strict";
import { test } from "node:test";

import { fewest } from "./fewest.ts";
import { Random } from "./random.ts";

test("what is not needed is taken away, in whichever place the needed stand", async () => {
  const random = new Random(1);
  for (let round = 0; round < 50; round++) {
    const list = Array.from({ length: random.below(60) }, (_, number) => number);
    const needed = list.filter(() => random.oneIn(12));
    assert.deepEqual(await fewest(list, (rest) => Promise.resolve(needed.every((one) => rest.includes(one)))), needed);
  }
});

test("of what shows nothing in parts all is left", async () => {
  assert.deepEqual(await fewest([1, 2, 3], (rest) => Promise.resolve(rest.length === 3)), [1, 2, 3]);
});
