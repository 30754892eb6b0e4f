/** `weir sockets --calls PID`: what a process does with its sockets, a line each, until Ctrl-C. */

import type { ShownCall, ShownCounts, ShownEnd } from "../observe/sockets/shown-calls.ts";
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

type Message = ShownCall | { counts: ShownCounts; ended?: ShownEnd } | { dropped: number };

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
  let left = call.count("count", Infinity, Number.MAX_SAFE_INTEGER);
  let shown = 0;
  let counts: ShownCounts | undefined;
  let ended: ShownEnd | undefined;
  /** Whether calls were shown that the counts do not have yet: the agent says them within a second. */
  let isAhead = false;
  let isStopping = false;
  const stop = (): void => {
    if (isStopping || !isAhead) end.abort();
    isStopping = true;
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  for await (const line of client.calls({ pid, ...saidOf(call, FILTERS) }, end.signal)) {
    const message = JSON.parse(line) as Message;
    if ("counts" in message) {
      ({ counts, ended } = message);
      isAhead = false;
      if (json) await printed(line);
      if (isStopping || left === 0) break;
    } else if ("dropped" in message) {
      if (json) await printed(line);
      else note(`(${counted(message.dropped, "line was", "lines were")} not shown: this reader is too slow)`);
    } else if (left > 0) {
      isAhead = true;
      await printed(json ? safeJson(line) : lineOf(message));
      shown++;
      left--;
    }
  }
  if (!json && counts !== undefined) note(countsText(counts, shown));
  if (isStopping || left === 0) return 0;
  note(ended === "process" ? `weir: process ${pid} has ended.` : "weir: the agent has stopped, and with it this stream.");
  return ended === "process" ? 0 : 1;
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

/** Calls that the agent told and that are not shown came after the last that --count asked for, or to a reader that was too slow. */
function countsText({ seen, told, suppressed, lost }: ShownCounts, shown: number): string {
  const missing = [
    ...(told <= shown ? [] : [`${count(told - shown)} not printed`]),
    ...(suppressed === 0 ? [] : [`${count(suppressed)} more than --rate lets through`]),
    ...(lost === 0 ? [] : [`${count(lost)} lost in a full ring`]),
  ];
  return `(${counted(seen, "call")} seen, ${count(shown)} shown${missing.length === 0 ? "" : `, ${missing.join(", ")}`})`;
}
