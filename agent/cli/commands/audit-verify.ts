import { verifyAudit } from "../../../audit/verify.ts";
import { printable } from "../../values/quote.ts";
import { AGENT_OPTIONS, type Command, JSON_OUTPUT } from "../arguments.ts";
import { count, counted } from "../../values/count.ts";
import { auditFilesFor } from "../paths.ts";
import { note, print, printJson } from "../print.ts";

export const command: Command = {
  usage: "audit verify [FILE [--head FILE]] [--json]",
  about:
    "Checks each record of the audit log, and of the copies of operators' actions beside it, against its hash chain, over " +
    "rotated files, too. It compares the ends with the heads that are kept elsewhere, and the log with the copies. The exit " +
    "code is 1 if a record was changed, deleted, moved or cut off.",
  options: {
    head: { value: "FILE", about: "the head that belongs to FILE; without it a log cut at its end looks whole" },
    json: JSON_OUTPUT,
    ...AGENT_OPTIONS,
  },
  words: [0, 1],
  examples: [
    ["weir audit verify", "the agent's own log"],
    [
      "weir audit verify /mnt/evidence/audit.log --head /mnt/evidence/audit.head",
      "a copy of it; that of audit.log.actions and audit-actions.head lie beside",
    ],
  ],
  async run(call) {
    const files = await auditFilesFor(call, call.words[0]);
    const verdict = await verifyAudit(files.path, files.head);
    if (call.has("json")) {
      printJson(verdict);
      return verdict.ok ? 0 : 1;
    }
    for (const { file, line, text } of verdict.problems) note(`${file}${line > 0 ? `:${line}` : ""}: ${printable(text, 500)}`);
    if (verdict.found > verdict.problems.length)
      note(`and ${counted(verdict.found - verdict.problems.length, "more problem", "more problems")}`);
    const records = verdict.first === null ? "no records" : `records #${verdict.first} to #${verdict.last}`;
    const { actions } = verdict;
    const copies =
      actions === null
        ? ""
        : `, and ${counted(actions.checked + actions.unchecked, "copied action")} in ${counted(actions.files, "file")} beside`;
    print(
      `${files.path}: ${records} in ${counted(verdict.files, "file")}, ${count(verdict.checked)} checked${copies}, ${verdict.ok ? "nothing is wrong" : `${counted(verdict.found, "problem")}`}.`,
    );
    if (verdict.missing > 0) note(`The log itself says that ${counted(verdict.missing, "event")} could not be written.`);
    if (files.head === null) note("Its end was not checked: name the head with --head.");
    return verdict.ok ? 0 : 1;
  },
};
