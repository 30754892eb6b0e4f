/** Writes agent/generated/validators/. Run it after a change of the schemas. */

import { writeFileSync } from "node:fs";
import { REQUEST_FORMATS } from "../service/requests/formats.ts";
import { REQUESTS } from "../service/requests/requests.ts";
import { type ValidatorSource, validatorModule } from "./validator-module.ts";

/** By the name of each module. */
export const VALIDATOR_MODULES: Readonly<Record<string, ValidatorSource>> = {
  requests: {
    about: "The schemas are those of agent/service/requests/requests.ts.",
    schemas: REQUESTS,
    formats: Object.keys(REQUEST_FORMATS),
  },
};

export function validatorFile(name: string): URL {
  return new URL(`../generated/validators/${name}.ts`, import.meta.url);
}

if (import.meta.main) {
  for (const [name, source] of Object.entries(VALIDATOR_MODULES)) writeFileSync(validatorFile(name), validatorModule(source));
}
