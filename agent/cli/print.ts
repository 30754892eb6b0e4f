/** Prints for commands: only this file handles the difference between scripts and terminals. */

import { once } from "node:events";
import { styleText } from "node:util";
import { safeJson } from "./format.ts";
import { folded, terminalWidth } from "./terminal.ts";

/** Prints sentences and tables for people. On a terminal, long lines are broken between words. */
export function print(lines: string | readonly string[]): void {
  const text = fitting(typeof lines === "string" ? lines : lines.join("\n"), process.stdout);
  process.stdout.write(text.endsWith("\n") || text === "" ? text : `${text}\n`);
}

/** Prints text for a program or a file. Its lines are not broken. */
export function printWhole(text: string): void {
  process.stdout.write(text.endsWith("\n") || text === "" ? text : `${text}\n`);
}

/** Prints a line of a long output. It resolves when the reader is ready for more. */
export async function printed(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, "drain");
}

export function printJson(value: unknown): void {
  printWhole(safeJson(JSON.stringify(value)));
}

/** Prints a remark for a person to stderr, so that it does not disturb a script. */
export function note(line: string): void {
  process.stderr.write(`${fitting(line, process.stderr)}\n`);
}

function fitting(text: string, stream: NodeJS.WriteStream): string {
  const width = terminalWidth(stream);
  return width === undefined
    ? text
    : text
        .split("\n")
        .flatMap((line) => folded(line, width))
        .join("\n");
}

export function bold(text: string): string {
  return styleText("bold", text, { stream: process.stdout });
}

export function colour(style: Parameters<typeof styleText>[0], text: string): string {
  return styleText(style, text, { stream: process.stdout });
}
