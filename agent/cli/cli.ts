/** Runs a command line and returns its exit code: 0 done, 1 failed, 2 wrong usage or configuration, 3 degraded. */

import { styleText } from "node:util";
import { nearest } from "../values/nearest.ts";
import { printable } from "../values/quote.ts";
import { columns, examples, helpOf, meant, parseCall, UsageError } from "./arguments.ts";
import { COMMANDS } from "./command-table.ts";
import { Refusal } from "../values/refusal.ts";
import { codeOf } from "../values/error-code.ts";
import { note, print } from "./print.ts";
import { VERSION } from "../values/version.ts";

const FAILED = 1;
const WRONG = 2;
const LONGEST_MESSAGE = 2000;

export async function cli(line: readonly string[]): Promise<number> {
  let help = "weir --help";
  try {
    const [first] = line;
    if (first === undefined) {
      print(overview());
      return WRONG;
    }
    if (first === "--version") {
      print(`weir ${VERSION}`);
      return 0;
    }
    if (["--help", "-h", "help"].includes(first)) return await helpFor(line.slice(1));
    const name = commandName(line);
    help = `weir ${name} --help`;
    if (COMMANDS[name] === undefined) return groupHelp(name, line);
    const { command } = await COMMANDS[name].load();
    const call = parseCall(command, line.slice(name.split(" ").length));
    if (call.has("help")) {
      print(helpOf(command));
      return 0;
    }
    return await command.run(call);
  } catch (error) {
    return explain(error, help);
  }
}

/**
 * Returns the command at the beginning of the line. If the words behind a group (`rule`) are none of its commands, it returns the
 * group.
 */
function commandName(line: readonly string[]): string {
  const [first = "", second = ""] = line;
  if (first.startsWith("-")) throw new UsageError(`options come behind the command, as in: weir status --json`);
  if (Object.hasOwn(COMMANDS, first)) return first;
  if (!groups().has(first))
    throw new UsageError(`there is no command "${printable(first)}"${meant(nearest(first, [...Object.keys(COMMANDS), ...groups()]))}`);
  const both = `${first} ${second}`;
  return Object.hasOwn(COMMANDS, both) ? both : first;
}

function groups(): Set<string> {
  return new Set(
    Object.keys(COMMANDS)
      .filter((name) => name.includes(" "))
      .map((name) => name.split(" ")[0]!),
  );
}

async function helpFor(words: readonly string[]): Promise<number> {
  if (words.length === 0) {
    print(overview());
    return 0;
  }
  const name = commandName(words);
  if (COMMANDS[name] === undefined) return groupHelp(name, [...words, "--help"]);
  print(helpOf((await COMMANDS[name].load()).command));
  return 0;
}

function groupHelp(group: string, line: readonly string[]): number {
  const members = Object.keys(COMMANDS).filter((name) => name.startsWith(`${group} `));
  const word = line[1];
  if (word !== undefined && !word.startsWith("-")) {
    const known = members.map((name) => name.slice(group.length + 1));
    throw new UsageError(`there is no command "${group} ${printable(word)}"${meant(nearest(word, known), `${group} `)}`);
  }
  print([`Usage: weir ${group} COMMAND`, "", ...columns(members.map((name) => [name, COMMANDS[name]!.summary])), ""]);
  return line.includes("--help") || line.includes("-h") ? 0 : WRONG;
}

function overview(): string[] {
  return [
    "Usage: weir COMMAND [OPTIONS]",
    "",
    "Watches the network traffic of this host, explains it, and drops what your rules block.",
    "",
    "Commands:",
    ...columns(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary])),
    "",
    "Examples:",
    ...examples([
      ["weir run", "watch with the built-in defaults; nothing is dropped"],
      ["weir watch", "see what is detected, as it happens"],
      ["weir mode prevent", "drop what rules with `enforce: true` block"],
      ["weir status --help", "every command explains itself"],
    ]),
    "",
    "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 degraded (by status --check alone).",
    "",
  ];
}

function explain(error: unknown, help: string): number {
  const label = styleText("red", "weir:", { stream: process.stderr });
  if (error instanceof UsageError) {
    note(`${label} ${shown(error.message)}\nSee: ${help}`);
    return WRONG;
  }
  if (error instanceof Refusal) {
    const { message, details, next, kind } = error;
    note([`${label} ${shown(message)}`, ...details.map((detail) => `  ${shown(detail)}`), shown(next)].join("\n"));
    return kind === "invalid" ? WRONG : FAILED;
  }
  note(`${label} ${shown(error instanceof Error ? error.message : String(error))}`);
  if (["EACCES", "EPERM"].includes(codeOf(error))) note("Run the same command as root, for example with sudo.");
  return FAILED;
}

/** Makes a message printable, because it may quote what others wrote. */
function shown(text: string): string {
  return printable(text, LONGEST_MESSAGE);
}
