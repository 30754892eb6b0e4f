/** Cleaning up also when a run ends by a signal, which neither `finally` nor `after` see. */

const cleanUps = new Set<() => void>();
let listening = false;

/** Runs `cleanUp`, which must not wait for anything, when this process ends. Returns what calls that off. */
export function atExit(cleanUp: () => void): () => void {
  cleanUps.add(cleanUp);
  if (!listening) listen();
  return () => cleanUps.delete(cleanUp);
}

function listen(): void {
  listening = true;
  process.once("exit", cleanUpAll);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      cleanUpAll();
      process.kill(process.pid, signal); // the handler is gone by now: the default ends us
    });
  }
}

function cleanUpAll(): void {
  for (const cleanUp of [...cleanUps]) cleanUp();
}
