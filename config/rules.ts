/** What the schema cannot say of rules: fields that need each other, names, and rules that do not do what they seem to. */

import { readNetworks } from "../agent/values/address.ts";
import type { Family } from "../agent/values/address.ts";
import { parseDuration } from "../agent/values/duration.ts";
import type { Findings } from "./findings.ts";
import { icmpCodeNames, icmpCodeNumber, icmpTable, icmpTypeNumber, ICMP_TYPES, ICMPV6_TYPES } from "../agent/values/names.ts";
import { PROTOCOLS, protocolName, protocolNumber } from "../agent/values/names.ts";
import { meantBy } from "../agent/values/meant.ts";
import { nearest } from "../agent/values/nearest.ts";
import { quote } from "../agent/values/quote.ts";
import { readRate } from "../agent/policy/rate.ts";
import { RULE } from "./schema.ts";
import { explainReference } from "./sets.ts";
import { setNamed } from "../agent/policy/named-sets.ts";
import { checkShape } from "./shape.ts";

type Mapping = Record<string, unknown>;
type Steps = (string | number)[];

/** Longer than anybody waits, and short enough for the clock of the kernel. */
const LONGEST_BURST_DAYS = 365;
/** What a rule says of the packets it is about; one without any of it is about all. */
const CONDITIONS = ["schedule", "interfaces", "layer3", "layer4", "process", "not"];

/** Checks every rule by itself, against the others and the sets it names, and fills in the rules' defaults. `sets`: undefined where they are not known. */
export function checkRules(rules: unknown[], sets: Mapping | undefined, errors: Findings, warnings: Findings): void {
  const first = new Map<string, number>();
  for (const [index, rule] of rules.entries()) {
    if (errors.full) return;
    const path: Steps = ["rules", index];
    if (isEmpty(rule)) {
      errors.add(path, "the rule is empty; give it a name, an action and conditions, or remove it");
      continue;
    }
    checkShape(rule, RULE, path, errors);
    if (!isMapping(rule)) continue;
    checkName(rule["name"], index, first, errors);
    checkReject(rule, [...path, "reject"], errors, warnings);
    for (const [span, times] of listIn(rule, "schedule").entries()) if (isMapping(times)) checkSpan(times, [...path, "schedule", span], errors);
    checkLayer4(mappingIn(rule, "layer4"), [...path, "layer4"], errors);
    if (isMapping(rule["not"])) checkNot(rule["not"], mappingIn(rule, "layer4")["protocol"], [...path, "not"], errors);
    checkReferences(rule, sets, path, errors);
    warnOfRule(rule, path, warnings);
  }
}

function checkName(name: unknown, index: number, first: Map<string, number>, errors: Findings): void {
  if (typeof name !== "string") return;
  const earlier = first.get(name);
  if (earlier === undefined) first.set(name, index);
  else errors.add(["rules", index, "name"], `the name ${quote(name)} is already that of rules[${earlier}]; names are unique`, { value: name });
}

function checkReject({ action, enforce, reject }: Mapping, path: Steps, errors: Findings, warnings: Findings): void {
  if (reject !== true) return;
  if (action === "allow") errors.add(path, "reject needs the action block: there is nothing to tell the sender of what passes", { ofKey: true });
  if (action === "block" && enforce !== true) warnings.add(path, "nothing is rejected without enforce: true, because nothing is dropped", { ofKey: true });
}

/** `protocol`: of the rule, whose ports and messages `not` may leave out without naming it again. */
function checkNot(not: Mapping, protocol: unknown, path: Steps, errors: Findings): void {
  if (Object.values(not).every(isConditionless)) errors.add(path, "not names nothing; name what the rule leaves out, or remove it");
  checkLayer4(mappingIn(not, "layer4"), [...path, "layer4"], errors, protocol);
}

const REFERRING = [
  { layer: "layer3", keys: ["source", "destination"], what: "addresses" },
  { layer: "layer4", keys: ["source_ports", "destination_ports"], what: "ports" },
] as const;

function checkReferences(rule: Mapping, sets: Mapping | undefined, path: Steps, errors: Findings): void {
  const not = mappingIn(rule, "not");
  for (const { layer, keys, what } of REFERRING) {
    for (const key of keys) {
      if (sets !== undefined) checkReferenceList(listIn(mappingIn(rule, layer), key), what, sets, [...path, layer, key], errors);
      if (sets !== undefined && what === "ports") checkReferenceList(listIn(mappingIn(not, layer), key), what, sets, [...path, "not", layer, key], errors);
      if (what === "ports" || listIn(mappingIn(not, layer), key).length === 0 || !listIn(mappingIn(rule, layer), key).some((entry) => setNamed(entry) !== undefined)) continue;
      errors.add([...path, "not", layer, key], `not cannot leave out a part of the sets in ${layer}.${key}; let a rule before this one decide about it`, { ofKey: true });
    }
  }
}

function checkReferenceList(list: unknown[], what: "addresses" | "ports", sets: Mapping, path: Steps, errors: Findings): void {
  for (const [index, entry] of list.entries()) {
    const name = setNamed(entry);
    const wrong = name === undefined ? undefined : explainReference(name, what, sets);
    if (wrong !== undefined) errors.add([...path, index], wrong.error, { value: entry, suggestion: wrong.suggestion });
  }
}

function checkSpan({ from, to }: Mapping, path: Steps, errors: Findings): void {
  if (from === "24:00") errors.add([...path, "from"], "no day has a time behind 24:00", { value: from, suggestion: "00:00" });
  else if (from === to && from !== undefined) errors.add([...path, "to"], `the span from ${String(from)} to ${String(to)} holds no time; a whole day is 00:00 to 24:00`, { value: to });
}

function checkLayer4(layer4: Mapping, path: Steps, errors: Findings, otherwise?: unknown): void {
  const { protocol = otherwise } = layer4;
  const known = typeof protocol === "string" || typeof protocol === "number" ? protocolNumber(protocol) : undefined;
  // A protocol that is wrong in itself has been reported; what depends on it cannot be judged.
  const unclear = protocol !== undefined && known === undefined;
  const needs = (key: string, ...protocols: string[]): void => {
    if (unclear || layer4[key] === undefined || isEmpty(layer4[key])) return;
    if (protocols.some((name) => PROTOCOLS[name] === known)) return;
    const verb = key.endsWith("s") ? "need" : "needs";
    const instead = known === undefined ? "" : `, not ${protocolName(known)}`;
    errors.add([...path, key], `${key} ${verb} the protocol ${protocols.join(" or ")}${instead}`, { ofKey: true });
  };
  needs("source_ports", "tcp", "udp");
  needs("destination_ports", "tcp", "udp");
  needs("icmp", "icmp", "icmpv6");
  needs("flags", "tcp");
  for (const [index, message] of listIn(layer4, "icmp").entries()) {
    if (isMapping(message)) checkIcmp(message, known, [...path, "icmp", index], errors);
  }
  checkState(layer4["state"], protocol, known, [...path, "state"], errors);
  checkDuration(mappingIn(layer4, "connection_duration"), [...path, "connection_duration"], errors);
  checkRate(mappingIn(layer4, "over_rate"), [...path, "over_rate"], errors);
  checkFlags(mappingIn(layer4, "flags"), [...path, "flags"], errors);
}

function checkIcmp({ type, code }: Mapping, protocol: number | undefined, path: Steps, errors: Findings): void {
  const table = (protocol === undefined ? undefined : icmpTable(protocol)) ?? { ...ICMPV6_TYPES, ...ICMP_TYPES };
  const [name, other] = table === ICMPV6_TYPES ? ["ICMPv6", "ICMP"] : ["ICMP", "ICMPv6"];
  const otherTable = table === ICMPV6_TYPES ? ICMP_TYPES : ICMPV6_TYPES;
  if (typeof type === "string" && icmpTypeNumber(table, type) === undefined) {
    const elsewhere = icmpTypeNumber(otherTable, type) !== undefined;
    const suggestion = elsewhere ? undefined : meantBy(type, Object.keys(table));
    errors.add([...path, "type"], `${quote(type)} is not an ${name} message type${elsewhere ? ` but one of ${other}` : ""}`, { value: type, suggestion });
  } else if (typeof code === "string" && (typeof type === "string" || typeof type === "number") && icmpCodeNumber(table, type, code) === undefined) {
    const suggestion = nearest(code, Object.keys(icmpCodeNames(table, type)));
    errors.add([...path, "code"], `${quote(code)} is not a code of the ${name} message type ${type}`, { value: code, suggestion });
  }
}

function checkFlags(flags: Mapping, path: Steps, errors: Findings): void {
  const set = listIn(flags, "set");
  const unset = listIn(flags, "unset");
  const both = set.find((flag) => unset.includes(flag));
  if (both !== undefined) errors.add([...path, "unset"], `the flag ${String(both)} cannot be both set and unset`, { value: both });
  if (Object.keys(flags).length > 0 && set.length + unset.length === 0) errors.add(path, "no flag is named");
}

function checkState(states: unknown, protocol: unknown, known: number | undefined, path: Steps, errors: Findings): void {
  const index = Array.isArray(states) ? states.indexOf("invalid") : -1;
  if (index < 0 || protocol === undefined || known === undefined || known === PROTOCOLS["tcp"]) return;
  errors.add([...path, index], `the state invalid is one of tcp, not of ${protocolName(known)}`, { value: "invalid" });
}

function checkDuration(duration: Mapping, path: Steps, errors: Findings): void {
  const [least, most] = [duration["longer_than"], duration["shorter_than"]].map((text) => (typeof text === "string" ? parseDuration(text) : undefined));
  if (least === undefined || most === undefined || least < most) return;
  errors.add([...path, "shorter_than"], `no connection is older than ${String(duration["longer_than"])} and younger than ${String(duration["shorter_than"])}`, { value: duration["shorter_than"] });
}

function checkRate({ rate: text, burst }: Mapping, path: Steps, errors: Findings): void {
  const reading = typeof text === "string" ? readRate(text) : undefined;
  if (typeof burst !== "number" || reading === undefined || "error" in reading) return;
  const { count, seconds } = reading.rate;
  const days = (burst / count) * (seconds / 86_400);
  if (days > LONGEST_BURST_DAYS) errors.add([...path, "burst"], `at ${String(text)} a burst of ${burst} takes longer than ${LONGEST_BURST_DAYS} days`, { value: burst });
}

function warnOfRule(rule: Mapping, path: Steps, warnings: Findings): void {
  const families: (readonly [string, Set<Family>])[] = [];
  for (const key of ["source", "destination"]) {
    const networks = listIn(mappingIn(rule, "layer3"), key);
    families.push([`layer3.${key}`, warnOfNetworks(networks, [...path, "layer3", key], warnings)]);
    warnOfNetworks(listIn(mappingIn(mappingIn(rule, "not"), "layer3"), key), [...path, "not", "layer3", key], warnings);
  }
  const { protocol } = mappingIn(rule, "layer4");
  const number = typeof protocol === "string" || typeof protocol === "number" ? protocolNumber(protocol) : undefined;
  if (number === PROTOCOLS["icmp"]) families.push(["layer4.protocol", new Set<Family>([4])]);
  if (number === PROTOCOLS["icmpv6"]) families.push(["layer4.protocol", new Set<Family>([6])]);
  const said = families.filter(([, family]) => family.size === 1).map(([key, family]) => ({ key, family: [...family].join() }));
  const other = said.find(({ family }) => family !== said[0]?.family);
  if (said[0] !== undefined && other !== undefined) {
    warnings.add(path, `the rule can match nothing: ${said[0].key} is IPv${said[0].family} and ${other.key} is IPv${other.family}`);
  }
  if (rule["action"] === "block" && rule["direction"] === "both" && CONDITIONS.every((key) => isConditionless(rule[key]))) {
    warnings.add(path, `the rule has no conditions and ${rule["enforce"] === true ? "blocks" : "reports"} every connection that comes to it`);
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

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mappingIn(mapping: Mapping, key: string): Mapping {
  const value = mapping[key];
  return isMapping(value) ? value : {};
}

function listIn(mapping: Mapping, key: string): unknown[] {
  const value = mapping[key];
  return Array.isArray(value) ? value : [];
}
