import { setTimeout as sleep } from "node:timers/promises";

import type { Top, TopRow } from "../../observe/flows/top.ts";
import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { briefly, bytes, perSecond, safeJson } from "../format.ts";
import { type Column, table } from "../table.ts";
import { count } from "../../values/count.ts";
import { clientFor } from "../paths.ts";
import { printed } from "../print.ts";
import { optionsOf, saidOf } from "../request-options.ts";
import { TOP } from "../../service/requests/observation.ts";

const USUAL_SECONDS = 2;
const MOST_SECONDS = 3600;
const CLEAR = "\x1b[H\x1b[J";

export const command: Command = {
  usage: "top [--by WHAT] [--interval SECONDS] [--count N] [--limit N] [--json]",
  about:
    "Shows the largest consumers, again and again until Ctrl-C: live connections summed by process, executable,\n" +
    "container, pod, unit, peer, service, rule or interface. WOULD DROP says how many of them would be dropped in prevent\n" +
    "mode. RETRANS (retransmitted segments) and RTT (mean round-trip time) come from TCP sockets of this host. With --json\n" +
    "each table is a line.",
  options: {
    ...optionsOf(TOP.properties),
    interval: { value: "SECONDS", about: `seconds between two tables (${USUAL_SECONDS})` },
    count: { value: "N", about: "end after this many tables" },
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
  },
  examples: [
    ["weir top", "the busiest processes"],
    ["weir top --by peer --count 1", "the busiest peers, once"],
    ["weir top --by rule --json | jq '.rows[0]'", "for a script"],
  ],
  async run(call) {
    const asked = saidOf(call, TOP.properties);
    const { by = TOP.properties.by.default } = asked;
    const seconds = call.count("interval", USUAL_SECONDS, MOST_SECONDS);
    const client = await clientFor(call);
    const end = new AbortController();
    process.once("SIGINT", () => end.abort()).once("SIGTERM", () => end.abort());
    for (let left = call.count("count", Infinity, Number.MAX_SAFE_INTEGER); left > 0 && !end.signal.aborted; left--) {
      const answer = await client.top(asked);
      const clear = process.stdout.isTTY ? CLEAR : "";
      await printed(
        call.has("json") ? safeJson(JSON.stringify(answer)) : clear + table(answer.rows, columnsOf(by)).concat(quiet(answer)).join("\n"),
      );
      if (left > 1) await sleep(seconds * 1000, undefined, { signal: end.signal }).catch(() => {});
    }
    return 0;
  },
};

function columnsOf(by: string): Column<TopRow>[] {
  return [
    { title: by.toUpperCase(), value: (row) => row.name, narrow: "middle", least: 16 },
    { title: "FLOWS", value: (row) => count(row.flows), right: true },
    { title: "WOULD DROP", value: (row) => (row.would_drop === 0 ? "-" : count(row.would_drop)), right: true, rank: 1 },
    { title: "PACKETS", value: (row) => perSecond(row.packets_per_s), right: true, rank: 4 },
    { title: "SENT", value: (row) => `${bytes(row.sent_per_s)}/s`, right: true },
    { title: "RECEIVED", value: (row) => `${bytes(row.received_per_s)}/s`, right: true },
    { title: "RETRANS", value: (row) => perSecond(row.retransmissions_per_s), right: true, rank: 2 },
    { title: "RTT", value: (row) => (row.round_trip_s === undefined ? "-" : briefly(row.round_trip_s)), right: true, rank: 3 },
  ];
}

function quiet({ rows, seconds }: Top): string[] {
  return rows.length > 0 ? [] : [`(no watched connection carried anything in the last ${seconds.toFixed(0)} s)`];
}
