/** Configurations for tests of the rules: the schema's defaults, with what a test changes. */

import type { Policy } from "../../agent/policy/reference.ts";
import type { RulesSource } from "../../agent/policy/compiled.ts";
import type { RuleConfig } from "../../agent/policy/rule.ts";

/** A rule as the operator writes it: what has a default may be left out. */
export type RuleText = Partial<RuleConfig> & Pick<RuleConfig, "name" | "action">;

export interface PolicyText {
  mode?: Policy["mode"];
  defaults?: { action?: "allow" | "block"; on_error?: { ingress?: "allow" | "block"; egress?: "allow" | "block" } };
  failsafe?: Partial<Policy["failsafe"]>;
  sets?: Policy["sets"];
  inspect_tunnels?: boolean;
  rules?: readonly RuleText[];
}

export function policyOf(text: PolicyText = {}): Policy & RulesSource {
  return {
    mode: text.mode ?? "detect",
    defaults: {
      action: text.defaults?.action ?? "allow",
      on_error: { ingress: "allow", egress: "allow", ...text.defaults?.on_error },
    },
    failsafe: { management_ports: [22], addresses: [], ...text.failsafe },
    sets: text.sets ?? {},
    inspect_tunnels: text.inspect_tunnels ?? true,
    packet_sockets: "report",
    events_per_second: 1000,
    rules: (text.rules ?? []).map((rule) => ({ enforce: false, direction: "both", ...rule })),
  };
}
