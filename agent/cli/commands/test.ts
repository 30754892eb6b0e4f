import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { printable } from "../../values/quote.ts";
import type { KernelJudge } from "../../explain/kernel-judge.ts";
import type { PolicyTest } from "../../explain/policy-test/load.ts";
import type { Report } from "../../explain/policy-test/run.ts";
import { type Command, JSON_OUTPUT, UsageError } from "../arguments.ts";
import { Refusal } from "../../values/refusal.ts";
import { count, counted } from "../../values/count.ts";
import { colour, note, print, printJson, printWhole } from "../print.ts";

const WRONG = 2;
const FAILED = 1;
const MOST_NAMED = 20;

export const command: Command = {
  usage: "test FILE [--kernel] [--junit FILE] [--tap] [--json]",
  about:
    "Tests a policy: each case of the file is a packet or a capture, with what must happen to it (allow, block, undecided) " +
    "and, if you say so, by which rule. It needs neither root nor a running agent. At least one case must expect allow. " +
    "Rules that no case reached are named. The exit code is 0 if all cases hold, 1 if not, 2 if the file is wrong.",
  options: {
    kernel: { about: "also ask the programs in the kernel (as root), and compare" },
    junit: { value: "FILE", about: "write the results there as JUnit XML" },
    tap: { about: "print TAP" },
    json: JSON_OUTPUT,
  },
  words: [1, 1],
  examples: [
    ["weir test policy.test.yaml", "before a policy is rolled out"],
    ["weir test policy.test.yaml --kernel --junit results.xml", "in CI"],
    ["weir test policy.test.yaml --tap", "for a harness that reads TAP"],
  ],
  async run(call) {
    if (call.has("tap") && call.has("json")) throw new UsageError("--tap and --json exclude each other");
    const path = call.words[0]!;
    const { loadPolicyTest } = await import("../../explain/policy-test/load.ts");
    const { formatProblem } = await import("../../../config/load.ts");
    const loaded = await loadPolicyTest(path);
    if (!loaded.ok) {
      if (call.has("json")) printJson({ ok: false, problems: loaded.problems });
      else for (const problem of loaded.problems) note(formatProblem(problem));
      return WRONG;
    }
    const report = await judged(loaded.test, call.has("kernel"));
    const junitPath = call.text("junit");
    if (junitPath !== undefined) await writeJunit(junitPath, basename(path), report);
    if (call.has("json")) printJson({ ok: report.failed === 0, ...report });
    else if (call.has("tap")) printWhole((await import("../../explain/policy-test/tap.ts")).tap(report).join("\n"));
    else printReport(report, call.has("kernel"));
    if (call.has("kernel") && report.kernelSkipped.length > 0)
      note(`SKIPPED: the kernel did not judge every packet: ${report.kernelSkipped.join("; ")}`);
    return report.failed === 0 ? 0 : FAILED;
  },
};

async function judged(test: PolicyTest, withKernel: boolean): Promise<Report> {
  const { runPolicyTest } = await import("../../explain/policy-test/run.ts");
  const { membershipByFiles } = await import("../../explain/membership.ts");
  const kernel = withKernel ? await openKernel(test) : { why: "that takes --kernel" };
  try {
    const { isMember, problems } = await membershipByFiles(test.policy.config.sets);
    for (const problem of problems) note(`warning: ${printable(problem, 1000)}`);
    return runPolicyTest(test, kernel, { isMember });
  } finally {
    if ("judge" in kernel) kernel.judge.close();
  }
}

/** Opens the kernel judge. Not every machine that runs tests allows it. */
async function openKernel({ policy: { config }, host }: PolicyTest): Promise<{ judge: KernelJudge } | { why: string }> {
  try {
    const { KernelJudge } = await import("../../explain/kernel-judge.ts");
    return { judge: await KernelJudge.over(config, [], host) };
  } catch (error) {
    return { why: (error as Error).message };
  }
}

async function writeJunit(path: string, suite: string, report: Report): Promise<void> {
  const { junit } = await import("../../explain/policy-test/junit.ts");
  try {
    await writeFile(path, junit(suite, report));
  } catch (error) {
    throw new Refusal(`The results cannot be written to ${path}: ${(error as Error).message}.`, {
      next: "Name a file in a folder that exists.",
      cause: error,
    });
  }
}

function printReport(report: Report, withKernel: boolean): void {
  const { cases, failed, unreached, kernelJudged } = report;
  const lines = cases.flatMap(({ name, where, ok, got, reasons }) =>
    ok
      ? [`${colour("green", "ok")}    ${name}: ${got}`]
      : [`${colour("red", "FAIL")}  ${name} (${where})`, ...reasons.map((reason) => `      ${reason}`)],
  );
  const summary =
    failed === 0
      ? `${cases.length === 1 ? "The only case holds" : `All ${count(cases.length)} cases hold`}`
      : `${count(failed)} of ${counted(cases.length, "case")} ${failed === 1 ? "does" : "do"} not hold`;
  const kernel = withKernel && kernelJudged > 0 ? `; the kernel judged ${counted(kernelJudged, "time")}, on TC and on XDP` : "";
  print([...lines, "", `${summary}${kernel}.`]);
  if (unreached.length === 0) return;
  const named = unreached.slice(0, MOST_NAMED).map(({ name, source }) => `${name} (${source})`);
  print(`No case reached ${count(unreached.length)} of the rules: ${named.join(", ")}${unreached.length > MOST_NAMED ? ", ..." : ""}`);
}
