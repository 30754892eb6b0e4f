/** Rule sets for benchmarks: rules of five dimensions that match nothing sent here, and a last one that blocks. */

import type { RuleText } from "../conformance/policy.ts";

/** Only the last rule matches what is sent here. */
export const BLOCKED_ADDRESS = "198.51.100.1";

export function ruleSet(count: number): RuleText[] {
  const rules = Array.from(
    { length: count - 1 },
    (_, n): RuleText => ({
      name: `rule-${n}`,
      action: "block",
      enforce: true,
      layer3: { source: [`10.${n >> 8}.${n & 0xff}.0/24`], destination: [`172.16.${n & 0xff}.0/24`] },
      layer4: { protocol: n % 2 === 0 ? "tcp" : "udp", source_ports: ["1024-65535"], destination_ports: [`${1000 + n}-${1010 + n}`] },
    }),
  );
  return [...rules, { name: "last", action: "block", enforce: true, layer3: { destination: [`${BLOCKED_ADDRESS}/32`] } }];
}

/** The same as an operator writes it, a rule a line. */
export function rulesText(count: number): string {
  return textOf(ruleSet(count));
}

export function textOf(rules: readonly RuleText[]): string {
  return ["rules:", ...rules.map((rule) => `  - ${JSON.stringify(rule)}`)].join("\n");
}
