/** Judges every case by the reference, and by the kernel if possible, and reports the results. */

import type { RuleReference } from "../../values/traffic.ts";
import { JudgePair, type Judged, type Kernel } from "../inquiry.ts";
import type { TestHook, KernelJudge } from "../kernel-judge.ts";
import { describePacket } from "../describe.ts";
import { explainVerdict, type Explanation, type RuleSet } from "../../policy/explain-verdict.ts";
import type { Host, Outcome } from "../../policy/reference.ts";
import type { PolicyCase, PolicyTest } from "./load.ts";
import type { Expectation } from "./schema.ts";

export interface CaseResult {
  name: string;
  where: string;
  ok: boolean;
  /** The result in a few words, such as `block by no-telnet-in`. */
  got: string;
  /** The reasons why the case fails. The first line is the summary. */
  reasons: string[];
}

export interface Report {
  cases: CaseResult[];
  failed: number;
  /** The rules that no packet reached, not even as a staged rule. */
  unreached: RuleReference[];
  /** The number of packets that the kernel judged. */
  kernelJudged: number;
  /** The reasons why it did not judge the others. */
  kernelSkipped: string[];
}

const HOOKS: readonly TestHook[] = ["tc", "xdp"];

/** `more` has the facts that the reference needs beside the file. */
export function runPolicyTest(
  { policy, host, cases }: PolicyTest,
  kernel: { judge: KernelJudge } | { why: string },
  more: Partial<Host> = {},
): Report {
  const { config } = policy;
  // The mode is detect, in which packets after one that would be dropped still belong to its connection, as in a capture.
  const set: RuleSet = { policy: { ...config, mode: "detect" }, sourceOf: (rule) => `${policy.name}:${policy.ruleLines[rule] ?? 0}` };
  const kernels: Kernel[] = "judge" in kernel ? HOOKS.map((hook) => ({ judge: kernel.judge, hook })) : [kernel];
  const pairs = kernels.map((one) => new JudgePair(set.policy, { ...more, ...host }, one));
  const reached = new Set<string>();
  const skipped = new Set<string>();
  let kernelJudged = 0;
  const results = cases.map((one) => {
    const byHook = pairs.map((pair) =>
      judgeCase(one, pair, set, (judged) => {
        reached.add(judged.outcome.rule);
        if (judged.outcome.staged !== null) reached.add(judged.outcome.staged);
        if (judged.kernel.asked) kernelJudged++;
        else skipped.add(judged.kernel.why);
      }),
    );
    return byHook.find(({ ok }) => !ok) ?? byHook[0]!;
  });
  return {
    cases: results,
    failed: results.filter(({ ok }) => !ok).length,
    unreached: config.rules.flatMap(({ name, action, enforce }, index) =>
      reached.has(name) ? [] : [{ name, action, enforce, source: set.sourceOf(index) }],
    ),
    kernelJudged,
    kernelSkipped: [...skipped],
  };
}

function judgeCase(one: PolicyCase, pair: JudgePair, set: RuleSet, seen: (judged: Judged) => void): CaseResult {
  const { name, where, packets, first } = one;
  pair.forget();
  let got = "";
  for (const [index, { called, arrival }] of packets.entries()) {
    const judged = pair.judge(arrival);
    seen(judged);
    const { outcome, kernel, steps } = judged;
    const packet = `${called} (${describePacket(arrival)})`;
    if (kernel.asked && !kernel.agrees) {
      const reasons = [
        `${packet}: the kernel (${kernel.hook}) says ${inWords(kernel)}, the reference ${inWords(outcome)}; this is a fault of weir, please report it`,
      ];
      return { name, where, ok: false, got: inWords(outcome), reasons };
    }
    if (index < first) continue;
    got = inWords(outcome);
    const wrong = mismatch(one, outcome);
    if (wrong !== undefined)
      return { name, where, ok: false, got, reasons: [`${packet}: ${wrong}`, ...hints(explainVerdict(set, outcome, steps))] };
  }
  return { name, where, ok: true, got, reasons: [] };
}

/** An undecided packet that `on_error` blocks is both undecided and blocked. */
function holds(expect: Expectation, { verdict, reason }: Outcome): boolean {
  const isBlocked = verdict === "dropped" || verdict === "would_drop" || verdict === "carried";
  switch (expect) {
    case "allow":
      return !isBlocked && reason === null;
    case "block":
      return isBlocked;
    case "undecided":
      return reason !== null;
  }
}

function mismatch({ expect, rule, staged }: PolicyCase, outcome: Outcome): string | undefined {
  if (!holds(expect, outcome)) return `expected ${expect}${rule === undefined ? "" : ` by ${rule}`}, got ${inWords(outcome)}`;
  if (rule !== undefined && rule !== outcome.rule) return `expected ${expect} by ${rule}, got ${inWords(outcome)}`;
  if (staged !== undefined && staged !== outcome.staged) return `expected the staged rule ${staged}, got ${outcome.staged ?? "none"}`;
  return undefined;
}

function inWords({ verdict, rule, staged, reason }: Outcome): string {
  const isBlocked = verdict === "dropped" || verdict === "would_drop" || verdict === "carried";
  const what = isBlocked ? "block" : reason === null ? "allow" : "undecided";
  return `${what} by ${rule}${reason === null ? "" : ` (${reason})`}${staged === null ? "" : `, after the staged rule ${staged}`}`;
}

function hints({ rule, staged, near_misses: near }: Explanation): string[] {
  return [
    ...(rule.source === "built-in" ? [] : [`${rule.name} is at ${rule.source}`]),
    ...(staged === null ? [] : [`${staged.rule.name} (${staged.rule.source}) only reports; with enforce: true it would block`]),
    ...near.map(({ rule: { name, source }, field, want, got }) =>
      field === "order"
        ? `${name} (${source}) matches as well, and is tried too late`
        : `${name} (${source}) fails in ${field} alone: wants ${want}, got ${got}`,
    ),
  ];
}
