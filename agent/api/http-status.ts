/** How HTTP says why something is refused. Nothing else in weir knows these numbers. */

import { Refusal, type RefusalKind } from "../values/refusal.ts";

const STATUS: Record<RefusalKind, number> = {
  malformed: 400,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  invalid: 422,
  failed: 500,
  busy: 503,
  no_room: 507,
};

/** A request that this transport itself refuses, with a status that no other transport has. */
export class HttpRefusal extends Refusal {
  readonly status: 405 | 413;

  constructor(status: 405 | 413, what: string, options: { next: string; details?: string[] }) {
    super(what, { ...options, kind: "malformed" });
    this.status = status;
  }
}

export function statusOf(refusal: Refusal): number {
  return refusal instanceof HttpRefusal ? refusal.status : STATUS[refusal.kind];
}

/** The kind behind the status of an answer; a status that no kind has is a malformed request, or a failure of the agent. */
export function kindOf(status: number): RefusalKind {
  const kinds = Object.keys(STATUS) as RefusalKind[];
  return kinds.find((kind) => STATUS[kind] === status) ?? (status < 500 ? "malformed" : "failed");
}
