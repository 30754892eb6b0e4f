/** Reads the outcome of the packet that a program judged last. */

import { Answer, AnswerNames, Outcome as OutcomeLayout, ReasonNames, Slot, VerdictNames } from "../generated/layout.ts";
import type { Outcome, Reason } from "../policy/reference.ts";

/** The elements of the table `scratch`. */
export const OUTER = 0;
export const INNER = 1;

/** The tables in which programs remember packets. */
export const STATE_TABLES = [
  "flows",
  "unproven_flows",
  "openings_in",
  "openings_out",
  "pings_in",
  "pings_out",
  "blocked_flows",
  "syns",
  "fragments",
  "rates",
  "open_connections",
] as const;

/** If the packet inside a tunnel has the worse verdict, that is the verdict of the frame. */
export function outcomeIn(outerBytes: Buffer, innerBytes: () => Buffer, nameOf: (slot: number) => string | undefined): Outcome {
  const outer = read(outerBytes, nameOf);
  if (outerBytes.readUInt32LE(OutcomeLayout.tunnelled) !== 1) return outer;
  const inner = read(innerBytes(), nameOf);
  return { ...(inner.verdict === "passed" ? outer : inner), staged: outer.staged ?? inner.staged };
}

function read(bytes: Buffer, nameOf: (slot: number) => string | undefined): Outcome {
  const staged = bytes.readUInt32LE(OutcomeLayout.staged);
  const reason = bytes.readUInt32LE(OutcomeLayout.reason);
  const verdict = (VerdictNames[bytes.readUInt32LE(OutcomeLayout.verdict)] ?? "?") as Outcome["verdict"];
  const answer = verdict === "dropped" ? bytes.readUInt32LE(OutcomeLayout.answer) : Answer.NONE;
  const named = (slot: number): string => BUILT_IN[slot] ?? nameOf(slot) ?? `slot ${slot}`;
  return {
    verdict,
    rule: named(bytes.readUInt32LE(OutcomeLayout.slot)),
    staged: staged === Slot.NONE ? null : named(staged),
    reason: reason === 0 ? null : (ReasonNames[reason] as Reason),
    answer: SENT.includes(answer) ? (AnswerNames[answer] as Outcome["answer"]) : null,
  };
}

const SENT: readonly number[] = [Answer.RESET, Answer.PROHIBITED];

const BUILT_IN: Record<number, string> = {
  [Slot.DEFAULT]: "default",
  [Slot.FAILSAFE]: "failsafe",
  [Slot.ON_ERROR]: "on_error",
  [Slot.BAN]: "ban",
};

/** Returns the bytes that a frame must have. The kernel refuses test runs without whole Ethernet and IP headers. */
export function shortestRun(frame: Uint8Array): number {
  const type = frame.length < 14 ? 0 : frame[12]! * 256 + frame[13]!;
  return type === 0x0800 ? 34 : type === 0x86dd ? 54 : 14;
}
