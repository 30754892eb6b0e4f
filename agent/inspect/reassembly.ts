/**
 * Puts the segments of one side of a TCP connection in order. A receiver takes the bytes that arrive first, and nobody else knows which
 * those are. So bytes that were sent twice are compared for as long as the other end has not acknowledged them.
 */

import { NotDecided } from "./undecided.ts";

/** At most so many bytes wait to be read, and as many are kept that came out of order. */
const MOST_UNREAD = 64 * 1024;
const MOST_EARLY = 64;
/** A number further ahead than this does not belong to the connection. */
const FURTHEST = 2 ** 30;

interface Early {
  at: number;
  bytes: Uint8Array;
}

/** Returns how far a number is ahead of another. Both are modulo 2^32. */
function ahead(number: number, of: number): number {
  return (number - of) | 0;
}

export class Reassembly {
  /** The number of the first byte in `#kept`. */
  #base: number;
  /** Bytes in order: read ones that are not acknowledged yet, then unread ones. */
  #kept = Buffer.alloc(0);
  #read = 0;
  /** So many bytes from the end of `#kept` on are of no concern. */
  #skip = 0;
  #early: Early[] = [];
  #acknowledged: number;
  #end: number | undefined;

  /** `first` is the number of the first byte. */
  constructor(first: number) {
    this.#base = first;
    this.#acknowledged = first;
  }

  get #next(): number {
    return (this.#base + this.#kept.length) | 0;
  }

  /** The bytes that are in order and not read. */
  get unread(): Uint8Array {
    return this.#kept.subarray(this.#read);
  }

  /** True once everything up to the FIN is in order. */
  get ended(): boolean {
    return this.#end !== undefined && ahead(this.#next, this.#end) >= 0;
  }

  /** Is a segment missing that later ones have come before? */
  get hasGap(): boolean {
    return this.#early.length > 0 || (this.#end !== undefined && !this.ended);
  }

  /** Takes a segment. Throws NotDecided if its bytes are others than before, or if too many are waiting. */
  take(at: number, bytes: Uint8Array, isLast: boolean): void {
    if (isLast) this.#end ??= (at + bytes.length) | 0;
    this.#insert({ at, bytes });
    for (let found = this.#nextEarly(); found !== undefined; found = this.#nextEarly()) this.#insert(found);
    if (this.#kept.length - this.#read > MOST_UNREAD) throw new NotDecided("too_long");
    this.#forget();
  }

  /** Notes that `count` bytes are read; more than there are if those that follow are of no concern. */
  advance(count: number): void {
    const unread = this.#kept.length - this.#read;
    this.#read += Math.min(count, unread);
    this.#skip = Math.max(0, count - unread);
    this.#forget();
  }

  /** The other end acknowledges everything before this number. */
  acknowledge(number: number): void {
    if (ahead(number, this.#acknowledged) > 0 && ahead(number, this.#next) <= 0) this.#acknowledged = number | 0;
    this.#forget();
  }

  #insert({ at, bytes }: Early): void {
    let distance = ahead(at, this.#next);
    if (distance > FURTHEST) return;
    if (distance > 0 && distance <= this.#skip) {
      this.#jump(distance);
      distance = 0;
    }
    if (distance > 0) return this.#keepEarly(at, bytes);
    compareOverlap({ at: this.#base, bytes: this.#kept }, { at, bytes });
    const fresh = bytes.subarray(Math.min(bytes.length, -distance));
    const skipped = Math.min(this.#skip, fresh.length);
    if (skipped > 0) this.#jump(skipped);
    if (fresh.length > skipped) this.#kept = Buffer.concat([this.#kept, fresh.subarray(skipped)]);
  }

  /** Goes on behind so many bytes that are of no concern. They may also be missing. */
  #jump(count: number): void {
    this.#skip -= count;
    this.#base = (this.#next + count) | 0;
    this.#kept = Buffer.alloc(0);
    this.#read = 0;
  }

  #keepEarly(at: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    for (const known of this.#early) compareOverlap(known, { at, bytes });
    if (this.#early.some((known) => known.at === (at | 0) && known.bytes.length >= bytes.length)) return;
    const size = this.#early.reduce((sum, early) => sum + early.bytes.length, bytes.length);
    if (this.#early.length >= MOST_EARLY || size > MOST_UNREAD) throw new NotDecided("stream_gap");
    this.#early.push({ at: at | 0, bytes: Uint8Array.from(bytes) });
  }

  #nextEarly(): Early | undefined {
    const place = this.#early.findIndex(({ at }) => ahead(at, this.#next) <= 0);
    return place < 0 ? undefined : this.#early.splice(place, 1)[0];
  }

  /** Forgets bytes that are read and acknowledged, and of those that are read only so many are kept. */
  #forget(): void {
    const acknowledged = ahead(this.#acknowledged, this.#base);
    const forgotten = Math.max(Math.min(this.#read, acknowledged), this.#read - MOST_UNREAD);
    if (forgotten <= 0) return;
    this.#kept = Buffer.from(this.#kept.subarray(forgotten));
    this.#base = (this.#base + forgotten) | 0;
    this.#read -= forgotten;
  }
}

function compareOverlap(one: Early, other: Early): void {
  const start = ahead(other.at, one.at);
  const from = Math.max(0, start);
  const to = Math.min(one.bytes.length, start + other.bytes.length);
  if (to > from && Buffer.compare(one.bytes.subarray(from, to), other.bytes.subarray(from - start, to - start)) !== 0)
    throw new NotDecided("stream_overlap");
}
