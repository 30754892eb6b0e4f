/** Written by agent/setup/generate-validators.ts with ajv. The schemas are those of agent/service/requests/requests.ts. */

import type { DefinedError } from "ajv";

/** A compiled schema. Its errors are those of the last value that it judged. */
export type Validator = ((value: unknown) => boolean) & { errors?: DefinedError[] | null };

export type Name = "status" | "listRules" | "findRule" | "addRule" | "deleteRules" | "moveRule" | "listBans" | "addBans" | "deleteBans" | "listSets" | "listMembers" | "addMembers" | "removeMembers" | "findSets" | "drops" | "flows" | "sockets" | "statistics" | "top" | "watch" | "calls" | "policy" | "metrics" | "setMode" | "reload";

export declare function validators(formats: Readonly<Record<string, (text: string) => boolean>>): Record<Name, Validator>;
