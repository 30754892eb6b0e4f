import type { Inspected } from "../../inspect/inspection.ts";
import { type Command, JSON_OUTPUT, UsageError } from "../arguments.ts";
import { captureRefusal } from "../capture-refusal.ts";
import { clock, endpoint, safeJson } from "../format.ts";
import { note, print, printed } from "../print.ts";
import { type Column, ENDPOINT_WIDTH, table } from "../table.ts";
import { transactionText } from "../transaction-text.ts";

const COLUMNS: Column<Inspected>[] = [
  { title: "FRAME", value: ({ frame }) => String(frame), right: true, rank: 3 },
  { title: "TIME", value: ({ time }) => new Date(time).toISOString(), brief: ({ time }) => clock(time), rank: 2 },
  { title: "PROTOCOL", value: ({ protocol }) => protocol },
  { title: "SOURCE", value: ({ source }) => endpoint(source), narrow: "middle", least: ENDPOINT_WIDTH, rank: 1 },
  { title: "DESTINATION", value: ({ destination }) => endpoint(destination), narrow: "middle", least: ENDPOINT_WIDTH },
  { title: "SAYS", value: transactionText, narrow: "lines", least: 20 },
];

export const command: Command = {
  usage: "inspect --pcap FILE [--json]",
  about:
    "Prints what layer 7 sees in a capture: each request with its answer, and what both ends of a connection say before they " +
    "encrypt. The protocol is found by content, on any port. It needs neither root nor a running agent. With --json, each " +
    "transaction is a line.",
  options: { pcap: { value: "FILE", about: "the capture (pcap or pcapng), as tcpdump -s 0 -w writes it" }, json: JSON_OUTPUT },
  examples: [
    ["weir inspect --pcap odd.pcap", "the requests and names in a capture"],
    ["weir inspect --pcap odd.pcap --json | jq 'select(.undecided)'", "what no rule can be sure of"],
  ],
  async run(call) {
    const path = call.text("pcap");
    if (path === undefined) throw new UsageError("--pcap is missing: name a capture");
    const rows: Inspected[] = [];
    for await (const transaction of transactionsOf(path)) {
      if (call.has("json")) await printed(safeJson(JSON.stringify(lineOf(transaction))));
      else rows.push(transaction);
    }
    if (call.has("json")) return 0;
    if (rows.length === 0) note("The capture has no request and no name that weir can read.");
    else print(table(rows, COLUMNS));
    return 0;
  },
};

/** Passwords and sessions. Their values are not shown, because lines end up in logs. */
const SECRET = new Set(["authorization", "proxy-authorization", "cookie"]);

function lineOf({ frame, time, http, ...others }: Inspected): unknown {
  const headers = Object.entries(http?.headers ?? {}).map(([name, value]) => [name, SECRET.has(name) ? "(not shown)" : value]);
  const shown = http?.headers === undefined ? http : { ...http, headers: Object.fromEntries(headers) as Record<string, string> };
  return { frame, time: new Date(time).toISOString(), ...others, ...(shown === undefined ? {} : { http: shown }) };
}

async function* transactionsOf(path: string): AsyncGenerator<Inspected> {
  const { readCaptureFile } = await import("../../inspect/capture/capture-file.ts");
  const { inspectCapture } = await import("../../inspect/capture/inspect-capture.ts");
  try {
    yield* inspectCapture(await readCaptureFile(path));
  } catch (error) {
    throw captureRefusal(path, error);
  }
}
