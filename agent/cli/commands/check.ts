import { formatProblem, loadConfig, type Problem } from "../../../config/load.ts";
import type { WeirConfig } from "../../../config/types.ts";
import { warnOfAbsentHere } from "../../enforce/interfaces/absent.ts";
import { forwardsHere, warnOfUnknownOpeners } from "../../enforce/interfaces/unknown-openers.ts";
import { compile, RulesRefused } from "../../policy/compile.ts";
import type { CompiledRules } from "../../policy/compiled.ts";
import { type Command, JSON_OUTPUT } from "../arguments.ts";
import { count, counted } from "../../values/count.ts";
import { note, print, printJson } from "../print.ts";

const WRONG = 2;

interface Verdict {
  ok: boolean;
  problems: Problem[];
  warnings: Problem[];
  summary?: string;
}

export const command: Command = {
  usage: "check FILE [--json]",
  about:
    "Checks a configuration as the agent does. It prints each problem with file:line:column, and exits with 2 if there is " +
    "any. It needs neither root nor a running agent, so that you can use it in CI and in commit hooks.",
  options: { json: JSON_OUTPUT },
  words: [1, 1],
  examples: [
    ["weir check /etc/weir/weir.yaml", "before saving it as the agent's"],
    ["weir check weir.yaml --json | jq '.problems[].where'", "where the problems are"],
  ],
  async run(call) {
    const verdict = await judge(call.words[0]!);
    if (call.has("json")) {
      const { ok, problems, warnings } = verdict;
      printJson({ ok, problems, warnings });
    } else {
      for (const problem of verdict.problems) note(formatProblem(problem));
      for (const warning of verdict.warnings) note(`warning: ${formatProblem(warning)}`);
      if (verdict.summary !== undefined) print(verdict.summary);
    }
    return verdict.ok ? 0 : WRONG;
  },
};

async function judge(file: string): Promise<Verdict> {
  const loaded = await loadConfig(file);
  if (!loaded.ok) return { ok: false, problems: loaded.problems, warnings: [] };
  const { config, warnings } = loaded;
  const about = (message: string): Problem => ({ where: file, path: "", message });
  try {
    const compiled = compile(config);
    const { problems } = await (await import("../../explain/membership.ts")).membershipByFiles(config.sets);
    const enforced = config.rules.filter((rule) => rule.action === "block" && rule.enforce).length;
    return {
      ok: true,
      problems: [],
      warnings: [...warnings, ...[...compiled.warnings, ...problems, ...(await missingHere(config))].map(about)],
      summary: `${file} is valid: mode ${config.mode}, ${counted(config.rules.length, "rule")} (${count(enforced)} enforced), ${sizeOf(compiled)}.`,
    };
  } catch (error) {
    if (!(error instanceof RulesRefused)) throw error;
    return { ok: false, problems: error.problems.map(about), warnings };
  }
}

/** Returns nothing if the kernel does not list its devices, as in some sandboxes: the file may be for another machine anyway. */
async function missingHere(config: WeirConfig): Promise<string[]> {
  const { listLinks } = await import("../../kernel/links.ts");
  try {
    const links = listLinks();
    const others = links.filter(({ name, up }) => up && name !== "lo").map(({ name }) => name);
    return [
      ...warnOfAbsentHere(
        config,
        links.map(({ name }) => name),
      ),
      ...(forwardsHere() ? warnOfUnknownOpeners(config.interfaces, others) : []),
    ];
  } catch {
    return [];
  }
}

function sizeOf({ file }: CompiledRules): string {
  return `${counted(file.alternatives, "alternative")} to match`;
}
