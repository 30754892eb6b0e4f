/** What the kernel counts of open connections, where some of them go without a packet that it could see. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { collectIdle, countFlows, flowTablesOf, type FlowTables } from "../../agent/observe/flows/collect.ts";
import { OpenConnections } from "../../agent/observe/flows/open-connections.ts";
import { FlowKey } from "../../agent/generated/layout.ts";
import { inward, passed, type PacketStep } from "../conformance/case.ts";
import { judgeAtEth0 } from "../conformance/kernel-judge.ts";
import { policyOf } from "../conformance/policy.ts";
import { Ethernet, frame, IPv4, UDP } from "../harness/packet.ts";
import { requires, root } from "../harness/require.ts";

const MOST = 3;
const BY = ["source", "destination", "rule"] as const;

test("a walk over the table puts the number of open connections right", requires(root()), async () => {
  const judge = judgeAtEth0();
  after(() => judge.close());
  const { plane } = judge;
  const tables: FlowTables = flowTablesOf((name) => plane.map(name));

  for (const by of BY) {
    await judge.start(
      policyOf({
        mode: "prevent",
        rules: [{ name: "few", action: "block", enforce: true, layer4: { protocol: "udp", connections_over: { count: MOST, by } } }],
      }),
    );
    const connections = new OpenConnections(() => ({
      counts: plane.map("open_connections"),
      rules: plane.map("rules"),
      firstRule: (plane.control.generation & 1) * (plane.map("rules").info.maxEntries / 2),
    }));
    const opens = (port: number): string => judge.judge(opening(port).packet, "tc").verdict;
    const walk = (): number => {
      const counting = connections.walk();
      collectIdle(tables, plane.clock.now(), plane.clock.perSecond, { ended: () => {}, stays: counting.stays });
      counting.finish();
      return countFlows(tables);
    };

    assert.deepEqual([1, 2, 3, 4].map(opens), ["passed", "passed", "passed", "dropped"], by);
    walk();
    assert.equal(walk(), MOST);
    assert.equal(opens(4), "dropped", `by ${by}, the walk takes off what is there`);

    remove(tables, 2);
    walk();
    assert.equal(opens(4), "dropped", `by ${by}, one walk is no proof`);
    assert.equal(walk(), 1);
    assert.deepEqual([4, 5, 6].map(opens), ["passed", "passed", "dropped"], by);

    for (const _ of plane.map("open_connections").batches({ remove: true }));
    walk();
    walk();
    assert.equal(opens(7), "dropped", `by ${by}, what is not counted any more is counted again`);
    remove(tables, 1);
    walk();
    walk();
    assert.equal(opens(7), "passed", by);
  }
});

function opening(port: number): PacketStep {
  return inward(frame(Ethernet(), IPv4({ src: "192.0.2.7", dst: "198.18.0.2" }), UDP({ sport: 50000 + port, dport: 8090 })), passed());
}

/** As the table does when it is full. */
function remove({ openings: [table] }: FlowTables, count: number): void {
  const keys = [...table!.batches()].flatMap((batch) =>
    Array.from({ length: batch.count }, (_, index) => Buffer.from(batch.keys.subarray(index * FlowKey.size, (index + 1) * FlowKey.size))),
  );
  for (const key of keys.slice(0, count)) assert.ok(table!.delete(key));
}
