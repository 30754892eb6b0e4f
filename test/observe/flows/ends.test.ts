/** The end of a connection that detect lets go on although it would be dropped is told once, whatever ends it. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { readFlowCounts } from "../../../agent/observe/events/counters.ts";
import { Decoder } from "../../../agent/observe/events/decode.ts";
import { Census } from "../../../agent/observe/flows/census.ts";
import { collectIdle, countBlocked, flowTablesOf, readFlow } from "../../../agent/observe/flows/collect.ts";
import { Event, FlowCount } from "../../../agent/generated/layout.ts";
import { Ring } from "../../../agent/kernel/ring.ts";
import { carried, type Case, passed, wouldDrop } from "../../conformance/case.ts";
import { ends } from "../../conformance/cases/segments.ts";
import { FAMILIES } from "../../conformance/family.ts";
import { judgeAtEth0, type KernelJudge } from "../../conformance/kernel-judge.ts";
import { policyOf, type PolicyText, type RuleText } from "../../conformance/policy.ts";
import { requires, root } from "../../harness/require.ts";

const NO_IN: RuleText = { name: "no-in", action: "block", enforce: true, direction: "ingress" };
const URGENT: RuleText = { ...NO_IN, name: "urgent", layer4: { protocol: "tcp", flags: { set: ["urg"] } } };
const CLOSED: PolicyText = { rules: [NO_IN] };
const LATER = 11_000n;
const OTHER = 5000;

const { sends, answers, opens } = ends(FAMILIES[0]!, "ingress");
const blocked = [
  opens({}, wouldDrop("no-in")),
  answers(["syn", "ack"], { seq: OTHER }, carried("no-in")),
  sends(["ack"], { ack: OTHER + 1 }, carried("no-in")),
];
const open = [opens(), answers(["syn", "ack"], { seq: OTHER }), sends(["ack"], { ack: OTHER + 1 })];
const urgentSyn = sends(["syn", "urg"], { seq: 77_000 }, wouldDrop("urgent"));

/** The packets of each connection that would be dropped and whose end is told: by its opener, and by the other end. */
const CASES: [what: string, config: PolicyText, told: [number, number][], ...steps: Case["steps"]][] = [
  ["falls silent", CLOSED, [[2, 1]], ...blocked],
  [
    "is closed by FINs",
    CLOSED,
    [[4, 2]],
    ...blocked,
    sends(["fin", "ack"], { ack: OTHER + 1 }, carried("no-in")),
    answers(["fin", "ack"], { seq: OTHER + 1, ack: 1002 }, carried("no-in")),
    sends(["ack"], { seq: 1002, ack: OTHER + 2 }, carried("no-in")),
  ],
  ["passes under other rules", CLOSED, [[2, 1]], ...blocked, { reload: {} }, opens({ seq: 77_000 })],
  [
    "goes on under others that would drop it, too",
    CLOSED,
    [[3, 1]],
    ...blocked,
    { reload: { rules: [{ ...NO_IN, name: "also" }] } },
    sends(["ack"], { ack: OTHER + 1 }, carried("also")),
  ],
  [
    "has a SYN that passes when it is sent again",
    { rules: [URGENT] },
    [[1, 0]],
    sends(["syn", "urg"], { seq: 1000 }, wouldDrop("urgent")),
    opens(),
  ],
  [
    "stands beside another, as often as it is tried",
    { rules: [URGENT] },
    [
      [1, 0],
      [1, 0],
      [1, 0],
    ],
    ...open,
    urgentSyn,
    urgentSyn,
    urgentSyn,
  ],
  [
    "was banned",
    {},
    [[2, 1]],
    { bans: [FAMILIES[0]!.remote, FAMILIES[0]!.local] },
    opens({}, wouldDrop("ban")),
    answers(["syn", "ack"], { seq: OTHER }, carried("ban")),
    sends(["ack"], { ack: OTHER + 1 }, carried("ban")),
    { bans: [] },
    opens({ seq: 77_000 }, passed()),
  ],
];

describe("the end is told once of a connection that would be dropped, and that", requires(root()), () => {
  let judge: KernelJudge;

  before(() => {
    judge = judgeAtEth0();
  });

  after(() => judge.close());

  for (const [what, config, expected, ...steps] of CASES) {
    it(what, async () => {
      const { plane } = judge;
      const told: [number, number][] = [];
      const decoder = new Decoder(
        {
          rule: (slot) => ({ name: String(slot), action: "block", enforce: true, source: "" }),
          interface: String,
          namespace: () => undefined,
          workload: () => ({}),
          program: () => ({}),
          user: () => undefined,
        },
        { verdict: () => {}, socket: () => {}, connection: ({ would_drop, packets }) => would_drop && told.push(packets) },
      );
      const ring = new Ring({ map: plane.map("events"), recordSize: Event.size, onRecords: (records) => decoder.decode(records) });
      const tables = flowTablesOf((name) => plane.map(name));
      const census = new Census(
        () => readFlowCounts(plane.map("flow_counters"), FlowCount.BLOCKED),
        () => countBlocked(tables),
      );

      await judge.start(policyOf(config));
      for (const step of steps) {
        if ("reload" in step) await judge.reload(policyOf(step.reload));
        else if ("bans" in step) judge.ban(step.bans);
        else if ("packet" in step) assert.deepEqual(judge.judge(step.packet, "tc"), step.expect);
      }
      const removed = collectIdle(tables, plane.clock.now() + LATER * BigInt(plane.clock.perSecond), plane.clock.perSecond, {
        ended: (entry) => entry.blocked && told.push(readFlow(entry).packets),
        stays: () => assert.fail("it stays"),
      });
      census.collected(removed.blocked);
      while (ring.drain() > 0);
      ring.close();
      assert.deepEqual(told, expected);
      assert.deepEqual([census.figures.active, census.figures.evicted], [0, 0]);
    });
  }
});
