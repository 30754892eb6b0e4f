/** The pages that people read: their links lead somewhere, and what they tell to type exists. */

import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { describe, it, test } from "node:test";

import { parseCall, UsageError } from "../../agent/cli/arguments.ts";
import { COMMANDS } from "../../agent/cli/command-table.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGES = globSync("**/README.md", { cwd: ROOT, exclude: ["node_modules", "dist"] }).sort();
const MOST_LINES = 250;
/** About what a screen shows. */
const MOST_LINES_OF_A_ROOM = 50;
const MOST_TERMS = 40;
/** Rooms whose pages are for operators or for everybody who builds weir, and so are longer. */
const LONG = ["agent/cli"];

interface Page {
  /** Where it is. */
  path: string;
  text: string;
  /** Lines of its blocks of code. */
  code: string[];
  /** What stands in back quotes beside them. */
  quoted: string[];
  prose: string;
}

interface PackageFile {
  files: string[];
  scripts: Record<string, string>;
}

function read(path: string): Page {
  const text = readFileSync(join(ROOT, path), "utf8");
  const code: string[] = [];
  const prose: string[] = [];
  let fenced = false;
  for (const line of text.split("\n")) {
    if (line.trimStart().startsWith("```")) fenced = !fenced;
    else (fenced || line.startsWith("    ") ? code : prose).push(line);
  }
  const whole = prose.join("\n");
  return {
    path,
    text,
    code,
    prose: whole,
    quoted: [...whole.matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map(([, quoted]) => quoted!.replaceAll(/\s+/g, " ").replaceAll("\\|", "|")),
  };
}

const PACKAGE = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as PackageFile;

/** Relative links, and the headings in them. */
function linksOf({ text }: Page): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!).filter((link) => !/^[a-z]+:/.test(link));
}

/** Headings as GitHub makes links of them. */
function anchorsOf(path: string): string[] {
  const headings = read(path)
    .prose.split("\n")
    .flatMap((line) => /^#+ (.*)$/.exec(line)?.[1] ?? []);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** What is wrong with a link, or nothing. */
function wrongLink({ path }: Page, link: string): string | undefined {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? path : relative(ROOT, join(ROOT, dirname(path), file));
  if (!existsSync(join(ROOT, target))) return `${path} links to ${link}, which is not there`;
  if (anchor !== undefined && !anchorsOf(target).includes(anchor)) return `${path} links to ${link}: ${target} has no such heading`;
  return undefined;
}

/** A line of a shell, without its comment, as words; undefined for one that runs no weir. */
function weirWords(line: string): string[] | undefined {
  const match = /^\s*(?:\$ )?(?:sudo )?(?:agent\/)?weir ((?:[a-z-]).*)$/.exec(line);
  if (match === null) return undefined;
  const [command = ""] = match[1]!.split(/ # |\s{2,}#|\s+#/);
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, plain]) => one ?? two ?? plain!);
}

function commandOf(words: readonly string[]): string {
  const both = words.slice(0, 2).join(" ");
  return Object.hasOwn(COMMANDS, both) ? both : words[0]!;
}

/** What is wrong with a command that stands in a line of its own and can be typed as it is. */
async function wrongLine(words: readonly string[]): Promise<string | undefined> {
  const name = commandOf(words);
  if (name.startsWith("--")) return ["--help", "--version"].includes(name) ? undefined : `there is no option ${name}`;
  const entry = COMMANDS[name];
  if (entry === undefined) return `there is no command ${name}`;
  try {
    parseCall((await entry.load()).command, words.slice(name.split(" ").length));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.message;
  }
  return undefined;
}

/** What is wrong with a command that is only mentioned, as `weir flows` or `weir audit`. */
async function wrongMention(words: readonly string[]): Promise<string | undefined> {
  if (/^[A-Z]/.test(words[0]!)) return undefined; // COMMAND stands for any
  const name = commandOf(words);
  if (name.startsWith("--")) return wrongLine(words);
  const entry = COMMANDS[name];
  if (entry === undefined)
    return Object.keys(COMMANDS).some((known) => known.startsWith(`${name} `)) ? undefined : `there is no command ${name}`;
  const { options } = (await entry.load()).command;
  const unknown = words
    .flatMap((word) => (word.startsWith("--") ? word.slice(2).split("=")[0]! : []))
    .find((option) => option !== "help" && !Object.hasOwn(options, option));
  return unknown === undefined ? undefined : `weir ${name} has no option --${unknown}`;
}

/** What is wrong with a call of npm or node. */
function wrongCall(text: string): string | undefined {
  const [, script] = /\bnpm (?:run )?(start|test|(?<=run )[a-z:]+)\b/.exec(text) ?? [];
  if (script !== undefined && !Object.hasOwn(PACKAGE.scripts, script)) return `there is no script ${script}`;
  const [, file] = /\b(?:node|bash|sh) ([a-z.][\w./-]*\/[\w./-]+)/.exec(text) ?? [];
  return file === undefined || existsSync(join(ROOT, file)) ? undefined : `there is no ${file}`;
}

describe("the pages", async () => {
  const pages = PAGES.map(read);

  it("are found, and each room of agent/ has one", () => {
    assert.ok(pages.length > 15, PAGES.join());
    const rooms = globSync("agent/*/", { cwd: ROOT }).filter((room) => basename(room) !== "setup");
    assert.ok(rooms.length > 10, rooms.join());
    const folders = [...rooms, "agent", "audit", "collector", "config", "otel", "probes", "test"];
    assert.deepEqual(
      folders.filter((folder) => !PAGES.includes(join(folder, "README.md"))),
      [],
    );
  });

  it("are as long as they may be", () => {
    const lines = (path: string): number => pages.find((page) => page.path === path)!.text.split("\n").length - 1;
    assert.ok(lines("README.md") <= MOST_LINES, `${lines("README.md")} lines`);
    const rooms = PAGES.filter((path) => /^agent\/[^/]+\/README/.test(path) && !LONG.includes(dirname(path)));
    assert.deepEqual(
      rooms.filter((path) => lines(path) > MOST_LINES_OF_A_ROOM),
      [],
    );
  });

  it("have links that lead to a file, and to a heading in it", () => {
    const links = pages.flatMap((page) => linksOf(page).map((link) => wrongLink(page, link)));
    assert.ok(links.length > 100, `${links.length} links`);
    assert.deepEqual(
      links.filter((wrong) => wrong !== undefined),
      [],
    );
  });

  it("show commands that can be typed as they are", async () => {
    const wrong: string[] = [];
    let seen = 0;
    for (const { path, code } of pages) {
      for (const line of code) {
        const words = weirWords(line);
        if (words === undefined) continue;
        seen++;
        const problem = await wrongLine(words);
        if (problem !== undefined) wrong.push(`${path}: ${line.trim()}: ${problem}`);
      }
    }
    assert.ok(seen > 15, `${seen} commands`);
    assert.deepEqual(wrong, []);
  });

  it("mention commands and options that exist", async () => {
    const wrong: string[] = [];
    let seen = 0;
    for (const { path, quoted } of pages) {
      for (const text of quoted) {
        const words = weirWords(text);
        if (words === undefined) continue;
        seen++;
        const problem = await wrongMention(words);
        if (problem !== undefined) wrong.push(`${path}: ${text}: ${problem}`);
      }
    }
    assert.ok(seen > 60, `${seen} mentions`);
    assert.deepEqual(wrong, []);
  });

  it("call scripts and files that exist", () => {
    const calls = pages.flatMap(({ path, code, quoted }) => [...code, ...quoted].map((text) => [path, text, wrongCall(text)] as const));
    assert.deepEqual(
      calls.filter(([, , wrong]) => wrong !== undefined),
      [],
    );
  });

  it("name every knob of the tests, and no other", () => {
    const files = globSync(["test/**/*.ts", "agent/**/*.ts", "config/**/*.ts", "agent/weir", "collector/*.yaml"], { cwd: ROOT });
    const known = new Set(
      files.flatMap((file) =>
        [...readFileSync(join(ROOT, file), "utf8").matchAll(/(?:env\["|env:|\$\{|env\.|FromEnvironment\(")(WEIR_[A-Z_]+)/g)].map(
          ([, name]) => name!,
        ),
      ),
    );
    const told = new Set(pages.flatMap(({ text }) => [...text.matchAll(/\bWEIR_[A-Z_]+\b/g)].map(([name]) => name)));
    assert.ok(known.size > 10, [...known].join());
    assert.deepEqual(
      [...known].filter((name) => !told.has(name)),
      [],
      "which no page explains",
    );
    assert.deepEqual(
      [...told].filter((name) => !known.has(name)),
      [],
      "which nothing reads",
    );
  });

  it("explain at most forty terms", () => {
    const { text } = pages.find(({ path }) => path === "agent/README.md")!;
    const terms = text
      .slice(text.indexOf("## Glossary"))
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .slice(1);
    assert.ok(terms.length > 20 && terms.length <= MOST_TERMS, `${terms.length} terms`);
    const names = terms.map((term) => term.split("|")[1]!.trim());
    assert.deepEqual(names, names.toSorted(), "in the order of the alphabet");
  });

  it("go into the package with what they show and lead to", () => {
    const shipped = pages.filter(({ path }) => path === "README.md" || PACKAGE.files.includes(path));
    assert.ok(shipped.length > 5, shipped.map(({ path }) => path).join());
    const isShipped = (target: string): boolean =>
      target === "README.md" ||
      PACKAGE.files.some((file) => target === file || target.startsWith(`${file}/`) || file.startsWith(`${target}/`));
    const operators = shipped.filter(({ path }) => path !== "agent/README.md");
    const missing = operators.flatMap(({ path, text }) =>
      [...text.matchAll(/!\[[^\]]*\]\(([^)#\s]+)/g)].map(([, link]) => join(dirname(path), link!)).filter((target) => !isShipped(target)),
    );
    assert.deepEqual(missing, []);
    for (const { path } of pages.filter(({ path }) => ["agent/cli", "audit", "collector", "config", "otel"].includes(dirname(path))))
      assert.ok(isShipped(path), `${path} is for operators, and is not in the package`);
  });
});

test("what is wrong is found", async () => {
  const page = { path: "README.md", text: "", code: [], quoted: [], prose: "" };
  assert.match(wrongLink(page, "nowhere.md") ?? "", /not there/);
  assert.match(wrongLink(page, "config/README.md#nothing") ?? "", /no such heading/);
  assert.equal(wrongLink(page, "config/README.md#what-a-rule-means"), undefined);
  assert.match((await wrongLine(weirWords("    sudo agent/weir stattus")!)) ?? "", /no command stattus/);
  assert.match((await wrongLine(weirWords("$ weir status --jsson")!)) ?? "", /no option --jsson/);
  assert.match((await wrongLine(weirWords("weir status now")!)) ?? "", /one word too many/);
  assert.match((await wrongMention(weirWords("weir flows --nothing")!)) ?? "", /no option --nothing/);
  assert.match(wrongCall("npm run nothing") ?? "", /no script nothing/);
  assert.match(wrongCall("node agent/nothing.ts") ?? "", /no agent\/nothing/);
});
