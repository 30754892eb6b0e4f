/**
 * The part of schema.json that is about rules, made of the fragments that the fields bring. `npm run generate` brings schema.json up to date
 * by it.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FIELD_ENTRIES } from "../agent/policy/fields/index.ts";
import type { Schema } from "../agent/values/json-schema.ts";

export const SCHEMA_FILE = join(import.meta.dirname, "schema.json");

/** Keys of a rule that ask nothing of packets. */
const PLAIN: Record<string, Schema> = {
  name: {
    title: "Name",
    description:
      "Events, metrics and the audit log carry this name, which no other rule has. It has at most 64 letters, digits and `. _ : / -`.",
    type: "string",
    format: "rule_name",
    examples: ["no-telnet-in"],
  },
  description: {
    title: "Description",
    description: "This text tells people what the rule is for.",
    type: "string",
    format: "text",
    examples: ["Telnet is not offered here"],
  },
  action: {
    title: "Action",
    description:
      "`allow` lets a connection pass and ends the search. `block` reports it, and drops it in prevent mode if `enforce` is true.",
    $ref: "#/definitions/action",
    examples: ["block"],
  },
  enforce: {
    title: "Enforce",
    description:
      "If true, prevent mode drops what this rule blocks. If false, the rule only reports what it would drop, and the search goes on.",
    type: "boolean",
    default: false,
    examples: [true],
  },
  reject: {
    title: "Reject",
    description:
      'If true, weir answers the sender of what this rule drops, with a TCP reset or else with the ICMP error "administratively prohibited". If false, the packets vanish and their sender waits. This key is for block rules with `enforce: true`.',
    type: "boolean",
    examples: [true],
  },
};

type Words = Pick<Schema, "title" | "description" | "examples">;

/** Keys that hold several fields. */
const LAYERS: Record<string, { rule: Words; not?: Words }> = {
  layer2: {
    rule: { title: "Layer 2", description: "These fields are about the frame that carries a packet.", examples: [{ vlan: [10] }] },
  },
  layer3: {
    rule: {
      title: "Layer 3",
      description: "These fields are about addresses and DSCP marks.",
      examples: [{ source: ["10.0.0.0/8", "2001:db8::/32"], destination: ["192.0.2.1-192.0.2.9"] }],
    },
    not: { title: "Layer 3 left out", description: "The rule leaves out these addresses.", examples: [{ source: ["10.0.0.0/8"] }] },
  },
  layer4: {
    rule: {
      title: "Layer 4",
      description: "These fields are about the protocol, and about its ports, messages, flags and connections.",
      examples: [{ protocol: "tcp", destination_ports: [23, "8000-8100"] }],
    },
    not: {
      title: "Layer 4 left out",
      description: "The rule leaves out this protocol, or these ports or messages of it.",
      examples: [{ destination_ports: [80, 443] }],
    },
  },
};

const NOT: Words = {
  title: "Not",
  description: "The rule leaves out the connections that all of these fields match.",
  examples: [{ layer3: { source: ["10.0.0.0/8"] } }],
};

function ruleSchema(): Schema {
  const asked = FIELD_ENTRIES.flatMap(([path, { schema }]): [string, Schema][] => (path === "not" ? [] : [[path, schema]]));
  const left = FIELD_ENTRIES.flatMap(([path, { not }]): [string, Schema][] => (not === undefined ? [] : [[path, not.schema]]));
  return {
    title: "Rule",
    description: "A rule says which connections it is about, and what weir does with them.",
    type: "object",
    additionalProperties: false,
    required: ["name", "action"],
    examples: [{ name: "no-telnet-in", action: "block", layer4: { protocol: "tcp", destination_ports: [23] } }],
    properties: {
      ...PLAIN,
      ...nested(asked, "rule"),
      not: { ...NOT, type: "object", additionalProperties: false, properties: nested(left, "not") },
    },
  };
}

/** Fields by their keys; those with a dot stand below their layer. */
function nested(fields: readonly [path: string, schema: Schema][], of: "rule" | "not"): Record<string, Schema> {
  const properties: Record<string, Schema> = {};
  for (const [path, schema] of fields) {
    const [layer, key] = path.split(".") as [string, string?];
    const inside = properties[layer]?.properties ?? {};
    properties[layer] =
      key === undefined
        ? schema
        : { ...LAYERS[layer]?.[of], type: "object", additionalProperties: false, properties: { ...inside, [key]: schema } };
  }
  return properties;
}

/** The text of schema.json with the rules as the fields say, in one line: the formatter breaks it. */
export function embedRuleSchema(text: string): string {
  const whole = JSON.parse(text) as Schema & { definitions: Record<string, Schema> };
  return `${JSON.stringify({ ...whole, definitions: { ...whole.definitions, rule: ruleSchema() } })}\n`;
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, embedRuleSchema(readFileSync(SCHEMA_FILE, "utf8")));
