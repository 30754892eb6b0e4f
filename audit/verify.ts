/** Verifies the log and its copies of operators' actions, each by its own chain and head, and verifies that the two agree. */

import { count, counted } from "../agent/values/count.ts";
import { basename } from "node:path";
import { actionsHead, actionsPath } from "./actions.ts";
import { Agreement } from "./agreement.ts";
import { openSeal } from "./chain.ts";
import { type ChainVerdict, checkChain, PROBLEMS_KEPT, type ChainProblem, type ProblemKind } from "./check.ts";
import { listLog, openForReading } from "./file.ts";
import { readHead } from "./head.ts";
import { lastLine } from "./lines.ts";

export type { ChainProblem, ProblemKind } from "./check.ts";

export interface AuditVerdict extends ChainVerdict {
  /** The result for the files of copies; null if there are none. */
  actions: Omit<ChainVerdict, "ok" | "problems" | "found" | "missing"> | null;
}

/** If `headPath` is null, the heads are not available, so a log that was cut at its end looks whole. */
export async function verifyAudit(path: string, headPath: string | null): Promise<AuditVerdict> {
  const head = headPath === null ? null : await readHead(headPath).catch(() => null);
  const promised = head?.actions ?? 0;
  const disagreements: ChainProblem[] = [];
  let found = 0;
  const report = (kind: ProblemKind, file: string, line: number, text: string): void => {
    found++;
    if (disagreements.length < PROBLEMS_KEPT) disagreements.push({ kind, file, line, text });
  };
  const actions = await verifyActions(path, headPath, promised);
  if (promised > (actions?.last ?? 0))
    report(
      "deleted",
      actionsPath(path),
      0,
      `${basename(path)} had ${counted(promised, "copied action")}, and ${count(actions?.last ?? 0)} of them ${actions?.last === 1 ? "is" : "are"} left`,
    );

  const agreement = new Agreement(path, head?.sequence ?? 0, report);
  const log = await checkChain(path, headPath, (record) => agreement.take(record));
  await agreement.end(await lastSequence(path, log.last ?? 0));

  // If the log itself is broken, it also differs from its copies, so that is not reported in addition.
  const told = log.found === 0 && (actions?.found ?? 0) === 0 ? { problems: disagreements, found } : { problems: [], found: 0 };
  const problems = [...log.problems, ...(actions?.problems ?? []), ...told.problems].slice(0, PROBLEMS_KEPT);
  const all = log.found + (actions?.found ?? 0) + told.found;
  return {
    ...log,
    ok: all === 0,
    problems,
    found: all,
    actions: actions && {
      files: actions.files,
      checked: actions.checked,
      unchecked: actions.unchecked,
      first: actions.first,
      last: actions.last,
    },
  };
}

/** Returns null if no action was ever copied, as in a log of an old agent that made no copies. */
async function verifyActions(path: string, headPath: string | null, promised: number): Promise<ChainVerdict | null> {
  const head = headPath === null ? null : actionsHead(headPath);
  const hasHead = head !== null && (await readHead(head).catch(() => undefined)) !== null;
  if (promised === 0 && !hasHead && (await listLog(actionsPath(path))).length === 0) return null;
  // The first copy is written before the first head of the copies, and that before the log's head names it.
  return checkChain(actionsPath(path), promised === 0 && !hasHead ? null : head);
}

/** Returns the last number in the log now, because it may have grown since it was read. */
async function lastSequence(path: string, read: number): Promise<number> {
  const newest = (await listLog(path)).at(-1);
  const handle = newest && (await openForReading(newest.path));
  if (!handle) return read;
  try {
    const line = await lastLine(handle, (await handle.stat()).size);
    return Math.max(read, openSeal(line?.text ?? "")?.sequence ?? 0);
  } finally {
    await handle.close();
  }
}
