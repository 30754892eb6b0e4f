/** What happens to one state, from its beginning. */

import type { Arrival } from "../../agent/policy/reference.ts";
import type { Step } from "../conformance/case.ts";
import type { IngressHook } from "../conformance/kernel-judge.ts";
import type { PolicyText } from "../conformance/policy.ts";

export interface Sequence {
  /** In force at first. */
  config: PolicyText;
  /** Where ingress is judged. */
  hook: IngressHook;
  steps: readonly Trial[];
}

/** As a conformance case's step, without the answer. */
export type Trial = { packet: Arrival } | Exclude<Step, { packet: Arrival }>;
