/** The bus that carries all news of the agent to the listeners: the audit log, telemetry, statistics and watchers. */

import type { OperatorAction } from "../../audit/record.ts";
import type { Changes } from "../../otel/logs.ts";
import type { ConnectionEvent, ReportedEvent } from "../observe/events/event.ts";

/** Receives some kinds of news. A listener must not throw. */
export interface Listener {
  /** A rule decided about a packet, or a process did something with a socket. */
  event?(event: ReportedEvent): void;
  /** A connection ended. */
  connection?(connection: ConnectionEvent): void;
  /** The agent itself has changed its state. */
  changed?<Name extends keyof Changes>(name: Name, change: Changes[Name]): void;
  /** weir did something by itself that belongs into the audit log. */
  action?(action: OperatorAction): void;
}

export class News implements Required<Listener> {
  readonly #listeners = new Set<Listener>();

  /** Adds a listener, which receives news from now on, after those that joined before it. The returned function removes it. */
  sendsTo(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  event(event: ReportedEvent): void {
    for (const listener of this.#listeners) listener.event?.(event);
  }

  connection(connection: ConnectionEvent): void {
    for (const listener of this.#listeners) listener.connection?.(connection);
  }

  changed<Name extends keyof Changes>(name: Name, change: Changes[Name]): void {
    for (const listener of this.#listeners) listener.changed?.(name, change);
  }

  action(action: OperatorAction): void {
    for (const listener of this.#listeners) listener.action?.(action);
  }
}
