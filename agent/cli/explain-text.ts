/** Writes an explanation for people. */

import type { Direction, RuleReference } from "../values/traffic.ts";
import type { InquiryResult } from "../explain/inquiry.ts";
import type { ShownCondition } from "../policy/explain-verdict.ts";
import { colour } from "./print.ts";
import { endpoint } from "./format.ts";
import { type Column, table } from "./table.ts";

const VERDICTS: Record<InquiryResult["verdict"], { text: string; style: "green" | "red" | "yellow" }> = {
  passed: { text: "passes", style: "green" },
  dropped: { text: "is dropped", style: "red" },
  would_drop: { text: "would be dropped, but the mode is detect", style: "yellow" },
  carried: { text: "passes as part of a connection that would have been dropped, but the mode is detect", style: "yellow" },
  undecided: { text: "cannot be decided, and passes", style: "yellow" },
};

const TOLD: Record<NonNullable<InquiryResult["answer"]>, string> = {
  reset: "with a TCP reset",
  prohibited: 'with the ICMP error "administratively prohibited"',
};

const COLUMNS: Column<ShownCondition>[] = [
  { title: "CONDITION", value: (reason) => reason.field },
  { title: "HOLDS", value: ({ matched }) => (matched === null ? "unknown" : matched ? "yes" : "no") },
  { title: "WANTED", value: (reason) => reason.want, narrow: "lines", least: 12 },
  { title: "GOT", value: (reason) => reason.got, narrow: "lines", least: 12 },
];

export function explanationText(packet: { called: string; direction: Direction }, called: string, answer: InquiryResult): string[] {
  const { text, style } = VERDICTS[answer.verdict];
  return [
    `packet   ${packet.called}`,
    ...openerText(packet.direction, answer),
    `verdict  ${colour(style, text)}`,
    `because  ${becauseOf(answer)}`,
    ...(answer.answer === null ? [] : [`answered ${TOLD[answer.answer]}, at most 1,000 times a second`]),
    `rules    ${called}`,
    `kernel   ${kernelText(answer)}`,
    ...(answer.conditions.length === 0 ? [] : ["", ...table(answer.conditions, COLUMNS)]),
    ...stagedText(answer),
    ...doubtText(answer),
    ...nearText(answer),
  ];
}

/** Rules judge the end that opened a connection, which is not always the sender of the packet. */
function openerText(direction: Direction, { connection }: InquiryResult): string[] {
  if (connection === null || connection.direction === direction) return [];
  const { source, destination } = connection;
  return [
    `opened   ${connection.direction === "ingress" ? "in" : "out"}, ${endpoint(source)} > ${endpoint(destination)} (rules judge how a connection was opened)`,
  ];
}

function becauseOf({ rule, undecided }: InquiryResult): string {
  if (undecided !== null) return `${undecided.meaning} (${undecided.reason}); defaults.on_error says ${undecided.action}`;
  switch (rule.name) {
    case "default":
      return `no rule decides it, and the default is ${rule.action}`;
    case "ban":
      return "the remote address is banned";
    case "failsafe":
      return "a failsafe lets it pass, whatever the rules say";
    default:
      return `the rule ${called(rule)} decides: ${rule.action}${rule.action === "block" ? ", enforced" : ""}`;
  }
}

function kernelText({ kernel }: InquiryResult): string {
  if (!kernel.asked) return `not asked: ${kernel.why}`;
  if (kernel.agrees) return `says the same (${kernel.hook})`;
  const { verdict, rule, staged, reason, answer } = kernel;
  const more = [
    staged === null ? [] : [`after the staged rule ${staged}`],
    reason === null ? [] : [reason],
    answer === null ? [] : [`answered ${TOLD[answer]}`],
  ].flat();
  return colour("red", `DISAGREES (${kernel.hook}): it says ${verdict} by ${rule}${more.length === 0 ? "" : `, ${more.join(", ")}`}`);
}

function stagedText({ staged }: InquiryResult): string[] {
  if (staged === null) return [];
  return [
    "",
    `The rule ${called(staged.rule)} matches before that, and would drop the packet if it had enforce: true.`,
    ...table(staged.conditions, COLUMNS),
  ];
}

function doubtText({ undecided }: InquiryResult): string[] {
  if (undecided === null || undecided.rules.length === 0) return [];
  return [
    "",
    "weir cannot tell whether these rules match:",
    ...undecided.rules.map(({ rule, unknown }) => `  ${called(rule)}, which asks for ${unknown.join(" and ")}`),
  ];
}

function nearText({ near_misses: near }: InquiryResult): string[] {
  if (near.length === 0) return [];
  return [
    "",
    "These rules would match but for one condition:",
    ...near.map((miss) => `  ${miss.rule.action} ${called(miss.rule)}: ${missText(miss)}`),
  ];
}

function missText({ field, want, got }: ShownCondition): string {
  return field === "order" ? `matches as well, and is tried too late: wanted ${want}` : `${field} wants ${want}, got ${got}`;
}

function called({ name, source }: RuleReference): string {
  return `${name} (${source})`;
}
