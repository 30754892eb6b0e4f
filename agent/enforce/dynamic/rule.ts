/** A rule that was added by command. */

import type { RuleConfig } from "../../policy/rule.ts";
import type { Deadline } from "./clock.ts";

export interface DynamicRule {
  /** `d1`, `d2`, and so on. An id is never used again. */
  id: string;
  rule: RuleConfig;
  /** The user who added it. */
  uid: number;
  /** The time at which it was added, in ISO format. */
  added: string;
  reason?: string;
  expires?: Deadline;
}
