/** What a command is, and how the words of its line are read. */

import { parseArgs } from "node:util";
import { meantBy } from "../values/meant.ts";
import { nearest } from "../values/nearest.ts";
import { folded, terminalWidth } from "./terminal.ts";

/** The line itself is wrong: exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

export interface OptionSpec {
  /** The name of its value, as FILE; a flag without one is true or absent. */
  value?: string;
  about: string;
}

export interface Command {
  /** What follows `weir` on the line. */
  usage: string;
  /** A sentence or two below the usage. */
  about: string;
  options: Record<string, OptionSpec>;
  /** Other words than options: at least, at most. */
  words?: [number, number];
  /** A line to type, and what it does. */
  examples: [string, string][];
  /** Answers the exit code. */
  run(call: Call): Promise<number>;
}

/** A line, read. */
export class Call {
  readonly words: readonly string[];
  #values: Map<string, string | true>;

  constructor(words: readonly string[], values: Map<string, string | true>) {
    this.words = words;
    this.#values = values;
  }

  /** The options that are on the line. */
  get names(): string[] {
    return [...this.#values.keys()];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === true ? undefined : value;
  }

  /** A whole number from 1, or the fallback. */
  count(name: string, fallback: number, most: number): number {
    return this.number(name, { minimum: 1, maximum: most }) ?? fallback;
  }

  /** A whole number within the bounds. */
  number(name: string, { minimum, maximum }: { minimum: number; maximum: number }): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (/^[0-9]+$/.test(text) && number >= minimum && number <= maximum) return number;
    throw new UsageError(`--${name} takes a whole number from ${minimum} to ${maximum}, not "${text}"`);
  }

  /** One of the known words, whatever their case; spelt as in `known`. */
  choice<Word extends string>(what: string, text: string, known: readonly Word[]): Word {
    const word = known.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
    if (word !== undefined) return word;
    throw new UsageError(`${what} is one of ${known.join(", ")}, not "${text}"${meant(meantBy(text, known))}`);
  }
}

const HELP_WIDTH = 80;
const USAGE_INDENT = 12;
const LONGEST_BESIDE = 40;

export const HELP: OptionSpec = { about: "show this help" };
export const JSON_OUTPUT: OptionSpec = { about: "print JSON for scripts" };

/** Of every command that asks a running agent. */
export const AGENT_OPTIONS: Record<string, OptionSpec> = {
  socket: { value: "PATH", about: "the agent's control socket (or WEIR_CONTROL_SOCKET)" },
  config: { value: "FILE", about: "the configuration that names the control socket" },
};

export function parseCall(command: Command, line: readonly string[]): Call {
  const options: Record<string, OptionSpec> = { ...command.options, help: HELP };
  const { tokens } = parseArgs({
    args: [...line],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: {
      ...Object.fromEntries(Object.entries(options).map(([name, { value }]) => [name, { type: value ? "string" : "boolean" }] as const)),
      help: { type: "boolean", short: "h" },
    },
  });
  const words: string[] = [];
  const values = new Map<string, string | true>();
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, value, inlineValue } = token;
    const spec = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!spec) throw new UsageError(`there is no option ${token.rawName}${meant(nearest(name, Object.keys(options)), "--")}`);
    if (spec.value && (value === undefined || value === "" || (!inlineValue && value.startsWith("-")))) {
      throw new UsageError(`--${name} needs a value: --${name} ${spec.value}`);
    }
    if (!spec.value && value !== undefined) throw new UsageError(`--${name} takes no value`);
    if (values.has(name)) throw new UsageError(`--${name} is given twice`);
    values.set(name, value ?? true);
  }
  if (!values.has("help")) checkWords(command, words);
  return new Call(words, values);
}

function checkWords({ usage, words: [least, most] = [0, 0] }: Command, words: readonly string[]): void {
  if (words.length < least) throw new UsageError(`an argument is missing: weir ${usage.split(" [")[0]}`);
  if (words.length > most) throw new UsageError(`"${words[most]}" is one word too many`);
}

export function meant(word: string | undefined, before = ""): string {
  return word === undefined ? "" : `; did you mean ${before}${word}?`;
}

export function helpOf(command: Command): string {
  const width = helpWidth();
  const options = Object.entries({ ...command.options, help: HELP }).map(([name, { value, about }]): [string, string] => [
    `--${name}${value ? ` ${value}` : ""}`,
    about,
  ]);
  return [
    ...unbroken(`Usage: weir ${command.usage}`, /\[[^\]]*\]/g, width, USAGE_INDENT),
    "",
    ...folded(command.about.replaceAll("\n", " "), width, 0),
    "",
    "Options:",
    ...columns(options),
    "",
    "Examples:",
    ...examples(command.examples),
    "",
  ].join("\n");
}

/** Help is read as often in a pager as on the terminal itself, which may be wider than anybody reads. */
function helpWidth(): number {
  return Math.min(HELP_WIDTH, terminalWidth() ?? HELP_WIDTH);
}

/** Words, and what they mean beside them. `width` undefined: every line as long as it is. */
export function columns(rows: readonly (readonly [string, string])[], width: number | undefined = helpWidth()): string[] {
  const left = Math.max(...rows.map(([word]) => word.length));
  return rows.flatMap(([word, meaning]) => {
    const line = `  ${word.padEnd(left)}  ${meaning}`;
    return width === undefined ? [line] : folded(line, width, left + 4);
  });
}

/** Lines to type, each with what it does: beside it where all of them are short, else below it. */
export function examples(rows: readonly (readonly [string, string])[]): string[] {
  const width = helpWidth();
  if (rows.every(([line, meaning]) => line.length + meaning.length + 4 <= width && line.length <= LONGEST_BESIDE))
    return columns(rows, width);
  return rows.flatMap(([line, meaning]) => [...typed(line, width), ...folded(`      ${meaning}`, width, 6)]);
}

/** A shell reads a line on, that ends with a backslash. It is not broken within quotes, where a backslash means itself. */
function typed(line: string, width: number): string[] {
  const lines = unbroken(`  ${line}`, /'[^']*'/g, width - 2, 4);
  return lines.map((part, index) => (index < lines.length - 1 ? `${part} \\` : part));
}

/** Broken between words, but not within what fits the pattern. */
function unbroken(line: string, whole: RegExp, width: number, indent: number): string[] {
  return folded(
    line.replace(whole, (part) => part.replaceAll(" ", "\0")),
    width,
    indent,
  ).map((part) => part.replaceAll("\0", " "));
}
