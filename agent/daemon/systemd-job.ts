/** Asks systemd which job it has queued for a unit. */

import { execFile } from "node:child_process";

/** systemd must answer within this many milliseconds, because a person who stops the unit waits for it. */
const LONGEST_MS = 500;
/**
 * The types of jobs after which the unit runs. While `systemctl restart` stops a unit, its job is of type restart; it becomes one
 * of type start when the unit has stopped. A plain stop is a job of type stop; a crash and a signal have no job.
 */
const STARTS: ReadonlySet<string> = new Set(["start", "restart", "try-restart", "reload-or-start"]);

/** Resolves to true if systemd starts the unit once it has stopped. */
export async function startIsQueued(unit: string): Promise<boolean> {
  const words = ["list-jobs", "--no-legend", "--plain", "--full", "--no-pager", "--", unit];
  const jobs = await new Promise<string>((resolve, reject) => {
    execFile("systemctl", words, { timeout: LONGEST_MS, killSignal: "SIGKILL" }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
  return hasStart(jobs, unit);
}

/** Reads lines of `systemctl list-jobs --no-legend --plain`, which hold number, unit, type and state. */
export function hasStart(jobs: string, unit: string): boolean {
  return jobs.split("\n").some((line) => {
    const [, name, type = ""] = line.trim().split(/\s+/);
    return name === unit && STARTS.has(type);
  });
}
