/** Waits for a descriptor on Node's own event loop. This takes no thread and no timer, and no CPU while nothing comes. */

import koffi from "koffi";

/**
 * Calls `ready` whenever there is something to read, until `close`. If `ready` leaves something unread, it is called again in the
 * next turn of the event loop. So it may stop early to let other work run.
 */
export function onReadable(fd: number, ready: () => void): { close(): void } {
  let scheduled: NodeJS.Immediate | undefined;
  // koffi calls back outside of Node's own bookkeeping: promises would not run, and nobody would catch an exception. An immediate
  // in the same turn has neither problem.
  const handle = koffi.node.poll(fd, { readable: true }, () => {
    scheduled ??= setImmediate(() => {
      scheduled = undefined;
      ready();
    });
  });
  return {
    close() {
      if (scheduled !== undefined) clearImmediate(scheduled);
      handle.close();
    },
  };
}
