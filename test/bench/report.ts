/** Writes the figures of a run beside the rivals into test/README.md, and draws them. */

import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";

import type { Figure, Load, Place, What } from "./figure.ts";
import { type Panel, plot } from "./plot.ts";

const PAGE = join(import.meta.dirname, "../README.md");
const PLOT = join(import.meta.dirname, "rivals.svg");
const BEGIN = "<!-- what follows is written by: npm run bench -- --plot -->\n";
const END = "<!-- that was written by: npm run bench -- --plot -->\n";
/** Lower is not told from nothing. */
const LEAST_NS = 10;

export function writeReport(figures: readonly Figure[]): void {
  const found = figures.flatMap(({ at, value }) => (at === undefined ? [] : [{ ...at, value }]));
  if (found.length === 0) throw new Error("nothing was measured beside rivals");
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`test/README.md has no place for it between "${BEGIN.trim()}" and "${END.trim()}"`);
  writeFileSync(PAGE, page.slice(0, from + BEGIN.length) + tables(found) + page.slice(to));
  writeFileSync(
    PLOT,
    plot([
      panel(found, "first packet", "First packet of a connection, that no rule matches"),
      panel(found, "established", "Packet of an established connection"),
    ]),
  );
}

type Found = Place & { value: number };

function tables(found: readonly Found[]): string {
  const kernel = release().split(".").slice(0, 2).join(".");
  return [
    `\nMeasured with Linux ${kernel} on ${cpus().length} cores (${cpus()[0]!.model.trim()}).\n`,
    packets(found, "rules", ["first packet", "established"], "ns a packet"),
    packets(found, "addresses", ["dropped", "passed"], "Mpps dropped, ns a packet passed"),
    handling(found),
    "",
  ].join("\n");
}

/** A column for each count; of what stays the same, for the smallest and the largest. */
function packets(found: readonly Found[], load: Load, [varying, constant]: readonly [What, What], corner: string): string {
  const own = found.filter((one) => one.load === load);
  const counts = unique(own.filter(({ what }) => what === varying).map(({ count }) => count));
  const ends = unique([counts[0]!, counts.at(-1)!]);
  const columns = [...counts.map((count) => ({ what: varying, count })), ...ends.map((count) => ({ what: constant, count }))];
  const heads = [varying, constant].flatMap((what, number) =>
    [counts, ends][number]!.map((count, column) => (column === 0 ? `${what}: ${inWords(count)} ${load}` : inWords(count))),
  );
  const cell = (who: string, { what, count }: (typeof columns)[number]): string =>
    inWords(own.find((one) => one.who === who && one.what === what && one.count === count)?.value);
  return table(
    [corner, ...heads],
    unique(own.map(({ who }) => who)).map((who) => [who, ...columns.map((column) => cell(who, column))]),
  );
}

function handling(found: readonly Found[]): string {
  const loaded = found.filter(({ what }) => what === "load");
  const rows = loaded.map(({ who, load, count, value }) => {
    const cell = (what: What): string => inWords(found.find((one) => one.who === who && one.what === what)?.value);
    return [
      `${who}: ${inWords(count)} ${load}`,
      inWords(value),
      cell("add one"),
      cell("remove one"),
      cell("kernel memory"),
      cell("RSS while loading"),
      cell("RSS"),
    ];
  });
  return table(["", "load, s", "add one, ms", "remove one, ms", "kernel, MB", "RSS while loading, MB", "RSS after, MB"], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return `${[line(head), line(head.map((_, column) => (column === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n")}\n`;
}

function panel(found: readonly Found[], what: What, title: string): Panel {
  const own = found.filter((one) => one.what === what);
  return {
    title,
    x: "rules",
    y: "time a packet",
    lines: unique(own.map(({ who }) => who)).map((name) => ({
      name,
      main: name === "weir",
      points: own.filter(({ who }) => who === name).map(({ count, value }) => [count, Math.max(value, LEAST_NS)] as const),
    })),
  };
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

/** A dash where a rival cannot hold so many, or nothing stays. */
function inWords(value: number | undefined): string {
  if (value === undefined) return "–";
  const digits = Math.abs(value) >= 10 ? 0 : Math.abs(value) >= 1 ? 1 : 2;
  return value === 0 ? "0" : Number(value.toFixed(digits)).toLocaleString("en");
}
