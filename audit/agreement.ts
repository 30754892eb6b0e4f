/** Checks that each operator's action in the log has its copy, and each copy its record: both are in the order in which they were written. */

import type { SealedLine } from "./chain.ts";
import { actionsPath, type Copy, copiesOf, isAction } from "./actions.ts";

export type ReportDisagreement = (
  kind: "changed" | "deleted" | "inserted" | "truncated" | "replaced",
  file: string,
  line: number,
  text: string,
) => void;

export class Agreement {
  readonly #path: string;
  readonly #copies: AsyncIterator<Copy>;
  readonly #report: ReportDisagreement;
  /** Records up to this number, which the log's head names, have their copies. Later ones may still wait for theirs. */
  readonly #settled: number;
  #next: Copy | null = null;
  #before = 0;
  /** The number of the first copy that is left. Older records were never copied, or their copies were rotated away. */
  #first = Infinity;
  #begun = false;
  #over = false;
  #firstRecord = 0;
  #lastRecord = 0;

  constructor(path: string, settled: number, report: ReportDisagreement) {
    this.#path = path;
    this.#copies = copiesOf(path);
    this.#settled = settled;
    this.#report = report;
  }

  /** Takes the next valid record of the log. */
  async take(record: SealedLine): Promise<void> {
    this.#firstRecord ||= record.sequence;
    this.#lastRecord = record.sequence;
    if (this.#over || !isAction(record.body)) return;
    if (!this.#begun) await this.#advance();
    await this.#skipTo(record.sequence);
    if (this.#over || record.sequence < this.#first) return;
    const copy = this.#next as Copy | null;
    if (copy?.sequence !== record.sequence) {
      if (record.sequence <= this.#settled)
        this.#report("deleted", actionsPath(this.#path), 0, `the copy of record #${record.sequence} is missing`);
      return;
    }
    if (copy.hash !== record.hash || copy.line !== `${record.body} ~${record.hash}`) {
      this.#report(
        "changed",
        copy.file,
        copy.number,
        `this line is not what record #${record.sequence} of the log says: one of the two was changed`,
      );
    }
    await this.#advance();
  }

  /** Call this after the last record. `last` is the number of the newest record that the log holds by now. */
  async end(last: number): Promise<void> {
    if (!this.#begun) await this.#advance();
    await this.#skipTo(last + 1);
    if (this.#next && !this.#over)
      this.#report(
        "truncated",
        this.#path,
        0,
        `the log ends with record #${last}, and copies of its actions go on with #${this.#next.sequence}`,
      );
    await this.#copies.return?.();
  }

  /**
   * Skips copies of records that were not read: those that the log has rotated away, and those that it got after it was read. A
   * copy between these two belongs to no record.
   */
  async #skipTo(sequence: number): Promise<void> {
    while (this.#next && this.#next.sequence < sequence && !this.#over) {
      const { sequence: number, file, number: line } = this.#next;
      if (this.#firstRecord > 0 && number >= this.#firstRecord && number <= this.#lastRecord)
        this.#report("inserted", file, line, `record #${number} of the log is not the action that this line copies`);
      await this.#advance();
    }
  }

  async #advance(): Promise<void> {
    this.#begun = true;
    const next = await this.#copies.next();
    this.#next = next.done ? null : next.value;
    if (!this.#next) return;
    const { sequence, file, number } = this.#next;
    this.#first = Math.min(this.#first, sequence);
    if (sequence <= this.#before) {
      this.#over = true; // the numbers mean nothing any more
      this.#report("replaced", file, number, `the log was started again: its record #${sequence} was copied after #${this.#before}`);
    }
    this.#before = sequence;
  }
}
