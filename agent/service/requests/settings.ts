/** Requests about the agent as a whole. */

import type { Schema } from "../../values/json-schema.ts";
import { MODES } from "../../values/traffic.ts";
import { SESSION } from "./session.ts";

export const SET_MODE = {
  description: "Changes the mode.",
  type: "object",
  additionalProperties: false,
  required: ["mode"],
  properties: { mode: { description: "the mode that holds from now on", enum: MODES, examples: ["prevent"] }, session: SESSION },
} as const satisfies Schema;

export const RELOAD = {
  description: "Reads the configuration again.",
  type: "object",
  additionalProperties: false,
  properties: { session: SESSION },
} as const satisfies Schema;
