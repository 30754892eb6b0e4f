import { AGENT_OPTIONS, type Call, type Command, JSON_OUTPUT, UsageError } from "../arguments.ts";
import type { Status } from "../../service/contract.ts";
import { Refusal } from "../../values/refusal.ts";
import { count, counted } from "../../values/count.ts";
import { askAgent } from "../not-running.ts";
import { bold, colour, note, print, printJson } from "../print.ts";
import {
  absentLines,
  bypassText,
  countsText,
  eventsText,
  headline,
  healthText,
  interfaceTable,
  rulesText,
  systemCallText,
  trafficTable,
  telemetryText,
  verdictTable,
} from "../status-text.ts";
import { printable } from "../../values/quote.ts";
import { VERSION } from "../../values/version.ts";

/** The exit codes. */
const NO_ANSWER = 1;
const DEGRADED = 3;

export const command: Command = {
  usage: "status [--check] [--quiet] [--json] [--socket PATH]",
  about:
    "Shows the agent's mode and health, where its programs are attached and why there, its counters, and what it lost. The " +
    "exit code is 0 if an agent answers and 1 if none does; with --check it is 3 if the agent is degraded. If no agent " +
    "answers, it says what an agent that ended has left in force, until when, and how to end that.",
  options: {
    check: { about: "exit with 3 when the agent is degraded" },
    quiet: { about: "print nothing; the exit code says it all" },
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
  },
  examples: [
    ["weir status", "an overview"],
    ["weir status --json | jq .counters.events", "the accounts of events: emitted = received + pending + lost"],
    ["weir status --check --quiet", "the exit code alone, for a monitoring script: 0 ok, 3 degraded, 1 no agent"],
  ],
  async run(call) {
    if (call.has("quiet") && call.has("json"))
      throw new UsageError("--quiet prints nothing, and --json prints JSON: leave one of them out");
    const status = await answerOf(call);
    if (status === undefined) return NO_ANSWER;
    const code = call.has("check") && status.health.state !== "ok" ? DEGRADED : 0;
    if (call.has("quiet")) return code;
    if (call.has("json")) {
      printJson(status);
      return code;
    }
    const { mode, health, flows, config } = status;
    print([
      bold(headline(status)),
      `mode       ${mode === "prevent" ? bold("prevent") : "detect (nothing is dropped)"}`,
      `health     ${colour(health.state === "ok" ? "green" : "yellow", healthText(status))}`,
      `rules      ${rulesText(status)}`,
      `config     ${config.path === null ? "built-in defaults" : printable(config.path, 200)}`,
      ...(config.error === null ? [] : [`           ${colour("red", `the file is refused: ${printable(config.error, 500)}`)}`]),
      `flows      ${count(flows.active)} active, ${count(flows.evicted)} evicted`,
      `events     ${eventsText(status)}`,
      `calls      ${systemCallText(status)}`,
      ...[telemetryText(status)].flatMap((text) => (text === "" ? [] : [`telemetry  ${text}`])),
      ...(["undecided", "rejects", "faults", "skipped"] as const).flatMap((field) => {
        const text = countsText(status[field]);
        return text === "" ? [] : [`${field.padEnd(11)}${text}`];
      }),
      ...(status.believed_answers === 0
        ? []
        : [
            `believed   ${counted(status.believed_answers, "connection")} by their SYN+ACK alone, right after the start, because the SYN had passed before`,
          ]),
      ...(bypassText(status) === "" ? [] : [`bypass     ${colour("yellow", bypassText(status))}`]),
      "",
      ...interfaceTable(status.interfaces),
      ...absentLines(status).map((line) => colour("yellow", line)),
      "",
      ...verdictTable(status),
      ...(status.traffic.length === 0 ? [] : ["", ...trafficTable(status)]),
    ]);
    if (status.version !== VERSION) note(`This command is weir ${VERSION}; restart the agent so that it is the same.`);
    return code;
  },
};

/** Returns undefined if no agent answers and nothing is to be printed about it. */
async function answerOf(call: Call): Promise<Status | undefined> {
  try {
    return await askAgent(call, (client) => client.status());
  } catch (error) {
    if (!call.has("quiet") || !(error instanceof Refusal) || error.kind === "invalid") throw error;
    return undefined;
  }
}
