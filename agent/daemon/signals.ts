/** The signals an agent answers to. They are taken from the first moment on, so that a stop during the start leaves nothing behind. */

import type { Log } from "./log.ts";

export interface Signals {
  /** Resolves on SIGTERM or SIGINT, and on a terminal also when that is gone. */
  ended: Promise<void>;
  /** Resolves when such a signal comes again: somebody wants the end at once. */
  insisted: Promise<void>;
  /** SIGHUP from a service manager or logrotate. One that came before counts, too. */
  onHangup(action: () => void): void;
}

export function listenForSignals(log: Log): Signals {
  let hangUps = 0;
  let hangup = (): void => void hangUps++;
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  let stops = 0;
  const end = (signal: NodeJS.Signals): void => {
    log.info(stops++ === 0 ? `${signal}: stopping` : `${signal} again: nothing is handed over`);
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
