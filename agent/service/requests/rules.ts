/** Requests about rules. The schema of the configuration checks the rule itself when it is added. */

import { requestOf } from "./request.ts";
import { SESSION } from "./session.ts";
import { ENDS_ONCE, TERM } from "./term.ts";

/** The number of rules that commands may add. Each change writes all of them to the disk. */
export const MOST_RULES = 10_000;

const ID = { description: "the id of a rule that was added by command", type: "string", examples: ["d1"] } as const;

const PLACE = {
  description: '"first", "last", or before another of the rules that were added by command',
  anyOf: [
    { type: "string", enum: ["first", "last"] },
    { type: "object", additionalProperties: false, required: ["before"], properties: { before: ID } },
  ],
  examples: [{ before: "d3" }],
} as const;

export const LIST_RULES = requestOf("Lists the rules in force, in the order in which they are tried.", {});

export const FIND_RULE = requestOf(
  "Shows one rule.",
  { which: { description: "the name or the id of a rule", type: "string", examples: ["no-telnet-in"] } },
  ["which"],
);

export const ADD_RULE = {
  ...requestOf(
    "Adds a rule that is in force at once, before those of the file.",
    {
      rule: {
        description: "a rule, with the keys that it has in the file",
        type: "object",
        examples: [{ action: "block", layer4: { protocol: "tcp", destination_ports: [23] } }],
      },
      place: { ...PLACE, default: "last" },
      ...TERM,
      session: SESSION,
    },
    ["rule"],
  ),
  ...ENDS_ONCE,
} as const;

export const DELETE_RULES = requestOf(
  "Deletes rules that were added by command.",
  {
    ids: {
      description: 'a list of ids of rules that were added by command, or "all"',
      anyOf: [
        { type: "array", minItems: 1, maxItems: MOST_RULES, items: ID },
        { type: "string", const: "all" },
      ],
      examples: [["d1", "d2"]],
    },
    session: SESSION,
  },
  ["ids"],
);

export const MOVE_RULE = requestOf("Moves a rule that was added by command.", { id: ID, place: PLACE, session: SESSION }, ["id", "place"]);
