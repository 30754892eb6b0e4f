/** The shape of a configuration file and that of a rule: the schema, and the code that it was compiled to ahead of time. */

import { validators } from "../agent/generated/validators/config.js";
import { judgesOf } from "../agent/values/json-schema.ts";
import { FORMATS } from "./formats.ts";
import { FILE, RULE } from "./schema.ts";
import type { Shape } from "./shape.ts";

const { file, rule } = validators(judgesOf(FORMATS));

export const FILE_SHAPE: Shape = { schema: FILE, validate: file };
export const RULE_SHAPE: Shape = { schema: RULE, validate: rule };
