/** The field `direction`: which end opened the connection, as seen from the host. */

import { Direction } from "../../generated/layout.ts";
import { BOTH_WAYS, expansion, type Field } from "./field.ts";
import { word } from "./option-text.ts";

export type RuleDirection = "ingress" | "egress" | "both";

declare module "../rule.ts" {
  interface RuleConfig {
    direction: RuleDirection;
  }
}

const BITS: Record<RuleDirection, number> = {
  ingress: 1 << Direction.INGRESS,
  egress: 1 << Direction.EGRESS,
  both: (1 << Direction.INGRESS) | (1 << Direction.EGRESS),
};

export const DIRECTION = {
  schema: {
    title: "Direction",
    description: "The connection was opened in this direction, as seen from this host. Replies follow the connection.",
    enum: Object.keys(BITS),
    default: "both",
    examples: ["ingress"],
  },
  options: {
    direction: { value: "WHICH", about: "direction in which the connection was opened: ingress, egress or both (both)", read: word },
  },
  text: { place: "direction", words: ({ direction = "both" }) => (direction === "both" ? [] : [direction]) },
  directions: BOTH_WAYS,
  operators: { is: "the opener sends in this direction" },
  judged: "once",
  wants: ({ direction }) =>
    direction === "both" ? [] : [{ operator: "is", text: direction, holds: (subject) => subject.direction === direction }],
  got: (subject) => subject.direction,
  expansion: expansion<number>({
    alternatives: ({ direction }) => [BITS[direction]],
    write: (lines, line, directions) => lines.setDirections(line, directions),
  }),
} satisfies Field;
