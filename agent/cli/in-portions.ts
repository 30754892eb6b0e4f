/** Sends a change of many networks in as many requests as it takes. A refusal names the line of the list that it is about. */

import { printable } from "../values/quote.ts";
import { at, type ListedNetwork } from "./ban-list.ts";
import { MOST_NETWORKS } from "../service/requests/networks.ts";
import { Refusal } from "../values/refusal.ts";
import { count } from "../values/count.ts";

const MOST_WARNINGS = 50;

interface Change {
  changed: number;
  warnings: string[];
}

/**
 * `check` reports what would be refused, before the first portion changes anything. `done` names what happened to the first
 * networks of a list if a later portion fails.
 */
export async function inPortions<T extends Change>(
  named: readonly ListedNetwork[],
  ask: (networks: string[]) => Promise<T>,
  { check, done }: { check?: (networks: string[]) => Promise<unknown>; done: string },
): Promise<T> {
  const portions: ListedNetwork[][] = [];
  for (let from = 0; from < named.length; from += MOST_NETWORKS) portions.push(named.slice(from, from + MOST_NETWORKS));
  const asked = async <R>(portion: readonly ListedNetwork[], how: (networks: string[]) => Promise<R>): Promise<R> => {
    try {
      return await how(portion.map(({ text }) => text));
    } catch (error) {
      throw placed(error, portion);
    }
  };
  if (check !== undefined && portions.length > 1) for (const portion of portions) await asked(portion, check);
  let whole: T | undefined;
  let behind = 0;
  for (const portion of portions) {
    try {
      const change = await asked(portion, ask);
      const [changed, warnings]: [number, string[]] = [whole?.changed ?? 0, whole?.warnings ?? []];
      whole = { ...change, changed: changed + change.changed, warnings: [...warnings, ...change.warnings].slice(0, MOST_WARNINGS) };
    } catch (error) {
      if (behind === 0 || !(error instanceof Refusal)) throw error;
      const { message, kind, details, next } = error;
      throw new Refusal(`${message} The first ${count(behind)} of the list are ${done}, the others are not.`, {
        kind,
        details,
        next,
        cause: error,
      });
    }
    behind += portion.length;
  }
  return whole!;
}

/** Adds the line of the list to a refusal. */
function placed(error: unknown, named: readonly ListedNetwork[]): unknown {
  if (!(error instanceof Refusal) || error.details.length === 0) return error;
  const { message, next, kind, cause } = error;
  const whereIs = new Map(named.map((one) => [printable(one.text), at(one)]));
  const details = error.details.map((detail) => {
    const [text = ""] = detail.split(/: /, 1);
    const where = whereIs.get(text);
    return where === undefined ? detail : where + detail.slice(text.length);
  });
  return new Refusal(message, { next, kind, details, cause });
}
