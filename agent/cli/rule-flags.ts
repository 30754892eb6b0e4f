/** A rule as flags: how each becomes a key of the rule, and how what is wrong with a key is said of its flag. */

import { type Call, type OptionSpec, UsageError } from "./arguments.ts";
import type { Place } from "../service/contract.ts";
import { Refusal } from "../values/refusal.ts";

interface Flag extends OptionSpec {
  /** Of the rule, as in the file. */
  key: string;
  /** From what was written to what the file would hold. */
  read: (text: string) => unknown;
}

const word = (text: string): string => text;
const list = (text: string): string[] => text.split(",").map((part) => part.trim());
/** The file distinguishes 80 and "80". */
const number = (text: string): string | number => (/^[0-9]{1,9}$/.test(text) ? Number(text) : text);
const numbers = (text: string): (string | number)[] => list(text).map(number);

function messages(text: string): object[] {
  return list(text).map((message) => {
    const [type = "", code] = message.split("/", 2);
    return code === undefined ? { type: number(type) } : { type: number(type), code: number(code) };
  });
}

function flags(text: string): { set?: string[]; unset?: string[] } {
  const [set, unset] = [list(text).filter((name) => !name.startsWith("!")), list(text).filter((name) => name.startsWith("!")).map((name) => name.slice(1))];
  return { ...(set.length === 0 ? {} : { set }), ...(unset.length === 0 ? {} : { unset }) };
}

/** `sat,sun 22:00-06:00`: days, a span, or both. */
function span(text: string): object[] {
  const parts = text.trim().split(/\s+/);
  const times = parts.find((part) => part.includes(":"));
  const days = parts.filter((part) => part !== times);
  const [from, to] = times?.split("-", 2) ?? [];
  return [{ ...(days.length === 0 ? {} : { days: list(days.join(",")) }), ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];
}

const CONDITIONS: Record<string, Flag> = {
  src: { key: "layer3.source", value: "LIST", about: "addresses, prefixes or first-last ranges of the opener, with commas", read: list },
  dst: { key: "layer3.destination", value: "LIST", about: "those of the other end", read: list },
  port: { key: "layer4.destination_ports", value: "LIST", about: "ports or first-last ranges of the other end (with --proto tcp or udp)", read: numbers },
  sport: { key: "layer4.source_ports", value: "LIST", about: "those of the opener", read: numbers },
  proto: { key: "layer4.protocol", value: "NAME", about: "tcp, udp, icmp, icmpv6, another name or a number", read: number },
  icmp: { key: "layer4.icmp", value: "LIST", about: "message types, or type/code, as echo-request (with --proto icmp or icmpv6)", read: messages },
  executable: { key: "process.executable", value: "LIST", about: "paths of what the process on this host runs, with * for any characters", read: list },
  command: { key: "process.command", value: "TEXT", about: "its name and arguments, as 'python3 /opt/backup.py *'", read: word },
  user: { key: "process.user", value: "LIST", about: "login names or numbers of its user", read: list },
  parent: { key: "process.parent", value: "LIST", about: "executables of some process above it", read: list },
  container: { key: "process.container", value: "LIST", about: "names or identifiers of its container", read: list },
  unit: { key: "process.unit", value: "LIST", about: "its systemd units", read: list },
  pod: { key: "process.pod", value: "LIST", about: "its Kubernetes pods", read: list },
  namespace: { key: "process.namespace", value: "LIST", about: "Kubernetes namespaces of its pod", read: list },
  interface: { key: "interfaces", value: "LIST", about: "names of interfaces, with * for any characters", read: list },
};

const FLAGS: Record<string, Flag> = {
  ...CONDITIONS,
  flags: { key: "layer4.flags", value: "LIST", about: "TCP flags that a packet has, or with ! lacks, as syn,!ack (with --proto tcp)", read: flags },
  state: { key: "layer4.state", value: "LIST", about: "new, established, related or invalid", read: list },
  "over-rate": { key: "layer4.over_rate.rate", value: "RATE", about: "packets that come faster, as 20/s, 1000/10s or 5/1h", read: word },
  burst: { key: "layer4.over_rate.burst", value: "NUMBER", about: "how many may come at once (the number of the rate)", read: number },
  by: { key: "layer4.over_rate.by", value: "WHICH", about: "the rate of each source, each destination, or of all the rule matches: rule (source)", read: word },
  per: { key: "layer4.over_rate.per", value: "WHAT", about: "a rate of packets, or of each new connection (packet)", read: word },
  "connections-over": { key: "layer4.connections_over.count", value: "NUMBER", about: "new connections while so many are open already, of each source", read: number },
  "connections-by": { key: "layer4.connections_over.by", value: "WHICH", about: "or of each destination, or of all the rule matches: rule", read: word },
  "longer-than": { key: "layer4.connection_duration.longer_than", value: "DURATION", about: "connections that are older, as 1h", read: word },
  "shorter-than": { key: "layer4.connection_duration.shorter_than", value: "DURATION", about: "those that are younger", read: word },
  schedule: { key: "schedule", value: "SPAN", about: "when it holds, in local time: days, a span of the day, or both, as 'sat,sun 22:00-06:00'", read: span },
  ...Object.fromEntries(
    Object.entries(CONDITIONS).map(([name, { key, value, read }]): [string, Flag] => [`not-${name}`, { key: `not.${key}`, value: value!, about: `as --${name}; what all these name together is left out`, read }]),
  ),
  action: { key: "action", value: "ACTION", about: "allow or block", read: word },
  name: { key: "name", value: "NAME", about: "what events call the rule (its id)", read: word },
  direction: { key: "direction", value: "WHICH", about: "the opener's: ingress, egress or both (both)", read: word },
};

/** Keys of the rule that are true or not there. */
const SWITCHES: Record<string, OptionSpec> = {
  enforce: { about: "let the rule drop in prevent mode; without it, it only reports what it would drop" },
  reject: { about: "tell the sender of what it drops at once: a TCP reset, else an ICMP error (with --enforce)" },
};

export const RULE_OPTIONS: Record<string, OptionSpec> = {
  ...Object.fromEntries(Object.entries(FLAGS).map(([name, { value, about }]) => [name, { value: value!, about }])),
  ...SWITCHES,
};

export const PLACE_OPTIONS: Record<string, OptionSpec> = {
  before: { value: "ID", about: "before this rule" },
  first: { about: "before all others" },
  last: { about: "behind the other dynamic rules, before those of the file" },
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

/** `key`: the keys down to it, with dots. */
function put(mapping: Record<string, unknown>, key: string, value: unknown): void {
  const [first, ...rest] = key.split(".") as [string, ...string[]];
  if (rest.length === 0) mapping[first] = value;
  else put((mapping[first] ??= {}) as Record<string, unknown>, rest.join("."), value);
}

/** undefined where none is said. */
export function placeOf(call: Call): Place | undefined {
  const said = Object.keys(PLACE_OPTIONS).filter((name) => call.has(name));
  if (said.length > 1) throw new UsageError(`--${said[0]} and --${said[1]} do not go together`);
  const before = call.text("before");
  if (before !== undefined) return { before };
  return said[0] as "first" | "last" | undefined;
}

/** The refusal of a rule, with its keys called as the flags that were written. */
export async function inFlags<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof Refusal) || error.kind !== "invalid") throw error;
    const { message, next, kind, details, cause } = error;
    throw new Refusal(message, { next, kind, details: details.map(inFlag), cause });
  }
}

/** A problem or a warning: `layer4.protocol: "tpc" is not a protocol` becomes `--proto: "tpc" is not a protocol`. */
export function inFlag(problem: string): string {
  const [, key = "", rest = ""] = /^([a-z0-9_.]+)(?:\[[0-9]+\][a-z.]*)?: (.*)$/su.exec(problem) ?? [];
  const flag = key === "until" || key in SWITCHES ? key : Object.entries(FLAGS).find(([, { key: ofFlag }]) => ofFlag === key || key.startsWith(`${ofFlag}.`) || ofFlag.startsWith(`${key}.`))?.[0];
  if (flag === undefined) return problem;
  const itself = key.split(".").at(-1)!;
  // Such as "destination_ports need the protocol tcp or udp".
  return rest.startsWith(`${itself} need`) ? `--${flag} needs${rest.slice(rest.indexOf(" ", itself.length + 1))}` : `--${flag}: ${rest}`;
}
