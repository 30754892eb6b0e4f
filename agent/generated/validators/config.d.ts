/** Written by agent/setup/generate-validators.ts with ajv. The schemas are those of config/schema.json. */

import type { DefinedError } from "ajv";

/** A compiled schema. Its errors are those of the last value that it judged. */
export type Validator = ((value: unknown) => boolean) & { errors?: DefinedError[] | null };

export type Name = "file" | "rule";

export declare function validators(formats: Readonly<Record<string, (text: string) => boolean>>): Record<Name, Validator>;
