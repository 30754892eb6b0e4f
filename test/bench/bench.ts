/**
 * `npm run bench -- [--quick] [--json] [--plot] [NAME...]`: measures weir against doing nothing and against others, on
 * this machine, and prints the ratios. With --plot the comparison with others is written into test/README.md, and drawn.
 */

import { parseArgs } from "node:util";

import { enterOwnNamespace } from "../harness/own-namespace.ts";
import { BENCHMARKS } from "./benchmarks.ts";
import { type Figure, FULL, isMet, QUICK } from "./figure.ts";
import { writeReport } from "./report.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(words: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: { quick: { type: "boolean" }, json: { type: "boolean" }, plot: { type: "boolean" } },
  });
  const unknown = positionals.find((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown !== undefined) {
    console.error(`there is no benchmark ${unknown}; there are ${BENCHMARKS.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  enterOwnNamespace(); // whatever a benchmark makes ends with this process
  const chosen = BENCHMARKS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const figures: Figure[] = [];
  let failed = 0;
  for (const { name, measure } of chosen) {
    if (!values.json) console.log(`\n${name}`);
    try {
      const found = await measure(values.quick ? QUICK : FULL);
      figures.push(...found);
      if (!values.json) for (const figure of found) console.log(line(figure));
    } catch (error) {
      failed++;
      console.error(`  ${name} could not be measured: ${firstOf(error).stack}`);
    }
  }
  if (values.plot) writeReport(figures);
  if (values.json)
    console.log(
      JSON.stringify(
        figures.map((figure) => ({ ...figure, met: isMet(figure) ?? null })),
        null,
        2,
      ),
    );
  return failed === 0 ? 0 : 1;
}

/** What went wrong before cleaning up did, too. */
function firstOf(error: unknown): Error {
  return error instanceof SuppressedError ? firstOf(error.suppressed) : (error as Error);
}

function line(figure: Figure): string {
  const { name, value, unit, goal, note } = figure;
  const goalText =
    goal === undefined
      ? ""
      : `${isMet(figure) ? "met" : "missed"}: ${goal.bound} ${goal.value}${goal.for === undefined ? "" : ` at ${goal.for}`}`;
  const columns = [name.padEnd(50), digits(value).padStart(9), unit.padEnd(17), goalText.padEnd(38), note ?? ""];
  return `  ${columns.join(" ")}`.trimEnd();
}

function digits(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
