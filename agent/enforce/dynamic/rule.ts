/** A rule that was added by command. */

import type { RuleConfig } from "../../policy/rule.ts";
import type { Deadline } from "./clock.ts";

export interface DynamicRule {
  /** `d1`, `d2`, ...: never used again. */
  id: string;
  rule: RuleConfig;
  /** Who added it. */
  uid: number;
  /** When, in ISO. */
  added: string;
  reason?: string;
  expires?: Deadline;
}
