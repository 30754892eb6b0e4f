/** All conformance cases. */

import type { Case } from "./case.ts";
import { FIELD_CASES } from "./cases/fields.ts";
import { MALFORMED_CASES } from "./cases/malformed.ts";
import { RULE_CASES } from "./cases/rules.ts";
import { SHAPE_CASES } from "./cases/shapes.ts";

export const CASES: readonly Case[] = [...FIELD_CASES, ...RULE_CASES, ...SHAPE_CASES, ...MALFORMED_CASES];
