/**
 * A copy of weir for tests that run it, or Node.js, as another user than root. The checkout may lie below /root or be
 * readable to root alone, so other users get a copy in a folder that everybody may enter and read.
 */

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

const CHECKOUT = join(import.meta.dirname, "../..");
const NODE = `node_modules/node-linux-${process.arch}`;
/** The copy holds only the files that `weir` reads when it runs. */
const NEEDED = ["agent", "audit", "config", "otel", "probes/build", "package.json", "node_modules"];
const LEFT_OUT = [
  "node_modules/.bin",
  "node_modules/typescript",
  "node_modules/@typescript",
  ...["include", "lib", "share"].map((name) => `${NODE}/${name}`),
];

export interface ForOthers {
  readonly folder: string;
  readonly node: string;
  /** The command `weir`. */
  readonly weir: string;
}

let made: ForOthers | undefined;

/** The copy is made once in a process, by the first call, and removed when the process exits. */
export function forOthers(): ForOthers {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), "weir-for-others-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const filter = (path: string): boolean => !LEFT_OUT.includes(relative(CHECKOUT, path));
  for (const name of NEEDED) cpSync(join(CHECKOUT, name), join(folder, name), { recursive: true, filter });
  execFileSync("chmod", ["-R", "a+rX", folder]);
  return (made = { folder, node: join(folder, NODE, "bin/node"), weir: join(folder, "agent/weir") });
}
