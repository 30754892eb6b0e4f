/** Why a rule matches a packet or does not, condition by condition. */

import type { RuleConfig } from "./rule.ts";
import { FIELD_ENTRIES, type FieldPath } from "./fields/index.ts";
import { some } from "./three-valued.ts";
import type { Subject } from "./subject.ts";

export interface Condition {
  field: FieldPath;
  /** null: the packet does not say. */
  matched: boolean | null;
  want: string;
  got: string;
}

/** One entry for each field that the rule has. The rule matches when all of them do. */
export function explainRule(rule: RuleConfig, subject: Subject): Condition[] {
  return FIELD_ENTRIES.flatMap(([path, field]) => {
    const wants = field.wants(rule);
    if (wants.length === 0) return [];
    const answers = wants.map((want) => want.holds(subject));
    return [
      { field: path, matched: some(answers) ?? null, want: wants.map(({ text }) => text).join(" or "), got: field.got(subject, rule) },
    ];
  });
}
