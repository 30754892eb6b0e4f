/** The field `not` of a rule: connections that match all of the fields in it are left out. */

import type { NotConfig, RuleConfig } from "../rule.ts";
import { every, opposite, some } from "../three-valued.ts";
import { BOTH_WAYS, type Field, isMapping, type Want } from "./field.ts";

declare module "../rule.ts" {
  interface RuleConfig {
    /** The rule leaves out connections that match all of these fields. */
    not?: NotConfig;
  }
}

type Fields = Readonly<Record<string, Field>>;
type Named = { path: string; keys: readonly string[]; field: Field }[];
/** The fields of a table that `not` can name. */
export type Negatable<Table extends Fields> = { [Path in keyof Table]: Table[Path] extends { not: object } ? Path : never }[keyof Table] &
  string;

/** Makes the field `not` from the other fields. Its operator is the field that it names, or `several`. */
export function notField<Table extends Fields>(fields: Table) {
  const negatable = negatableIn(fields);
  const operators = Object.fromEntries(negatable.map(({ path, field }) => [path, field.not?.means]));
  return {
    schema: {}, // its schema is made of those of the other fields: see config/rule-schema.ts
    options: {},
    text: { place: "not", words: () => [] },
    directions: BOTH_WAYS,
    operators: { ...operators, several: "is not all of these together" } as Record<Negatable<Table> | "several", string>,
    judged: "once",
    wants: (rule) => (rule.not === undefined ? [] : [wantNot(rule, rule.not, namedIn(rule.not, negatable))]),
    got: (subject, rule) =>
      namedIn(rule.not ?? {}, negatable)
        .map(({ path, field }) => `${path} ${field.got(subject, negated(rule, rule.not ?? {}))}`)
        .join(", "),
  } satisfies Field;
}

/** Returns the fields of the table that a `not` names. */
export function pathsIn<Table extends Fields>(fields: Table): (not: NotConfig) => Negatable<Table>[] {
  const negatable = negatableIn(fields);
  return (not) => namedIn(not, negatable).map(({ path }) => path as Negatable<Table>);
}

function negatableIn(fields: Fields): Named {
  return Object.entries(fields).flatMap(([path, field]) => (field.not === undefined ? [] : [{ path, keys: path.split("."), field }]));
}

function namedIn(not: NotConfig, negatable: Named): Named {
  return negatable.filter(({ keys }) => {
    const value = keys.reduce<unknown>((inner, key) => (isMapping(inner) ? inner[key] : undefined), not);
    return Array.isArray(value) ? value.length > 0 : value !== undefined;
  });
}

/** Returns a rule of the fields that `not` names. Its ports and messages are those of the rule's own protocol if `not` names none. */
function negated({ layer4, ...others }: RuleConfig, not: NotConfig): RuleConfig {
  return { ...others, ...not, layer4: { ...(layer4?.protocol === undefined ? {} : { protocol: layer4.protocol }), ...not.layer4 } };
}

function wantNot(rule: RuleConfig, not: NotConfig, named: Named): Want {
  const fields = named.map(({ path, field }) => ({ path, wants: field.wants(negated(rule, not)) }));
  const texts = fields.map(({ path, wants }) => `${path} ${wants.map(({ text }) => text).join(" or ")}`);
  return {
    operator: fields.length === 1 ? fields[0]!.path : "several",
    text: fields.length === 1 ? `not ${texts[0]}` : `not (${texts.join(" and ")})`,
    holds: (subject) => opposite(every(fields.map(({ wants }) => some(wants.map((want) => want.holds(subject)))))),
  };
}
