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
    description: "Unique name that events, metrics and the audit log carry: up to 64 letters, digits and `. _ : / -`.",
    type: "string",
    format: "rule_name",
    examples: ["no-telnet-in"],
  },
  description: {
    title: "Description",
    description: "For people.",
    type: "string",
    format: "text",
    examples: ["Telnet is not offered here"],
  },
  action: {
    title: "Action",
    description: "`allow` ends the search and passes. `block` is reported, and dropped in prevent mode where `enforce` is true.",
    $ref: "#/definitions/action",
    examples: ["block"],
  },
  enforce: {
    title: "Enforce",
    description:
      "Whether prevent mode drops what this rule blocks. Without it the rule only reports what it would drop, and the search goes on.",
    type: "boolean",
    default: false,
    examples: [true],
  },
  reject: {
    title: "Reject",
    description:
      'Whether the sender of what this rule drops is told at once: a TCP reset, else the ICMP error "administratively prohibited". Without it packets vanish, and who sent them waits. For block rules with `enforce: true`.',
    type: "boolean",
    examples: [true],
  },
};

type Words = Pick<Schema, "title" | "description" | "examples">;

/** Keys that hold several fields. */
const LAYERS: Record<string, { rule: Words; not?: Words }> = {
  layer2: { rule: { title: "Layer 2", description: "The frame that carries the packet.", examples: [{ vlan: [10] }] } },
  layer3: {
    rule: {
      title: "Layer 3",
      description: "Addresses, and marks for differentiated services.",
      examples: [{ source: ["10.0.0.0/8", "2001:db8::/32"], destination: ["192.0.2.1-192.0.2.9"] }],
    },
    not: { title: "Layer 3 left out", description: "Addresses that the rule leaves out.", examples: [{ source: ["10.0.0.0/8"] }] },
  },
  layer4: {
    rule: {
      title: "Layer 4",
      description: "Protocol and what it carries.",
      examples: [{ protocol: "tcp", destination_ports: [23, "8000-8100"] }],
    },
    not: {
      title: "Layer 4 left out",
      description: "Protocol that the rule leaves out, or what the protocol carries.",
      examples: [{ destination_ports: [80, 443] }],
    },
  },
};

const NOT: Words = {
  title: "Not",
  description: "What the rule leaves out of what it would match: connections for which all of these fields hold.",
  examples: [{ layer3: { source: ["10.0.0.0/8"] } }],
};

function ruleSchema(): Schema {
  const asked = FIELD_ENTRIES.flatMap(([path, { schema }]): [string, Schema][] => (path === "not" ? [] : [[path, schema]]));
  const left = FIELD_ENTRIES.flatMap(([path, { not }]): [string, Schema][] => (not === undefined ? [] : [[path, not.schema]]));
  return {
    title: "Rule",
    description: "What to look for in a connection, and what to do about it.",
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
