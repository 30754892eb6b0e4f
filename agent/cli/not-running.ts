/** Reports that no agent answers, and what an agent that ended has left in force. */

import type { LeftBehind } from "../enforce/adoption/left-behind.ts";
import type { Call } from "./arguments.ts";
import type { ControlClient } from "../api/client.ts";
import { Refusal } from "../values/refusal.ts";
import { codeOf } from "../values/error-code.ts";
import { duration } from "./format.ts";
import { counted } from "../values/count.ts";
import { clientFor } from "./paths.ts";
import { printJson } from "./print.ts";

/** `status --json` prints this, with exit code 1, if no agent answers. */
export interface NotRunning {
  running: false;
  error: string;
  left_in_force: {
    pins: string;
    mode: string;
    drops: boolean;
    until: string | null;
    dropped: number;
    state_dir: string | null;
    config: string | null;
    pid: number | null;
    started: string | null;
  }[];
}

/**
 * Returns the agent's answer. If no agent answers, it throws an error that tells what one left in force; with --json it prints
 * that and returns undefined.
 */
export async function askAgent<Answer>(call: Call, question: (client: ControlClient) => Promise<Answer>): Promise<Answer | undefined> {
  const client = await clientFor(call);
  try {
    return await question(client);
  } catch (error) {
    if (!isNotRunning(error)) throw error;
    const left = await leftBy(client);
    if (!call.has("json")) throw describe(error, left);
    printJson({ running: false, error: error.message, left_in_force: left.map(rowOf) } satisfies NotRunning);
    return undefined;
  }
}

function isNotRunning(error: unknown): error is Refusal {
  return error instanceof Refusal && ["ENOENT", "ECONNREFUSED"].includes(codeOf(error.cause));
}

/** Finds what the agent with this socket left, else what any agent left. Only root can look. */
async function leftBy(client: ControlClient): Promise<LeftBehind[]> {
  if (process.geteuid!() !== 0) return [];
  const { findLeftBehind } = await import("../enforce/adoption/left-behind.ts");
  const left = await findLeftBehind();
  const own = left.filter(({ note }) => note?.socket === client.path);
  return own.length > 0 ? own : left;
}

/** Adds to the error what is still in force, and how to end it. */
export function describe(error: Refusal, left: readonly LeftBehind[]): Refusal {
  if (left.length === 0) return error;
  return new Refusal(error.message, {
    details: left.map(sentenceOf),
    next: `The next start takes over what is in force: "systemctl start weir", or "weir run"${options(left)}. "weir detach"${options(left)} lets everything pass.`,
    cause: error.cause,
  });
}

function options(left: readonly LeftBehind[]): string {
  const [one] = left;
  if (left.length !== 1 || one?.note === undefined) return "";
  return one.note.config === null ? ` with --state-dir ${one.note.state}` : ` with --config ${one.note.config}`;
}

function sentenceOf({ pins, note, mode, drops, until, dropped }: LeftBehind): string {
  const whose =
    note === undefined
      ? "An agent that ended"
      : `The agent with pid ${note.pid}, which was started ${note.started.toISOString()} and has ended,`;
  const lasting =
    until === null
      ? "until the next agent or weir detach"
      : `until ${until.toISOString()} (${duration((Number(until) - Date.now()) / 1000)} from now)`;
  const dropping = `${counted(dropped, "packet was", "packets were")} dropped so far`;
  if (drops) return `${whose} left its programs in force in mode prevent: they go on dropping ${lasting}; ${dropping} (${pins}).`;
  if (mode === "prevent")
    return `${whose} left its programs attached, which drop nothing any more since ${until?.toISOString()}; ${dropping} (${pins}).`;
  return `${whose} left its programs attached in mode detect: they drop nothing (${pins}).`;
}

function rowOf({ pins, note, mode, drops, until, dropped }: LeftBehind): NotRunning["left_in_force"][number] {
  return {
    pins,
    mode,
    drops,
    until: until?.toISOString() ?? null,
    dropped,
    state_dir: note?.state ?? null,
    config: note?.config ?? null,
    pid: note?.pid ?? null,
    started: note?.started.toISOString() ?? null,
  };
}
