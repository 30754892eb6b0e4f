/** Reads paths from environment variables. */

import { isAbsolute, resolve } from "node:path";
import { quote } from "./quote.ts";
import { Refusal } from "./refusal.ts";

/**
 * Returns the path in a variable. An empty variable counts as absent. A relative path is refused: the agent and the commands
 * start in different folders, and each would look in another place.
 */
export function pathFromEnvironment(variable: "WEIR_STATE_DIR" | "WEIR_CONTROL_SOCKET"): string | undefined {
  const path = process.env[variable] || undefined;
  if (path === undefined || isAbsolute(path)) return path;
  throw new Refusal(`${variable} is ${quote(path)}, which is not an absolute path.`, {
    kind: "invalid",
    next: `Set it to the whole path, as ${variable}=${resolve(path)}.`,
  });
}
