/** Reads lists of networks as people write them: on the command line, or in a file. */

import { readNetworks } from "../values/address.ts";
import { NotReadable, readOutsideNow } from "../files/outside-file.ts";
import { printable } from "../values/quote.ts";
import { type Call, UsageError } from "./arguments.ts";
import { Refusal } from "../values/refusal.ts";
import { counted } from "../values/count.ts";

export interface ListedNetwork {
  text: string;
  /** The place, such as `feed.txt:12`; absent for a network on the command line. */
  where?: string;
}

const LARGEST_FILE = 64 * 1024 * 1024;
const MOST_PROBLEMS = 20;
/** Up to this many networks are listed by name. */
const FEW = 3;

/** Returns the networks on the command line, or in the file of --file. `whom` names what is missing if there is neither. */
export function namedBy(call: Call, words: readonly string[], whom: string): ListedNetwork[] {
  const file = call.text("file");
  if ((file === undefined) === (words.length === 0))
    throw new UsageError(
      file === undefined ? `name ${whom}, or a list of them with --file LIST` : "addresses and --file do not go together",
    );
  return file === undefined ? namesOn(words) : namedIn(file);
}

/** Names the networks in a sentence. */
export function called(named: readonly ListedNetwork[]): string {
  return named.length <= FEW ? named.map(({ text }) => text).join(", ") : counted(named.length, "network");
}

function namesOn(words: readonly string[]): ListedNetwork[] {
  return checked(words.map((text) => ({ text })));
}

/** Reads a file. Throws a Refusal with file:line for everything that is wrong. */
export function namedIn(path: string): ListedNetwork[] {
  const named: ListedNetwork[] = [];
  for (const [index, line] of contentOf(path).split("\n").entries()) {
    const comment = line.indexOf("#");
    const text = (comment < 0 ? line : line.slice(0, comment)).trim();
    if (text !== "") named.push({ text, where: `${path}:${index + 1}` });
  }
  if (named.length === 0)
    throw new Refusal(`The list ${path} has no address.`, { kind: "invalid", next: "Write one address or prefix on each line." });
  return checked(named);
}

export function at({ text, where }: ListedNetwork): string {
  return where === undefined ? text : `${where}: ${text}`;
}

function checked(named: ListedNetwork[]): ListedNetwork[] {
  const problems: string[] = [];
  for (const one of named) {
    const reading = readNetworks(one.text);
    if (!("error" in reading)) continue;
    if (problems.length === MOST_PROBLEMS) {
      problems.push("and more");
      break;
    }
    const meant = reading.suggestion === undefined ? "" : `; did you mean ${printable(reading.suggestion)}?`;
    problems.push(`${one.where === undefined ? "" : `${one.where}: `}${reading.error}${meant}`);
  }
  if (problems.length > 0)
    throw new Refusal("Nothing was changed, because some entries are not addresses, prefixes or ranges.", {
      kind: "invalid",
      next: "Correct these entries, and try again.",
      details: problems,
    });
  return named;
}

function contentOf(path: string): string {
  try {
    return readOutsideNow(path, LARGEST_FILE).toString("utf8");
  } catch (error) {
    if (error instanceof NotReadable)
      throw new Refusal(`The list ${path} cannot be read: ${error.message}.`, {
        kind: "invalid",
        next: "Name a file; of a large one, name prefixes instead of addresses, or split it.",
        cause: error,
      });
    throw new Refusal(`The list ${path} cannot be read: ${(error as Error).message}.`, {
      next: "Name a file that exists.",
      cause: error,
    });
  }
}
