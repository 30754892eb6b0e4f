/**
 * The audit log for the rest of weir, with the copies of operators' actions beside it (actions.ts). Events are queued at once and
 * written in batches. An operator's action is on the disk before its promise resolves. A disk that fails never stops the agent:
 * health reports it, lost events are counted, and the first record written afterwards is a GAP with their exact number.
 */

import type { ReportedEvent } from "../agent/observe/events/event.ts";
import type { Health } from "../agent/observe/events/snapshot.ts";
import { ActionsLog, actionsPath } from "./actions.ts";
import { type Entry, isoTime } from "./chain.ts";
import { AuditRefusal, codeOf } from "./file.ts";
import { RotatedLog } from "./log.ts";
import { PendingAction, Queue, type Waiting } from "./queue.ts";
import { actionText, eventText, type OperatorAction, recordText } from "./record.ts";

export interface AuditOptions {
  path: string;
  /** The path of the chain's head, in the state directory. */
  headPath: string;
  /** `size` is in bytes; `keep` is the number of full files beside the current one. */
  rotate: { size: number; keep: number };
  /** The same for the copies of operators' actions. */
  actions?: { size: number; keep: number };
  /** The user who must own the files. */
  owner?: number;
  /** The most events that wait while the disk is slow or fails. */
  queueLimit?: number;
  /** Called when the state of the log changes. */
  onHealth?: (health: Health) => void;
  /** Called with a sentence for each problem with the file that was found and repaired. */
  report?: (message: string) => void;
}

/** At any moment, accepted = written + queued + lost. */
export interface AuditCounters {
  /** Events and actions in the file. Records of the log about itself are not counted. */
  written: number;
  lost: number;
  queued: number;
  /** The bytes written to files, including the log's own records. */
  bytes: number;
}

/** A file holds some 60,000 actions. */
const ACTIONS_ROTATE = { size: 10_000_000, keep: 50 };
/** The limit holds the events of a third of a second at 200,000 events a second, while the disk syncs. That takes some 15 MB. */
const QUEUE_LIMIT = 65_536;
/** This many are written at once, which keeps the main thread busy for some milliseconds. */
const BATCH = 4096;
/** Once this many events wait, they are written without waiting for more. */
const COMPANY = 512;
/** Events wait this long for others, so that they are written together. */
const GATHER_MS = 100;
/** How often the file is checked, synced, and tried again after a failure: twice within the promised second. */
const TICK_MS = 450;
/** A disk that has not answered for this long counts as failing. */
const SILENCE_MS = 1000;

/**
 * Opens the log and repairs the damage of a crash. Throws AuditRefusal if writing would be unsafe (a symbolic link, another
 * writer, somebody else's file). If the disk is full or fails, it returns a writer whose health is degraded.
 */
export async function openAudit(options: AuditOptions): Promise<AuditWriter> {
  const writer = new AuditWriter(options);
  await writer.start();
  return writer;
}

export class AuditWriter {
  #path: string;
  #log: RotatedLog;
  #actions: ActionsLog;
  /** The reason why actions cannot be copied, or null. */
  #copyProblem: string | null = null;
  #queue: Queue;
  #onHealth: (health: Health) => void;
  #written = 0;
  #lost = 0;
  /** The number of entries that were taken from the queue and are not in the file yet. */
  #inFlight = 0;
  #closed = false;
  /** The reason why nothing can be written, or null. */
  #failure: { code: string; sentence: string } | null = null;
  #reasons: string[] = [];
  #gather: NodeJS.Timeout | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();
  #busy = false;
  /** The time of the disk's last answer, or of the first request to it. */
  #answered = 0;
  #lookDue = false;
  #reopenDue = false;

  constructor(options: AuditOptions) {
    const { path, headPath, rotate, owner = process.getuid!(), report = () => {} } = options;
    this.#path = path;
    this.#log = new RotatedLog({ path, headPath, rotate, owner, report, beforeHead: () => this.#copy() });
    this.#actions = new ActionsLog({ path, headPath, rotate: options.actions ?? ACTIONS_ROTATE, owner, report });
    this.#queue = new Queue(options.queueLimit ?? QUEUE_LIMIT);
    this.#onHealth = options.onHealth ?? (() => {});
  }

  /** openAudit calls this once. */
  async start(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      await this.#disconnect();
      if (error instanceof AuditRefusal) throw error;
    }
    await this.#drain();
    this.#lookDue = true; // this writes the head of a new log to the disk
    await this.#drain();
    this.#ticker = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  get counters(): AuditCounters {
    const lost = this.#lost + this.#queue.loss.events;
    return { written: this.#written, lost, queued: this.#queue.length + this.#inFlight, bytes: this.#log.bytes + this.#actions.bytes };
  }

  get health(): Health {
    return { state: this.#reasons.length === 0 ? "ok" : "degraded", reasons: this.#reasons };
  }

  /** Queues an event. Hashing and writing happen later. */
  write(event: ReportedEvent): void {
    if (this.#closed) {
      this.#lost++;
      return;
    }
    this.#queue.push({ time: event.time, text: eventText(event) });
    if (this.#busy || this.#failure) return; // a running write takes it along; after a failure the next tick does
    if (this.#queue.length >= COMPANY) void this.#drain();
    else this.#gather ??= setTimeout(() => void this.#drain(), GATHER_MS);
  }

  /**
   * Resolves to true once the action is on the disk. Resolves to false if that is not possible now; the action is then written as
   * soon as it is.
   */
  action(action: OperatorAction): Promise<boolean> {
    if (this.#closed) {
      this.#lost++;
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      this.#queue.pushAction(action, resolve);
      if (!this.#busy) void this.#drain();
    });
  }

  /** Opens the path anew, after another program has moved the file away. */
  async reopen(): Promise<void> {
    this.#reopenDue = true;
    this.#lookDue = true;
    await this.#drain();
  }

  /** Writes everything that waits, the given action last, and closes the file. */
  async close(stop?: OperatorAction): Promise<void> {
    if (this.#closed) return;
    if (stop) void this.action(stop);
    this.#closed = true;
    clearInterval(this.#ticker);
    this.#lookDue = true;
    await this.#drain();
    this.#lookDue = true; // once more, to sync what has just been written
    await this.#drain();
    this.#lost += this.#queue.abandon();
    await this.#disconnect();
  }

  #tick(): void {
    this.#lookDue = true;
    if (!this.#busy) void this.#drain();
    else if (performance.now() - this.#answered > SILENCE_MS) this.#announce("the disk does not answer");
  }

  /** All access to the file goes through here, one step after the other. */
  #drain(): Promise<void> {
    clearTimeout(this.#gather);
    this.#gather = undefined;
    if (!this.#busy) this.#answered = performance.now();
    this.#busy = true;
    this.#last = this.#last.then(() => this.#work());
    return this.#last;
  }

  async #work(): Promise<void> {
    let batch: Waiting[] = [];
    let unsettled: PendingAction[] = [];
    try {
      for (;;) {
        this.#answered = performance.now();
        if (this.#lookDue) await this.#look();
        await this.#connect();
        if (this.#log.isFull) {
          await this.#log.rotate();
          continue;
        }
        const missing = this.#queue.loss.events;
        batch = this.#queue.take(BATCH);
        this.#inFlight = batch.length;
        if (batch.length === 0 && missing === 0 && !this.#log.hasNews) break;
        const entries = [...(missing > 0 ? [this.#gap()] : []), ...batch.map(entryOf)];
        const links = await this.#log.append(entries);
        for (const [index, entry] of batch.entries()) {
          const at = entries.length - batch.length + index;
          if (entry instanceof PendingAction) this.#actions.owe({ ...entries[at]!, ...links[at]! });
        }
        this.#queue.forget(missing);
        this.#lost += missing;
        this.#written += batch.length;
        this.#inFlight = 0;
        unsettled = batch.filter((entry) => entry instanceof PendingAction);
        batch = [];
        if (unsettled.length > 0) await this.#log.sync();
        for (const action of unsettled) action.settle(true);
        unsettled = [];
        this.#failure = null;
        this.#announce();
      }
      this.#failure = null;
    } catch (error) {
      this.#failure = { code: codeOf(error) ?? "refused", sentence: this.#sentence(error as Error) };
      await this.#disconnect();
    }
    for (const action of unsettled) action.settle(false);
    this.#queue.restore(batch);
    this.#inFlight = 0;
    if (this.#failure) this.#queue.disappoint();
    this.#busy = false;
    this.#announce();
  }

  async #look(): Promise<void> {
    const reopen = this.#reopenDue;
    this.#lookDue = false;
    this.#reopenDue = false;
    await this.#log.sync();
    if (this.#actions.owes) await this.#copy();
    if (reopen || !(await this.#log.isUntouched())) await this.#log.disconnect();
    await this.#actions.look(reopen);
  }

  async #connect(): Promise<void> {
    await this.#log.connect();
    const amiss = await this.#actions.start(this.#log.ahead, this.#log.actions);
    if (amiss !== null) this.#log.reportRepair(amiss);
  }

  async #disconnect(): Promise<void> {
    await this.#log.disconnect();
    await this.#actions.disconnect();
  }

  /** If actions cannot be copied, the log goes on without copies, and its head waits for them. */
  async #copy(): Promise<number | null> {
    try {
      await this.#actions.settle();
      this.#copyProblem = null;
      return this.#actions.length;
    } catch (error) {
      this.#copyProblem = `operators' actions are in ${this.#path}, but cannot be copied to ${actionsPath(this.#path)}: ${(error as Error).message}`;
      await this.#actions.disconnect();
      return null;
    }
  }

  #gap(): Entry {
    const { events, since } = this.#queue.loss;
    const reason = this.#failure?.code ?? "more events than the disk can take";
    return { time: Date.now(), text: recordText("GAP", { missing: events, since: isoTime(since), reason }) };
  }

  #sentence(error: Error): string {
    if (error instanceof AuditRefusal) return error.message;
    const next = NEXT_STEP[codeOf(error) ?? ""] ?? "check whether the path can be written to";
    return `the audit log ${this.#path} cannot be written: ${error.message}; ${next}. Until then events are kept while there is room, then counted.`;
  }

  #announce(silence?: string): void {
    const reasons = [
      this.#failure?.sentence,
      this.#log.headProblem,
      this.#copyProblem,
      this.#actions.headProblem,
      silence && `the audit log ${this.#path}: ${silence}`,
    ];
    const present = reasons.filter((reason) => typeof reason === "string");
    if (present.join() === this.#reasons.join()) return;
    this.#reasons = present;
    this.#onHealth(this.health);
  }
}

const NEXT_STEP: Record<string, string> = {
  ENOSPC: "free some space on its disk",
  EDQUOT: "raise the disk quota",
  EROFS: "remount its file system read-write",
  EIO: "check the disk",
};

function entryOf(entry: Waiting): Entry {
  if (entry instanceof PendingAction) return { time: entry.time, text: actionText(entry.action) };
  return entry;
}
