/** The signals that the agent obeys. They are handled from the first moment on, so that a stop during the start leaves nothing behind. */

import type { Log } from "./log.ts";

export interface Signals {
  /** Resolves on SIGTERM or SIGINT, and if the agent runs on a terminal, also when that is closed. */
  ended: Promise<void>;
  /** Resolves when such a signal comes again, which asks for an immediate end. */
  insisted: Promise<void>;
  /** Calls `action` on SIGHUP from a service manager or logrotate, also for one that came before this call. */
  onHangup(action: () => void): void;
}

export function listenForSignals(log: Log): Signals {
  let hangUps = 0;
  let hangup = (): void => void hangUps++;
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  let stops = 0;
  const end = (signal: NodeJS.Signals): void => {
    log.info(stops++ === 0 ? `${signal}: stopping` : `${signal} came again, so nothing is handed over`);
    (stops === 1 ? first : second).resolve();
  };
  const onHangup = (action: () => void): void => {
    hangup = action;
    if (hangUps > 0) action();
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  process.on("SIGHUP", (signal) => (process.stdout.isTTY ? end(signal) : hangup()));
  return { ended: first.promise, insisted: second.promise, onHangup };
}
