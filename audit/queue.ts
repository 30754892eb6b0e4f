/**
 * The queue in front of the disk. The number of events is limited: the oldest are dropped, and counted exactly. Events wait as
 * the text of their line, which takes a third of the memory of the event.
 */

import type { Entry } from "./chain.ts";
import type { OperatorAction } from "./record.ts";

export class PendingAction {
  readonly action: OperatorAction;
  readonly time = Date.now();
  /** The number of events that came before it. */
  readonly after: number;
  /** Tells the caller whether the action is safely on the disk. */
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
  /** The time of the first of them. */
  since: number;
}

/**
 * This is far more than operators do. Without a limit, refused strangers could fill the memory of an agent whose disk is full.
 * Beyond the limit the newest actions are dropped, and count as lost.
 */
const ACTION_LIMIT = 10_000;

export class Queue {
  #capacity: number;
  #events: Entry[] = [];
  /** The index in #events of the oldest waiting event. Those before it have been taken. */
  #next = 0;
  /** The number of events ever taken from the queue or dropped. */
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

  /** Takes the oldest entries: events and actions in the order in which they came. */
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

  /** Puts back entries from `take` that could not be written. */
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

  /** Tells the callers of waiting actions that these are not on the disk. The actions stay in the queue. */
  disappoint(): void {
    for (const action of this.#actions) action.settle(false);
  }

  /** The loss that has not been written down yet. */
  get loss(): Readonly<Loss> {
    return this.#loss;
  }

  /** Notes that a loss of this many has been written down. */
  forget(events: number): void {
    this.#loss = { events: this.#loss.events - events, since: Date.now() };
  }

  /** Gives up everything that waits, and returns the number of entries. */
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
