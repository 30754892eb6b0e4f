/** What the schema cannot say of rules: fields that need each other, names, and rules that do not do what they seem to. */

import { readNetworks } from "../agent/values/address.ts";
import type { Family } from "../agent/values/address.ts";
import { PROTOCOLS, protocolName } from "../agent/values/names.ts";
import { quote } from "../agent/values/quote.ts";
import { type Field, isMapping, listOf, mappingOf, type ProtocolAsked } from "../agent/policy/fields/field.ts";
import { FIELD_ENTRIES } from "../agent/policy/fields/index.ts";
import { numberOf } from "../agent/policy/fields/protocol.ts";
import { setNamed } from "../agent/policy/named-sets.ts";
import type { Findings } from "./findings.ts";
import { explainReference } from "./sets.ts";
import { checkShape } from "./shape.ts";
import { RULE_SHAPE } from "./shapes.ts";

type Mapping = Record<string, unknown>;
type Steps = (string | number)[];

interface Keyed {
  path: string;
  /** The keys down to the field. */
  keys: readonly string[];
  field: Field;
}

const FIELDS: readonly Keyed[] = FIELD_ENTRIES.map(([path, field]) => ({ path, keys: path.split("."), field }));
const CHECKED = FIELDS.filter(({ field }) => field.check !== undefined || field.needs !== undefined);
const REFERRING = FIELDS.filter(({ field }) => field.sets !== undefined);
/** What a rule says of the packets it is about; one without any of it is about all. */
const CONDITIONS = [...new Set(FIELDS.map(({ keys }) => keys[0]!))].filter((key) => key !== "direction");

/** Checks every rule by itself, against the others and the sets it names, and fills in the rules' defaults. `sets`: undefined where they are not known. */
export function checkRules(rules: unknown[], sets: Mapping | undefined, errors: Findings, warnings: Findings): void {
  const first = new Map<string, number>();
  const names = Object.keys(sets ?? {});
  for (const [index, rule] of rules.entries()) {
    if (errors.full) return;
    const path: Steps = ["rules", index];
    if (isEmpty(rule)) {
      errors.add(path, "the rule is empty; give it a name, an action and conditions, or remove it");
      continue;
    }
    checkShape(rule, RULE_SHAPE, path, errors, names);
    if (!isMapping(rule)) continue;
    checkName(rule["name"], index, first, errors);
    checkReject(rule, [...path, "reject"], errors, warnings);
    const { protocol } = mappingOf(rule["layer4"]);
    checkFields(rule, protocol, path, errors);
    if (isMapping(rule["not"])) checkNot(rule["not"], protocol, [...path, "not"], errors);
    checkReferences(rule, sets, path, errors);
    warnOfRule(rule, path, warnings);
  }
}

function checkName(name: unknown, index: number, first: Map<string, number>, errors: Findings): void {
  if (typeof name !== "string") return;
  const earlier = first.get(name);
  if (earlier === undefined) first.set(name, index);
  else
    errors.add(["rules", index, "name"], `rules[${earlier}] has the name ${quote(name)} already; each rule needs a name of its own`, {
      value: name,
    });
}

function checkReject({ action, enforce, reject }: Mapping, path: Steps, errors: Findings, warnings: Findings): void {
  if (reject !== true) return;
  if (action === "allow") errors.add(path, "reject needs the action block, because what passes is not rejected", { ofKey: true });
  if (action === "block" && enforce !== true)
    warnings.add(path, "nothing is rejected without enforce: true, because nothing is dropped", { ofKey: true });
}

/** `protocol`: of the rule, whose ports and messages `not` may leave out without naming it again. */
function checkNot(not: Mapping, protocol: unknown, path: Steps, errors: Findings): void {
  if (Object.values(not).every(isConditionless)) errors.add(path, "not is empty; name what the rule leaves out, or remove it");
  checkFields(not, mappingOf(not["layer4"])["protocol"] ?? protocol, path, errors);
}

/** `asks`: a rule or its `not`. `named`: the protocol that it is about, as it is written. */
function checkFields(asks: Mapping, named: unknown, path: Steps, errors: Findings): void {
  const protocol = { number: numberOf(named), isAny: named === undefined };
  for (const { keys, field } of CHECKED) {
    const value = valueAt(asks, keys);
    if (value === undefined) continue;
    checkNeeds(field, value, protocol, [...path, ...keys], errors);
    field.check?.(value, protocol, (steps, message, details) => errors.add([...path, ...keys, ...steps], message, details));
  }
}

function checkNeeds({ needs }: Field, value: unknown, protocol: ProtocolAsked, path: Steps, errors: Findings): void {
  // A protocol that is wrong in itself has been reported; what depends on it cannot be judged.
  const isUnclear = !protocol.isAny && protocol.number === undefined;
  if (needs === undefined || isUnclear || isEmpty(value) || needs.some((name) => PROTOCOLS[name] === protocol.number)) return;
  const key = String(path.at(-1));
  const verb = key.endsWith("s") ? "need" : "needs";
  const instead = protocol.number === undefined ? "" : `, not ${protocolName(protocol.number)}`;
  errors.add(path, `${key} ${verb} the protocol ${needs.join(" or ")}${instead}`, { ofKey: true });
}

function checkReferences(rule: Mapping, sets: Mapping | undefined, path: Steps, errors: Findings): void {
  const not = mappingOf(rule["not"]);
  for (const { path: name, keys, field } of REFERRING) {
    const [list, left] = [listOf(valueAt(rule, keys)), listOf(valueAt(not, keys))];
    if (sets !== undefined) checkReferenceList(list, field.sets!, sets, [...path, ...keys], errors);
    if (sets !== undefined && field.sets === "ports") checkReferenceList(left, field.sets, sets, [...path, "not", ...keys], errors);
    if (field.sets === "ports" || left.length === 0 || !list.some((entry) => setNamed(entry) !== undefined)) continue;
    errors.add(
      [...path, "not", ...keys],
      `not cannot leave out a part of the sets in ${name}; let a rule before this one decide about it`,
      { ofKey: true },
    );
  }
}

function checkReferenceList(list: unknown[], what: "addresses" | "ports", sets: Mapping, path: Steps, errors: Findings): void {
  for (const [index, entry] of list.entries()) {
    const name = setNamed(entry);
    const wrong = name === undefined ? undefined : explainReference(name, what, sets);
    if (wrong !== undefined) errors.add([...path, index], wrong.error, { value: entry, suggestion: wrong.suggestion });
  }
}

function warnOfRule(rule: Mapping, path: Steps, warnings: Findings): void {
  const families: (readonly [string, Set<Family>])[] = [];
  for (const { path: name, keys, field } of FIELDS) {
    const family = field.familyOf?.(valueAt(rule, keys));
    if (family !== undefined) families.push([name, new Set([family])]);
    if (field.sets !== "addresses") continue;
    families.push([name, warnOfNetworks(listOf(valueAt(rule, keys)), [...path, ...keys], warnings)]);
    warnOfNetworks(listOf(valueAt(mappingOf(rule["not"]), keys)), [...path, "not", ...keys], warnings);
  }
  const said = families.filter(([, family]) => family.size === 1).map(([key, family]) => ({ key, family: [...family].join() }));
  const other = said.find(({ family }) => family !== said[0]?.family);
  if (said[0] !== undefined && other !== undefined) {
    warnings.add(path, `the rule can match nothing: ${said[0].key} is IPv${said[0].family} and ${other.key} is IPv${other.family}`);
  }
  if (rule["action"] === "block" && rule["direction"] === "both" && CONDITIONS.every((key) => isConditionless(rule[key]))) {
    warnings.add(
      path,
      `the rule has no conditions and ${rule["enforce"] === true ? "blocks" : "reports"} every connection that comes to it`,
    );
  }
}

/** Warns of bits beyond a prefix, and answers the families of the networks. */
export function warnOfNetworks(texts: unknown[], path: Steps, warnings: Findings): Set<Family> {
  const families = new Set<Family>();
  for (const [index, text] of texts.entries()) {
    if (typeof text !== "string") continue;
    if (setNamed(text) !== undefined) for (const family of [4, 6] as const) families.add(family); // it may come to hold both
    const reading = readNetworks(text);
    if ("error" in reading) continue;
    for (const network of reading.networks) families.add(network.family);
    if (reading.masked === undefined) continue;
    const message = `${quote(text)} has bits set beyond its prefix and counts as ${reading.masked}`;
    warnings.add([...path, index], message, { value: text, suggestion: reading.masked });
  }
  return families;
}

export function warnOfFailsafe(addresses: unknown[], warnings: Findings): void {
  warnOfNetworks(addresses, ["failsafe", "addresses"], warnings);
}

function isConditionless(value: unknown): boolean {
  return value === undefined || isEmpty(value) || (isMapping(value) && Object.values(value).every(isEmpty));
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

function valueAt(mapping: Mapping, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((inner, key) => mappingOf(inner)[key], mapping);
}
