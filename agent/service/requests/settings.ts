/** The schemas of requests about the agent as a whole. */

import { MODES } from "../../values/traffic.ts";
import { requestOf } from "./request.ts";
import { SESSION } from "./session.ts";

export const STATUS = requestOf("Says what is in force, and what was counted.", {});
export const POLICY = requestOf("Answers the rules in force, and where the kernel keeps them.", {});
export const METRICS = requestOf("Answers the metrics as text for Prometheus.", {});

export const SET_MODE = requestOf(
  "Changes the mode.",
  { mode: { description: "the mode that holds from now on", type: "string", enum: MODES }, session: SESSION },
  ["mode"],
);

export const RELOAD = requestOf("Reads the configuration again.", { session: SESSION });
