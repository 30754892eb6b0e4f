/**
 * The reason why a request is not carried out, in the operator's words. Transports and the command line map the kind to their own
 * codes.
 */

export type RefusalKind =
  /** The request itself cannot be read. */
  | "malformed"
  /** The request can be read, but its content is wrong: a configuration, a rule, an address. */
  | "invalid"
  | "not_found"
  | "forbidden"
  /** Something else holds the requested thing, or has changed it meanwhile. */
  | "conflict"
  /** There are too many other requests, or the agent is stopping. */
  | "busy"
  /** The tables in the kernel are full. */
  | "no_room"
  /** It was tried and failed. */
  | "failed";

export class Refusal extends Error {
  readonly kind: RefusalKind;
  /** A sentence about what to do now. */
  readonly next: string;
  /** One problem on each line. */
  readonly details: string[];

  constructor(
    what: string,
    { kind = "failed", next, details = [], cause }: { next: string; kind?: RefusalKind; details?: string[]; cause?: unknown },
  ) {
    super(what, { cause });
    this.name = "Refusal";
    this.kind = kind;
    this.next = next;
    this.details = details;
  }
}
