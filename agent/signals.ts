/** The signals an agent answers to. They are taken from the first moment on, so that a stop during the start leaves nothing behind. */

import type { Log } from "./control/log.ts";

export interface Signals {
  /** Resolves on SIGTERM or SIGINT, and on a terminal also when that is gone. */
  ended: Promise<void>;
  /** SIGHUP from a service manager or logrotate. */
  onHangup(action: () => void): void;
}

export function listenForSignals(log: Log): Signals {
  let hangup = (): void => {};
  const ended = new Promise<void>((resolve) => {
    const end = (signal: NodeJS.Signals): void => {
      log.info(`${signal}: stopping`);
      resolve();
    };
    process.on("SIGTERM", end);
    process.on("SIGINT", end);
    process.on("SIGHUP", (signal) => (process.stdout.isTTY ? end(signal) : hangup()));
  });
  return { ended, onHangup: (action) => (hangup = action) };
}
