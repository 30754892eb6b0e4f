/** What callers send about rules: anything but exactly the right shape is refused. What a rule may say is config's to judge. */

import { FORMATS } from "../../config/formats.ts";
import type { NewRule, Place, Term } from "../service/contract.ts";
import { Refusal } from "../values/refusal.ts";

const LONGEST_S = 10 * 365 * 86_400;
const PLACES = 'Send "first", "last" or {"before": "d3"}.';

export function checkedNewRule({ rule, place = "last", ...term }: Record<string, unknown>): NewRule {
  if (typeof rule !== "object" || rule === null || Array.isArray(rule))
    throw wrong("The request has no rule.", 'Send {"rule": {"action": "block", ...}}, with the keys of a rule of the file.');
  return { rule: rule as Record<string, unknown>, place: checkedPlace(place), ...checkedTerm(term) };
}

/** Why, and until when. */
export function checkedTerm({ reason, for_s, until }: Record<string, unknown>): Term {
  if (reason !== undefined) checkReason(reason);
  if (for_s !== undefined && until !== undefined) throw wrong("The request says twice when it ends.", "Send for_s or until, not both.");
  if (for_s !== undefined && !isDuration(for_s))
    throw wrong("The request's for_s is not a duration.", `Send a number of seconds from 1 to ${LONGEST_S}.`);
  if (until !== undefined && typeof until !== "number")
    throw wrong("The request's until is not a time.", "Send milliseconds since the epoch.");
  return {
    ...(reason === undefined ? {} : { reason: reason as string }),
    ...(for_s === undefined ? {} : { for_s: for_s as number }),
    ...(until === undefined ? {} : { until }),
  };
}

export function checkedPlace(place: unknown): Place {
  if (place === "first" || place === "last") return place;
  if (
    typeof place === "object" &&
    place !== null &&
    Object.keys(place).length === 1 &&
    "before" in place &&
    typeof place.before === "string"
  )
    return { before: place.before };
  throw wrong("The request does not say where the rule should stand.", PLACES);
}

export function checkedIds(ids: unknown): string[] | "all" {
  if (ids === "all") return ids;
  if (isTexts(ids) && ids.length > 0) return ids;
  throw wrong("The request does not say which rules to delete.", 'Send {"ids": ["d1", "d2"]}, or {"ids": "all"}.');
}

function checkReason(reason: unknown): void {
  const problem = typeof reason === "string" ? FORMATS["text"]!(reason)?.error : "the reason is not text";
  if (problem !== undefined) throw wrong(`The reason cannot be kept: ${problem}.`, "Give a sentence for people.");
}

export function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isDuration(value: unknown): boolean {
  return typeof value === "number" && value >= 1 && value <= LONGEST_S;
}

function wrong(what: string, next: string): Refusal {
  return new Refusal(what, { kind: "malformed", next });
}
