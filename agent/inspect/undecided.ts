/** Why what a connection says cannot be judged: readers of the same bytes could differ, or weir does not see all of them. */

export const UNDECIDED = {
  stream_gap: "bytes of the connection are missing",
  stream_overlap: "the same bytes of the connection were sent twice, and differ",
  too_long: "a message is longer than weir reads",
  malformed: "a message is not formed as its protocol says",
  ambiguous: "readers of a message could differ in what it says",
  too_many: "more requests are open at once than weir follows",
  unknown_version: "weir does not know this version of the protocol",
} as const;

export type Undecided = keyof typeof UNDECIDED;

/** A parser throws this. It is an outcome, and no error. */
export class NotDecided extends Error {
  override name = "NotDecided";
  readonly reason: Undecided;

  constructor(reason: Undecided) {
    super(UNDECIDED[reason]);
    this.reason = reason;
  }
}
