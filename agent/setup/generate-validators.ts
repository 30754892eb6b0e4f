/** Writes agent/generated/validators/. Run it after a change of the schemas. */

import { writeFileSync } from "node:fs";
import { MOST_COUNTED } from "../../config/findings.ts";
import { FORMATS } from "../../config/formats.ts";
import { COMPILED_SCHEMAS } from "../../config/schema.ts";
import { TEST_FILE } from "../explain/policy-test/schema.ts";
import { REQUEST_FORMATS } from "../service/requests/formats.ts";
import { REQUESTS } from "../service/requests/requests.ts";
import { type ValidatorSource, validatorModule } from "./validator-module.ts";

/** The schemas of each module, by the name of the module. */
export const VALIDATOR_MODULES: Readonly<Record<string, ValidatorSource>> = {
  requests: {
    about: "The schemas are those of agent/service/requests/requests.ts.",
    schemas: REQUESTS,
    formats: Object.keys(REQUEST_FORMATS),
  },
  config: {
    about: "The schemas are those of config/schema.json.",
    schemas: COMPILED_SCHEMAS,
    formats: Object.keys(FORMATS),
    most: MOST_COUNTED,
  },
  "policy-tests": {
    about: "The schema is that of agent/explain/policy-test/schema.ts.",
    schemas: { testFile: TEST_FILE },
    formats: Object.keys(FORMATS),
    most: MOST_COUNTED,
  },
};

/** Returns the files of a module with their text. */
export function validatorFiles(name: string): [file: URL, text: string][] {
  const { code, types } = validatorModule(VALIDATOR_MODULES[name]!);
  const file = (ending: string): URL => new URL(`../generated/validators/${name}${ending}`, import.meta.url);
  return [
    [file(".js"), code],
    [file(".d.ts"), types],
  ];
}

if (import.meta.main)
  for (const name of Object.keys(VALIDATOR_MODULES)) for (const [file, text] of validatorFiles(name)) writeFileSync(file, text);
