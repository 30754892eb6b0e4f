/**
 * What waits for the disk. Events are bounded: the oldest give way, and how many did is known exactly. They wait as the text of
 * their line, which takes a third of the memory of what it was made from.
 */

import type { Entry } from "./chain.ts";
import type { OperatorAction } from "./record.ts";

export class PendingAction {
  readonly action: OperatorAction;
  readonly time = Date.now();
  /** How many events came before it. */
  readonly after: number;
  /** Tells the caller whether the action is safely on disk. */
  readonly settle: (written: boolean) => void;

  constructor(action: OperatorAction, after: number, settle: (written: boolean) => void) {
    this.action = action;
    this.after = after;
    this.settle = settle;
  }
}

export type Waiting = Entry | PendingAction;

export interface Loss {
  events: number;
  /** When the first of them happened. */
  since: number;
}

/**
 * Far above what operators do. Without any bound, refused strangers could fill the memory of an agent whose disk is full: then the
 * newest give way, and count as lost.
 */
const ACTION_LIMIT = 10_000;

export class Queue {
  #capacity: number;
  #events: Entry[] = [];
  /** The oldest waiting event in #events; those before it have been taken. */
  #next = 0;
  /** Events ever taken from the queue or dropped. */
  #passed = 0;
  #actions: PendingAction[] = [];
  #loss: Loss = { events: 0, since: 0 };

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#events.length - this.#next + this.#actions.length;
  }

  push(event: Entry): void {
    this.#events.push(event);
    this.#trim();
  }

  pushAction(action: OperatorAction, settle: (written: boolean) => void): void {
    const pending = new PendingAction(action, this.#passed + this.#events.length - this.#next, settle);
    if (this.#actions.length < ACTION_LIMIT) {
      this.#actions.push(pending);
      return;
    }
    this.#lose(1, pending.time);
    settle(false);
  }

  /** The oldest entries, events and actions in the order they came. */
  take(limit: number): Waiting[] {
    const taken: Waiting[] = [];
    while (taken.length < limit && this.length > 0) {
      const action = this.#actions[0];
      if (action && action.after <= this.#passed) {
        taken.push(action);
        this.#actions.shift();
      } else {
        taken.push(this.#events[this.#next]!);
        this.#advance(1);
      }
    }
    return taken;
  }

  /** Puts back what `take` gave and could not be written. */
  restore(entries: Waiting[]): void {
    if (entries.length === 0) return;
    const events = entries.filter((entry): entry is Entry => !(entry instanceof PendingAction));
    const actions = entries.filter((entry) => entry instanceof PendingAction);
    this.#events = events.concat(this.#events.slice(this.#next));
    this.#next = 0;
    this.#passed -= events.length;
    this.#actions = actions.concat(this.#actions);
    this.#trim();
  }

  /** Tells those who wait for actions that these are not on disk; they stay in the queue. */
  disappoint(): void {
    for (const action of this.#actions) action.settle(false);
  }

  /** What was lost and not written down yet. */
  get loss(): Readonly<Loss> {
    return this.#loss;
  }

  /** Says that a loss of so many has been written down. */
  forget(events: number): void {
    this.#loss = { events: this.#loss.events - events, since: Date.now() };
  }

  /** Gives up what still waits: how many entries that were. */
  abandon(): number {
    const abandoned = this.length;
    this.disappoint();
    this.#events = [];
    this.#next = 0;
    this.#actions = [];
    return abandoned;
  }

  #trim(): void {
    const surplus = this.#events.length - this.#next - this.#capacity;
    if (surplus <= 0) return;
    this.#lose(surplus, this.#events[this.#next]!.time);
    this.#advance(surplus);
  }

  #lose(events: number, time: number): void {
    if (this.#loss.events === 0) this.#loss.since = time;
    this.#loss.events += events;
  }

  #advance(events: number): void {
    this.#next += events;
    this.#passed += events;
    if (this.#next < 4096 && this.#next < this.#events.length) return;
    this.#events = this.#events.slice(this.#next);
    this.#next = 0;
  }
}
