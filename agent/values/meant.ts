/** Finds the known word that someone may have meant who mistyped it, or who used a word of another firewall. */

import { nearest } from "./nearest.ts";

/** Words of other firewalls, and the word of weir for each. */
const HABITS: Readonly<Record<string, string>> = {
  deny: "block",
  drop: "block",
  reject: "block",
  discard: "block",
  prevent: "block",
  accept: "allow",
  permit: "allow",
  pass: "allow",
  enforce: "prevent",
  enforcing: "prevent",
  protect: "prevent",
  block: "prevent",
  ips: "prevent",
  observe: "detect",
  monitor: "detect",
  permissive: "detect",
  ids: "detect",
  in: "ingress",
  inbound: "ingress",
  incoming: "ingress",
  input: "ingress",
  out: "egress",
  outbound: "egress",
  outgoing: "egress",
  output: "egress",
  any: "both",
  all: "both",
  ping: "echo-request",
  pong: "echo-reply",
  unreachable: "destination-unreachable",
  "ttl-exceeded": "time-exceeded",
  monday: "mon",
  tuesday: "tue",
  wednesday: "wed",
  thursday: "thu",
  friday: "fri",
  saturday: "sat",
  sunday: "sun",
};

export function meantBy(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const habit = Object.hasOwn(HABITS, lower) ? HABITS[lower]! : "";
  return known.includes(habit) ? habit : nearest(word, known);
}

/** Returns whether a word stands for everything. weir has no such word: leave the key out instead. */
export function meansAny(word: string): boolean {
  return ["any", "all", "*"].includes(word.toLowerCase());
}
