/** Waits for a descriptor on Node's own event loop: no thread and no timer, and no CPU while nothing comes. */

import koffi from "koffi";

/**
 * Calls `ready` whenever there is something to read, until `close`. What is left unread is announced again in
 * the next turn of the event loop, so `ready` may stop early to let others have theirs.
 */
export function onReadable(fd: number, ready: () => void): { close(): void } {
  let scheduled: NodeJS.Immediate | undefined;
  // koffi calls back outside of Node's own bookkeeping, where promises would not run and an exception would be
  // nobody's. An immediate of the same turn has neither problem.
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
