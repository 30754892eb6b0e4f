import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { eventLine, paintEvent, type WatchedEvent } from "../../service/event-line.ts";
import { clock, safeJson } from "../format.ts";
import { counted } from "../../values/count.ts";
import { folded, terminalWidth } from "../terminal.ts";
import { clientFor } from "../paths.ts";
import { note, printed } from "../print.ts";
import { optionsOf, saidOf } from "../request-options.ts";
import { WATCH } from "../../service/requests/observation.ts";

/** On a terminal, an event has the local time and is broken between words. */
function shown(event: WatchedEvent): string {
  const width = terminalWidth();
  const lines = width === undefined ? [eventLine(event)] : folded(eventLine({ ...event, time: clock(event.time) }), width, 2);
  return paintEvent(lines.join("\n"), event.type, process.stdout);
}

export const command: Command = {
  usage: "watch [--type TYPE] [--rule NAME] [--count N] [--json]",
  about:
    "Prints events as they happen, one on each line, until Ctrl-C or until --count of them have come. If you read too slowly, it " +
    'says how many events you missed; in JSON as {"dropped": N}.',
  options: {
    ...optionsOf(WATCH.properties),
    count: { value: "N", about: "end after this many events" },
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
  },
  examples: [
    ["weir watch", "everything"],
    ["weir watch --type listening", "who begins to listen, and whether that is new"],
    ["weir watch --type detected --rule no-telnet-in", "what one rule would drop"],
    ["weir watch --count 10 --json | jq .source.address", "ten events for a script"],
  ],
  async run(call) {
    const asked = saidOf(call, WATCH.properties);
    const client = await clientFor(call);
    const json = call.has("json");
    const end = new AbortController();
    const stop = () => end.abort();
    process.once("SIGINT", stop).once("SIGTERM", stop);
    let left = call.count("count", Infinity, Number.MAX_SAFE_INTEGER);
    for await (const line of client.watch(asked, end.signal)) {
      const message = JSON.parse(line) as WatchedEvent | { dropped: number };
      if (!("dropped" in message)) {
        await printed(json ? safeJson(line) : shown(message));
        if (--left === 0) return 0;
      } else if (json) {
        await printed(line);
      } else {
        note(`(${counted(message.dropped, "event was", "events were")} not shown: this reader is too slow)`);
      }
    }
    if (end.signal.aborted) return 0;
    note("weir: the agent has stopped, and with it this stream.");
    return 1;
  },
};
