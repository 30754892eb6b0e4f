/** Maps the flags of `weir rule add` to keys of a rule, and problems of a key back to its flag. */

import type { Option } from "../policy/fields/field.ts";
import { FIELD_ENTRIES } from "../policy/fields/index.ts";
import { word } from "../policy/fields/option-text.ts";
import type { Place } from "../service/contract.ts";
import { Refusal } from "../values/refusal.ts";
import { type Call, type OptionSpec, UsageError } from "./arguments.ts";

interface Flag extends Option {
  /** The key of the rule that the flag sets, as the file writes it. */
  key: string;
}

function flagsOf(path: string, options: Readonly<Record<string, Option>>): [string, Flag][] {
  return Object.entries(options).map(([name, option]) => [
    name,
    { ...option, key: option.key === undefined ? path : `${path}.${option.key}` },
  ]);
}

function notFlag([name, { key, value, read }]: [string, Flag]): [string, Flag] {
  return [
    `not-${name}`,
    { key: `not.${key}`, value, about: `leave these out, as --${name} names them; several --not-... leave out what fits all`, read },
  ];
}

const FLAGS: Record<string, Flag> = {
  ...Object.fromEntries(FIELD_ENTRIES.flatMap(([path, { options }]) => flagsOf(path, options))),
  ...Object.fromEntries(
    FIELD_ENTRIES.flatMap(([path, { options, not }]) => (not === undefined ? [] : flagsOf(path, options).map(notFlag))),
  ),
  action: { key: "action", value: "ACTION", about: "allow or block", read: word },
  name: { key: "name", value: "NAME", about: "name of the rule in events (its id)", read: word },
};

/** Keys of the rule that are true or absent. */
const SWITCHES: Record<string, OptionSpec> = {
  enforce: { about: "drop in prevent mode; without it, the rule only reports what it would drop" },
  reject: { about: "answer what is dropped with a TCP reset or an ICMP error (with --enforce)" },
};

export const RULE_OPTIONS: Record<string, OptionSpec> = {
  ...Object.fromEntries(Object.entries(FLAGS).map(([name, { value, about }]) => [name, { value, about }])),
  ...SWITCHES,
};

export const POSITION_OPTIONS: Record<string, OptionSpec> = {
  before: { value: "ID", about: "put it before this rule" },
  first: { about: "put it before all others" },
  last: { about: "put it after the other rules that were added, before those of the file" },
};

export function ruleOf(call: Call): Record<string, unknown> {
  if (!call.has("action")) throw new UsageError("--action is missing: --action allow or --action block");
  const rule: Record<string, unknown> = {};
  for (const [name, { key, read }] of Object.entries(FLAGS)) {
    const text = call.text(name);
    if (text !== undefined) put(rule, key, read(text));
  }
  for (const name of Object.keys(SWITCHES)) if (call.has(name)) rule[name] = true;
  return rule;
}

/** `key` is the path of keys, separated by dots. */
function put(mapping: Record<string, unknown>, key: string, value: unknown): void {
  const [first, ...rest] = key.split(".") as [string, ...string[]];
  if (rest.length === 0) mapping[first] = value;
  else put((mapping[first] ??= {}) as Record<string, unknown>, rest.join("."), value);
}

/** Returns undefined if no place is given. */
export function positionOf(call: Call): Place | undefined {
  const said = Object.keys(POSITION_OPTIONS).filter((name) => call.has(name));
  if (said.length > 1) throw new UsageError(`--${said[0]} and --${said[1]} do not go together`);
  const before = call.text("before");
  if (before !== undefined) return { before };
  return said[0] as "first" | "last" | undefined;
}

/** Rewrites the refusal of a rule so that its keys are called by their flags. */
export async function inFlags<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof Refusal) || error.kind !== "invalid") throw error;
    const { message, next, kind, details, cause } = error;
    throw new Refusal(message, { next, kind, details: details.map(inFlag), cause });
  }
}

/** Rewrites a problem or a warning: `layer4.protocol: "tpc" is not a protocol` becomes `--proto: "tpc" is not a protocol`. */
export function inFlag(problem: string): string {
  const [, key = "", rest = ""] = /^([a-z0-9_.]+)(?:\[[0-9]+\][a-z.]*)?: (.*)$/su.exec(problem) ?? [];
  const flag =
    key === "until" || key in SWITCHES
      ? key
      : Object.entries(FLAGS).find(
          ([, { key: ofFlag }]) => ofFlag === key || key.startsWith(`${ofFlag}.`) || ofFlag.startsWith(`${key}.`),
        )?.[0];
  if (flag === undefined) return problem;
  const itself = key.split(".").at(-1)!;
  // The rest is a sentence such as "destination_ports need the protocol tcp or udp".
  return rest.startsWith(`${itself} need`) ? `--${flag} needs${rest.slice(rest.indexOf(" ", itself.length + 1))}` : `--${flag}: ${rest}`;
}
