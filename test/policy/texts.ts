/** Rules for tests of compiling, written short. */

import { compile } from "../../agent/policy/compile.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";

export const compiled = (...rules: RuleText[]) => compile(policyOf({ rules }));

export const web = (name: string, more: Partial<RuleText> = {}): RuleText => ({
  name,
  action: "block",
  layer4: { protocol: "tcp", destination_ports: [80] },
  ...more,
});
export const onFlag = (name: string, port?: number, more: Partial<RuleText> = {}): RuleText => ({
  name,
  action: "block",
  layer4: { protocol: "tcp", flags: { set: ["urg"] }, ...(port !== undefined && { destination_ports: [port] }) },
  ...more,
});
export const list = (count: number, make: (index: number) => RuleText): RuleText[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Rules of the file behind those added by command. */
export function withFront(rules: RuleText[], front: RuleText[]) {
  return { ...policyOf({ rules }), front: policyOf({ rules: front }).rules };
}
