import { printable } from "../../values/quote.ts";
import { AGENT_OPTIONS, columns, type Command, JSON_OUTPUT } from "../arguments.ts";
import type { Origin, RuleDetail } from "../../service/contract.ts";
import { bytes, since } from "../format.ts";
import { count, counted } from "../../values/count.ts";
import { terminalWidth } from "../terminal.ts";
import { clientFor } from "../paths.ts";
import { print, printJson } from "../print.ts";
import { fittingText } from "../../enforce/processes/resolved.ts";
import { ruleText } from "../../policy/rule-text.ts";

export const command: Command = {
  usage: "rule show ID|NAME [--json] [--socket PATH]",
  about:
    "Shows one rule: its conditions and action, where it comes from, and what it matched. With --json, `definition` is the " +
    "rule as the file would hold it.",
  options: { json: JSON_OUTPUT, ...AGENT_OPTIONS },
  words: [1, 1],
  examples: [
    ["weir rule show d3", "a rule that was added by command"],
    ["weir rule show no-telnet-in --json | jq .definition", "a rule of the file, as it is in force"],
  ],
  async run(call) {
    const rule = await (await clientFor(call)).rule(call.words[0]!);
    if (call.has("json")) printJson(rule);
    else
      print(
        columns([...described(rule), ...(rule.dynamic === undefined ? [] : originOf(rule.dynamic)), ...matched(rule)], terminalWidth()),
      );
    return 0;
  },
};

function described({ id, name, source, definition, fitting }: RuleDetail): [string, string][] {
  return [
    ["rule", id === name ? id : `${printable(name)} (${id})`],
    ["says", printable(ruleText(definition), 1000)],
    ...(definition.description === undefined ? [] : [["about", printable(definition.description, 1000)] satisfies [string, string]]),
    ...(fitting === undefined ? [] : [["fits", printable(fittingText(fitting), 1000)] satisfies [string, string]]),
    ["source", printable(source)],
  ];
}

function originOf({ uid, added, expires, reason }: Origin): [string, string][] {
  return [
    ["added", `by uid ${uid}, ${added}`],
    ["expires", expires ?? "never"],
    ...(reason === undefined ? [] : [["reason", printable(reason, 1000)] satisfies [string, string]]),
  ];
}

function matched(rule: RuleDetail): [string, string][] {
  return [
    ["matched", `${counted(rule.flows, "flow")}, ${counted(rule.packets, "packet")}, ${bytes(rule.bytes)}; last ${since(rule.last_hit)}`],
    ["dropped", `${counted(rule.dropped, "packet")}, and would have dropped ${count(rule.would_drop)}`],
    ["events", `${count(rule.events_suppressed)} held back by the limit`],
  ];
}
