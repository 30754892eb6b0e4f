/** The schema of the operator's own SSH connection. Each request for a change may name it. */

import { requestOf } from "./request.ts";

const PORT = { type: "integer", minimum: 1, maximum: 65535 } as const;

export const SESSION = {
  ...requestOf(
    "your own SSH connection, which no change may cut",
    {
      address: { description: "the address of the remote end", type: "string", format: "plain_address", examples: ["203.0.113.5"] },
      remote_port: { description: "the port of the remote end", ...PORT },
      local_port: { description: "the port of this host", ...PORT },
    },
    ["address", "remote_port", "local_port"],
  ),
  examples: [{ address: "203.0.113.5", remote_port: 51234, local_port: 22 }],
} as const;
