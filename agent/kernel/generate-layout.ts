/** Writes agent/generated/layout.ts. Run it after every change of probes/wire/. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { generateLayout } from "./layout.ts";

const header = fileURLToPath(new URL("../../probes/wire/wire.h", import.meta.url));
const output = fileURLToPath(new URL("../generated/layout.ts", import.meta.url));

mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, generateLayout(header));
