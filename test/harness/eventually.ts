import { setTimeout as sleep } from "node:timers/promises";

/** The first answer of `probe` that is neither undefined nor false, asked again and again; refuses when none came in time. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  milliseconds = 30_000,
): Promise<Exclude<T, undefined | false>> {
  const deadline = AbortSignal.timeout(milliseconds);
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (deadline.aborted) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await sleep(25);
  }
}
