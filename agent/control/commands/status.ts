import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { count } from "../format.ts";
import { clientFor } from "../paths.ts";
import { bold, colour, note, print, printJson } from "../print.ts";
import { countsText, eventsText, headline, healthText, interfaceTable, rulesText, trafficTable, verdictTable } from "../status-text.ts";
import { printable } from "../../../config/quote.ts";
import { VERSION } from "../version.ts";

export const command: Command = {
  usage: "status [--json] [--socket PATH]",
  about: "Shows the agent's mode and health, where it is attached and why so, what it counted, and what it lost.",
  options: { json: JSON_OUTPUT, ...AGENT_OPTIONS },
  examples: [
    ["weir status", "an overview"],
    ["weir status --json | jq .counters.events", "the accounts of events: emitted = received + pending + lost"],
    ["weir status --json | jq -r .health.state", "ok or degraded, for a monitoring script"],
  ],
  async run(call) {
    const status = await (await clientFor(call)).status();
    if (call.has("json")) {
      printJson(status);
      return 0;
    }
    const { mode, health, flows, config } = status;
    print([
      bold(headline(status)),
      `mode       ${mode === "prevent" ? bold("prevent") : "detect (nothing is dropped)"}`,
      `health     ${colour(health.state === "ok" ? "green" : "yellow", healthText(status))}`,
      `rules      ${rulesText(status)}`,
      `config     ${config.path === null ? "built-in defaults" : printable(config.path, 200)}`,
      ...(config.error === null ? [] : [`           ${colour("red", `the file is refused now: ${printable(config.error, 500)}`)}`]),
      `flows      ${count(flows.active)} active, ${count(flows.evicted)} evicted`,
      `events     ${eventsText(status)}`,
      ...(["undecided", "rejects", "faults"] as const).flatMap((field) => {
        const text = countsText(status[field]);
        return text === "" ? [] : [`${field.padEnd(11)}${text}`];
      }),
      "",
      ...interfaceTable(status.interfaces),
      "",
      ...verdictTable(status),
      ...(status.traffic.length === 0 ? [] : ["", ...trafficTable(status)]),
    ]);
    if (status.version !== VERSION) note(`This command is weir ${VERSION}; restart the agent so that it is the same.`);
    return 0;
  },
};
