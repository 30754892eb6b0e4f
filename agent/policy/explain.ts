/** Explains condition by condition why a rule matches a packet or does not. */

import type { RuleConfig } from "./rule.ts";
import { FIELD_ENTRIES, type FieldPath } from "./fields/index.ts";
import { some } from "./three-valued.ts";
import type { Subject } from "./subject.ts";

export interface Condition {
  field: FieldPath;
  /** null if the packet does not tell. */
  matched: boolean | null;
  want: string;
  got: string;
}

/** Returns one entry for each field that the rule has. The rule matches if all of them do. */
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
