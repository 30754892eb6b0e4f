/**
 * Parts of the suite that need more than the machine may have. Where something is missing they are skipped and say
 * why; with WEIR_REQUIRE=all they fail instead, so that a run that must be complete cannot pass by skipping.
 */

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Options for `test` and `describe`: `test("...", requires(root(), tool("qemu-system-x86_64", "qemu-system-x86")), ...)`. */
export function requires(...missing: (string | undefined)[]): { skip: string | false } {
  const reasons = missing.filter((reason) => reason !== undefined);
  if (reasons.length === 0) return { skip: false };
  const reason = reasons.join("; ");
  if (process.env["WEIR_REQUIRE"] === "all") throw new Error(`WEIR_REQUIRE=all, but ${reason}`);
  console.error(`skipped: ${reason}`);
  return { skip: reason };
}

/** What is missing when the command is, else undefined. */
export function tool(command: string, debianPackage: string): string | undefined {
  const places = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return places.some((place) => isExecutable(join(place, command)))
    ? undefined
    : `${command} is not installed (apt-get install ${debianPackage})`;
}

export function root(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "this needs root";
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
