/**
 * Looks whether files answer, in a process of its own: whoever waits for a file system that never answers may not even be
 * killed, and would keep its locks and sockets until that file system is gone.
 */

import { spawn } from "node:child_process";
import { resolve } from "node:path";

import { LARGEST_FILE } from "./file.ts";

/** Part of a shell script: reads what `$path` names, a file whole and a directory by its names. It only looks at pipes and devices. */
export const READ_PATH = `if [ -f "$path" ]; then head -c ${LARGEST_FILE} <"$path"; elif [ -d "$path" ]; then ls "$path"; fi >/dev/null 2>&1`;
/** The script prints the number of each path before it reads the path. */
const SCRIPT = `n=0; for path; do echo $n; n=$((n + 1)); ${READ_PATH}; done`;

/** Finds a path that does not answer in time. Resolves to undefined where all do, missing ones too, and where no process can be started that looks. */
export function findSilent(paths: readonly string[], withinMs: number): Promise<string | undefined> {
  const scout = spawn("/bin/sh", ["-c", SCRIPT, "sh", ...paths.map((path) => resolve(path))], { stdio: ["ignore", "pipe", "ignore"], cwd: "/" });
  let said = "";
  return new Promise((settle) => {
    const late = setTimeout(() => {
      scout.kill("SIGKILL");
      scout.stdout.destroy();
      scout.unref();
      settle(paths[Number(said.trimEnd().split("\n").at(-1))] ?? paths[0]);
    }, withinMs);
    const end = (): void => {
      clearTimeout(late);
      settle(undefined);
    };
    scout.once("error", end); // it was not even started, so that nobody knows
    scout.once("close", end);
    scout.stdout?.setEncoding("utf8").on("data", (text: string) => (said += text)); // there is none without descriptors to be had
  });
}
