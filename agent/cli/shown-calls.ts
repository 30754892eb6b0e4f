/** `weir sockets --calls PID`: what a process does with its sockets, a line each, until Ctrl-C. */

import type { ShownCall, ShownCounts } from "../observe/sockets/shown-calls.ts";
import { CALLS } from "../service/requests/observation.ts";
import { count, counted } from "../values/count.ts";
import { AGENT_OPTIONS, type Call, UsageError } from "./arguments.ts";
import { clock, endpoint, safeJson } from "./format.ts";
import { clientFor } from "./paths.ts";
import { note, printed } from "./print.ts";
import { optionsOf, saidOf } from "./request-options.ts";
import { folded, terminalWidth } from "./terminal.ts";

const { pid: PID, ...FILTERS } = CALLS.properties;

export const CALL_OPTIONS = {
  calls: { value: PID.title, about: "show what this process does with its sockets, as it happens" },
  ...optionsOf(FILTERS),
  count: { value: "N", about: "with --calls: end after this many calls" },
};

const KNOWN = new Set([...Object.keys(CALL_OPTIONS), "json", ...Object.keys(AGENT_OPTIONS)]);

type Message = ShownCall | { counts: ShownCounts } | { dropped: number };

/** Throws a UsageError if the line has an option that says something of calls, and does not ask for any. */
export function refuseWithoutCalls(call: Call): void {
  const alone = Object.keys(CALL_OPTIONS).find((name) => call.has(name));
  if (alone !== undefined) throw new UsageError(`--${alone} says which calls are shown: it needs --calls PID`);
}

/** Answers the exit code. */
export async function showCalls(call: Call): Promise<number> {
  const other = call.names.find((name) => !KNOWN.has(name));
  if (other !== undefined) throw new UsageError(`--${other} does not go with --calls, which shows one process`);
  const pid = call.number("calls", PID)!;
  const client = await clientFor(call);
  const json = call.has("json");
  const end = new AbortController();
  const stop = (): void => end.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  let left = call.count("count", Infinity, Number.MAX_SAFE_INTEGER);
  let counts: ShownCounts | undefined;
  for await (const line of client.calls({ pid, ...saidOf(call, FILTERS) }, end.signal)) {
    const message = JSON.parse(line) as Message;
    if ("counts" in message) {
      ({ counts } = message);
      if (json) await printed(line);
    } else if ("dropped" in message) {
      if (json) await printed(line);
      else note(`(${counted(message.dropped, "line was", "lines were")} not shown: this reader is too slow)`);
    } else {
      await printed(json ? safeJson(line) : lineOf(message));
      if (--left === 0) break;
    }
  }
  if (!json && counts !== undefined) note(countsText(counts));
  if (end.signal.aborted || left === 0) return 0;
  note(`weir: process ${pid} has ended, or the agent has stopped.`);
  return 0;
}

function lineOf(call: ShownCall): string {
  const width = terminalWidth();
  const text = textOf({ ...call, time: width === undefined ? call.time : clock(call.time) });
  return width === undefined ? text : folded(text, width, 2).join("\n");
}

/** `18:30:14.102 recvfrom 5 tcp 198.18.0.2:8080 > 198.18.0.1:43752 700 bytes`: ends in the order of the socket, its own first. */
function textOf({ time, pid, thread, call, descriptor, protocol, local, remote, bytes, error }: ShownCall): string {
  return [
    time,
    call,
    String(descriptor),
    protocol,
    ...(local === undefined ? [] : [endpoint(local)]),
    ...(remote === undefined ? [] : [">", endpoint(remote)]),
    ...(bytes === undefined ? [] : [counted(bytes, "byte")]),
    ...(error === undefined ? [] : [error]),
    ...(thread === pid ? [] : [`thread=${thread}`]),
  ].join(" ");
}

function countsText({ seen, told, suppressed, lost }: ShownCounts): string {
  const missing = [
    ...(suppressed === 0 ? [] : [`${count(suppressed)} more than --rate lets through`]),
    ...(lost === 0 ? [] : [`${count(lost)} lost in a full ring`]),
  ];
  return `(${counted(seen, "call")} seen, ${count(told)} shown${missing.length === 0 ? "" : `, ${missing.join(", ")}`})`;
}
