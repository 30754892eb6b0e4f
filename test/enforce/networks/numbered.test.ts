import assert from "node:assert/strict";
import { test } from "node:test";

import { NumberedNetworks } from "../../../agent/enforce/networks/numbered.ts";
import { formatNetwork, type Network } from "../../../agent/values/address.ts";
import { Random } from "../../harness/random.ts";
import { network } from "../bans/fixture.ts";

const all = (table: NumberedNetworks): [string, number][] =>
  Array.from({ length: table.size }, (_, row) => [formatNetwork(table.networkAt(row)), table.numberAt(row)]);

test("a network has the number it was given last, and lengths are told apart", () => {
  const table = new NumberedNetworks();
  assert.deepEqual(
    [table.set(network("192.0.2.0/24"), 1), table.set(network("192.0.2.0/25"), 2), table.set(network("192.0.2.0/24"), 3)],
    [true, true, false],
  );
  assert.deepEqual(all(table), [
    ["192.0.2.0/24", 3],
    ["192.0.2.0/25", 2],
  ]);
  assert.equal(table.get(network("192.0.2.0")), undefined);
  assert.deepEqual(table.lengths(), [121, 120]);
  assert.deepEqual([table.delete(network("192.0.2.0/24")), table.delete(network("192.0.2.0/24"))], [true, false]);
  assert.deepEqual([all(table), table.lengths()], [[["192.0.2.0/25", 2]], [121]]);
});

test("agrees with a map over ten thousand random changes", () => {
  const random = new Random(11);
  const table = new NumberedNetworks();
  const map = new Map<string, number>();
  const any = (): Network =>
    network(random.below(2) === 0 ? `10.0.${random.below(8)}.${random.below(200)}` : `2001:db8::${random.below(400).toString(16)}`);
  for (let step = 0; step < 10_000; step++) {
    const one = any();
    const text = formatNetwork(one);
    if (random.below(5) < 3) {
      assert.equal(table.set(one, step), !map.has(text));
      map.set(text, step);
    } else assert.equal(table.delete(one), map.delete(text));
    const asked = any();
    assert.equal(table.get(asked), map.get(formatNetwork(asked)));
  }
  assert.ok(map.size > 500, `${map.size}`);
  assert.deepEqual(new Map(all(table)), map);
});
