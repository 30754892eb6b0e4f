/**
 * How long a forwarded TCP connection counts when nothing is sent any more. An attacker who is one of its ends must not make it
 * count for less time than it can be used, by a reset that the other end does not take.
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { collectIdle, flowTablesOf } from "../../../agent/observe/flows/collect.ts";
import type { PacketStep } from "../../conformance/case.ts";
import { ends } from "../../conformance/cases/segments.ts";
import { FAMILIES } from "../../conformance/family.ts";
import { judgeAtEth0, type KernelJudge } from "../../conformance/kernel-judge.ts";
import { policyOf } from "../../conformance/policy.ts";
import { requires, root } from "../../harness/require.ts";

const SECONDS = 60;
const SIGNATURE = [19, 18, ...Array<number>(16).fill(7), 0, 0];
/** What is behind the SYN of each end, and behind a request of the opener's. */
const [OPENER, OTHER, ASKED] = [1001, 5001, 1004];
const FAR = OPENER + 0x20_0000;

const { sends, answers, opens } = ends(FAMILIES[0]!, "ingress");
const begin = [opens(), answers(["syn", "ack"], { seq: OTHER - 1 }), sends(["ack"], { ack: OTHER })];
const asks = sends(["ack", "psh"], { ack: OTHER, text: "GET" });
const dies = sends(["ack", "psh"], { seq: FAR, ack: OTHER, text: "GET", hopLimit: 1 });

/** Minutes of silence that end it. */
const [SOON, LATE] = [10, 180];
const CASES: [what: string, minutes: number, ...steps: PacketStep[]][] = [
  ["that nothing ended", LATE],
  ["with a reset behind data that is under way", SOON, asks, sends(["rst"], { seq: ASKED })],
  ["with a reset before that data", SOON, asks, sends(["rst"])],
  [
    "with a reset after which the other end goes on",
    LATE,
    asks,
    sends(["rst"], { seq: ASKED }),
    answers(["ack"], { seq: OTHER, ack: ASKED }),
  ],
  [
    "with a FIN that the other end acknowledged",
    SOON,
    sends(["fin", "ack"], { ack: OTHER }),
    answers(["ack"], { seq: OTHER, ack: OPENER + 1 }),
  ],
  ["with a reset that dies on its way", LATE, sends(["rst"], { hopLimit: 63 })],
  ["with such a reset of the other end", LATE, answers(["rst"], { seq: OTHER, hopLimit: 63 })],
  ["with a reset that its receiver throws away", LATE, sends(["rst"], { options: SIGNATURE })],
  ["with a reset far behind all that arrived", LATE, dies, sends(["rst"], { seq: FAR + 3 })],
];

describe("a forwarded connection", requires(root()), () => {
  let judge: KernelJudge;

  before(() => {
    judge = judgeAtEth0();
  });

  after(() => judge.close());

  for (const [what, minutes, ...steps] of CASES) {
    it(`${what} counts until it has been silent for ${minutes} minutes`, async () => {
      await judge.start(policyOf({ mode: "prevent" }));
      for (const { packet, expect } of [...begin, ...steps]) assert.deepEqual(judge.judge(packet, "tc"), expect);
      const { plane } = judge;
      const endedAfter = (silent: number): number =>
        collectIdle(
          flowTablesOf((name) => plane.map(name)),
          plane.clock.now() + BigInt(silent * SECONDS * plane.clock.perSecond),
          plane.clock.perSecond,
          { ended: () => {}, stays: () => {} },
        ).passing;
      assert.deepEqual([endedAfter(minutes - 1), endedAfter(minutes + 1)], [0, 1]);
    });
  }
});
