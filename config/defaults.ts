/** What holds where the operator wrote nothing. The values are those of schema.json. */

import { parseConfig } from "./load.ts";
import type { WeirConfig } from "./types.ts";

/** The smallest configuration there is, with the schema's defaults. */
export function defaultConfig(): WeirConfig {
  const loaded = parseConfig("version: 1", "built-in");
  if (!loaded.ok) throw new Error("the defaults in config/schema.json do not fit the schema itself");
  return loaded.config;
}
