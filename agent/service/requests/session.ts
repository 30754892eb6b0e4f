/** The operator's own SSH connection, which may go along with each change. */

import type { Schema } from "../../values/json-schema.ts";

export const SESSION = {
  description: "your own SSH connection, which no change may cut",
  type: "object",
  additionalProperties: false,
  required: ["address", "remote_port", "local_port"],
  examples: [{ address: "203.0.113.5", remote_port: 51234, local_port: 22 }],
  properties: {
    address: { description: "the address of the remote end", type: "string", format: "plain_address", examples: ["203.0.113.5"] },
    remote_port: { description: "the port of the remote end", type: "integer", minimum: 1, maximum: 65535 },
    local_port: { description: "the port of this host", type: "integer", minimum: 1, maximum: 65535 },
  },
} as const satisfies Schema;
