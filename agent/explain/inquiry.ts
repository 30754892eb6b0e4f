/** Asks the reference, and where it can the kernel, why a packet meets its verdict; both answers are compared. */

import type { Mode } from "../../config/types.ts";
import { type Explanation, explainVerdict, type RuleSet } from "../rules/explain-verdict.ts";
import { type Arrival, type Host, type Outcome, type Policy, Reference, type Step } from "../rules/reference.ts";
import type { Hook, KernelJudge } from "./kernel-judge.ts";

export interface Inquiry {
  /** Judged first, so that connections stand as they would. */
  before?: Iterable<Arrival>;
  arrival: Arrival;
}

export type KernelAnswer = { asked: false; why: string } | ({ asked: true; hook: Hook; agrees: boolean } & Outcome);

export interface Answer extends Explanation {
  kernel: KernelAnswer;
}

/** Who is asked beside the reference, or why nobody is. */
export type Kernel = { judge: KernelJudge; hook: Hook } | { why: string };

export function inquire(set: RuleSet, host: Partial<Host>, { before = [], arrival }: Inquiry, kernel: Kernel): Answer {
  const pair = new JudgePair(set.policy, host, kernel);
  // In detect, where what follows a packet that would be dropped still belongs to it.
  pair.mode = "detect";
  for (const earlier of before) pair.judge(earlier);
  pair.mode = set.policy.mode;
  const { outcome, steps, kernel: answer } = pair.judge(arrival);
  return { ...explainVerdict(set, outcome, steps), kernel: answer };
}

export interface Judged {
  outcome: Outcome;
  steps: Step[];
  kernel: KernelAnswer;
}

/** The two judges, with connections of their own. A packet that one cannot be asked about ends what it knows. */
export class JudgePair {
  readonly #reference: Reference;
  readonly #asked: Kernel;
  #kernel: Kernel;

  constructor(policy: Policy, host: Partial<Host>, kernel: Kernel) {
    this.#reference = new Reference(policy, host);
    this.#asked = this.#kernel = kernel;
    this.forget();
    this.mode = policy.mode;
  }

  /** As if no packet had been judged. */
  forget(): void {
    this.#reference.forget();
    this.#kernel = this.#asked;
    if ("judge" in this.#kernel) this.#kernel.judge.forget();
  }

  set mode(mode: Mode) {
    this.#reference.setMode(mode);
    if ("judge" in this.#kernel) this.#kernel.judge.mode = mode;
  }

  judge(arrival: Arrival): Judged {
    const steps: Step[] = [];
    const outcome = this.#reference.judge(arrival, (step) => steps.push(step));
    return { outcome, steps, kernel: this.#askKernel(arrival, outcome) };
  }

  #askKernel(arrival: Arrival, expected: Outcome): KernelAnswer {
    if ("why" in this.#kernel) return { asked: false, why: this.#kernel.why };
    const { judge, hook } = this.#kernel;
    const why = judge.cannotTry(arrival);
    if (why !== undefined) {
      this.#kernel = { why };
      return { asked: false, why };
    }
    const outcome = judge.judge(arrival, hook);
    return { asked: true, hook: arrival.hook === "egress" ? "tc" : hook, agrees: isSame(outcome, expected), ...outcome };
  }
}

function isSame(one: Outcome, other: Outcome): boolean {
  return one.verdict === other.verdict && one.rule === other.rule && one.staged === other.staged && one.reason === other.reason;
}
