/** Writes results in the format of JUnit, which most CI systems read. */

import type { Report } from "./run.ts";

/** Characters that XML 1.0 cannot contain, not even escaped: most control characters, halves of surrogate pairs, and two more. */
const IMPOSSIBLE = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\n": "&#10;",
  "\r": "&#13;",
  "\t": "&#9;",
};

export function junit(suite: string, { cases, failed, unreached }: Report): string {
  const totals = `tests="${cases.length}" failures="${failed}" errors="0" skipped="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite name="${escapeXml(suite)}" ${totals}>`,
    "    <properties>",
    `      <property name="rules no case reached" value="${escapeXml(unreached.map(({ name }) => name).join(" "))}"/>`,
    "    </properties>",
    ...cases.flatMap(({ name, where, ok, reasons }) => {
      const [file, line] = where.split(/:(?=[0-9]+$)/);
      const opening = `    <testcase name="${escapeXml(name)}" classname="${escapeXml(suite)}" file="${escapeXml(file ?? "")}" line="${escapeXml(line ?? "")}"`;
      if (ok) return [`${opening}/>`];
      return [
        `${opening}>`,
        `      <failure message="${escapeXml(reasons[0] ?? "")}">${escapeXml(reasons.join("\n"))}</failure>`,
        "    </testcase>",
      ];
    }),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

export function escapeXml(text: string): string {
  return text.replace(IMPOSSIBLE, "\u{fffd}").replace(/[&<>"'\n\r\t]/g, (character) => ENTITIES[character]!);
}
