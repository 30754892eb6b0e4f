import { showAudit } from "../../../audit/show.ts";
import { printable } from "../../values/quote.ts";
import { AGENT_OPTIONS, type Command, UsageError } from "../arguments.ts";
import { safeJson } from "../format.ts";
import { parseDuration } from "../../values/duration.ts";
import { auditFilesFor } from "../paths.ts";
import { printed } from "../print.ts";

const MOST = 1_000_000;

export const command: Command = {
  usage: "audit show [FILE] [--since WHEN] [--type TYPE[,TYPE]] [--rule NAME] [--last N] [--json]",
  about: "Prints the audit log with its rotated files, the oldest record first. It works with and without a running agent.",
  options: {
    since: { value: "WHEN", about: "only records since this time, or of this last duration: 2026-11-21T03:00Z, 15m, 2h, 7d" },
    type: { value: "TYPE", about: "only records of this type, as DETECTED, BLOCKED, MODE, RULE-ADD; several with commas" },
    rule: { value: "NAME", about: "show only events of this rule" },
    last: { value: "N", about: "show at most this many of the last records" },
    json: { about: "print one JSON object on each line" },
    ...AGENT_OPTIONS,
  },
  words: [0, 1],
  examples: [
    ["weir audit show --last 20", "the end of the log"],
    ["weir audit show --type MODE,RELOAD,START,STOP", "what operators did"],
    ["weir audit show --since 1h --rule no-telnet-in --json", "one rule's last hour, for a script"],
  ],
  async run(call) {
    const since = call.text("since");
    const types = call.text("type")?.toUpperCase().split(",");
    const rule = call.text("rule");
    const filter = {
      ...(since === undefined ? {} : { since: timeOf(since) }),
      ...(types === undefined ? {} : { types }),
      ...(rule === undefined ? {} : { rule }),
      ...(call.has("last") ? { last: call.count("last", 1, MOST) } : {}),
    };
    const { path } = await auditFilesFor(call, call.words[0]);
    for await (const { line, ...record } of showAudit(path, filter)) {
      await printed(call.has("json") ? safeJson(JSON.stringify(record)) : printable(line, Infinity));
    }
    return 0;
  },
};

function timeOf(text: string): number {
  const seconds = parseDuration(text);
  const time = seconds === undefined ? Date.parse(text) : Date.now() - seconds * 1000;
  if (Number.isNaN(time)) throw new UsageError(`--since takes a time or a duration, as 2026-11-21T03:00Z or 15m, not "${text}"`);
  return time;
}
