/** The keys of requests that add something: the reason, and when it ends. */

/** Ten years in seconds. */
const TEN_YEARS = 10 * 365 * 86_400;
/** The last millisecond of the year 9999, in milliseconds since the epoch. */
const LAST_MOMENT = 253_402_300_799_999;

export const TERM = {
  reason: { description: "why, for people", type: "string", format: "text", examples: ["guesses passwords"] },
  for_s: { description: "for how many seconds", type: "integer", minimum: 1, maximum: TEN_YEARS, examples: [600] },
  until: {
    description: "until when, in milliseconds since the epoch",
    type: "integer",
    minimum: 0,
    maximum: LAST_MOMENT,
    examples: [1_795_230_000_000],
  },
} as const;

/** A request may have `for_s` or `until`, and not both. */
export const ENDS_ONCE = { not: { required: ["for_s", "until"], properties: { for_s: {}, until: {} } } } as const;
