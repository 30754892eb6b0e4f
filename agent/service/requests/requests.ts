/** Every request that has members, by its name: the only definition of what it may say. */

import type { Schema, Valued, Written } from "../../values/json-schema.ts";
import { RELOAD, SET_MODE } from "./settings.ts";

export const REQUESTS = {
  setMode: SET_MODE,
  reload: RELOAD,
} as const satisfies Record<string, Schema>;

export type RequestName = keyof typeof REQUESTS;

/** As an operation gets it. */
export type Requested<Name extends RequestName> = Valued<(typeof REQUESTS)[Name]>;

/** As a caller sends it: what has a default may be left out. */
export type Asked<Name extends RequestName> = Written<(typeof REQUESTS)[Name]>;
