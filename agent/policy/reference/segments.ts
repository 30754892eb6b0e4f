/**
 * What TCP segments change of their connection. A segment changes its state only if its receiver accepts it: a FIN counts
 * when the other end acknowledges it, a reset where it stands exactly at what the other end acknowledged last, and is written
 * so that it arrives there. All numbers are modulo 2^32.
 */

import { ACK, FIN, RST, SYN } from "./flags.ts";
import type { Segment } from "./packet.ts";

/** A number further ahead than this is none of the connection's. */
const FURTHEST = 64 * 2 ** 20;
/** So many bytes under way mostly lie in the window of their receiver. */
const USUAL_WINDOW = 0xffff;

/** 0 the opener, 1 the end that it speaks to. */
export type EndNumber = 0 | 1;

/** One end of a connection, as what it sent shows it. */
interface Speaker {
  /** Behind all that it sent. */
  next: number;
  /** The highest number of the other end's that it acknowledged. */
  acknowledged: number;
  /** As many hops as a packet of its had left that reached the other end. */
  hopLimit: number;
  /** Behind its FIN, if it has said so. */
  finish: number | undefined;
  /** It sent a reset, and the other end has not gone on since. */
  reset: boolean;
}

/** One segment that passes, and what its packet says of it. */
export interface Sent {
  flags: number;
  segment: Segment;
  hopLimit: number;
}

export class Segments {
  readonly #ends: [Speaker, Speaker];
  /** The numbers of the other end are known. */
  #heard: boolean;
  /** It counts for no rule any more. */
  closed: boolean;
  /** Nothing takes that back. */
  #final: boolean;
  /** A SYN that may open the next connection between the same ends, and what answered it. */
  #offer: { syn: number; answer: number | undefined } | undefined;

  /** As the packet tells that makes it, which may be of either end. */
  constructor({ flags, segment, hopLimit }: Sent, by: EndNumber) {
    const acknowledgement = flags & ACK ? segment.acknowledgement : 0;
    const sender: Speaker = { next: segment.end, acknowledged: acknowledgement, hopLimit, finish: undefined, reset: false };
    const receiver: Speaker = { next: acknowledgement, acknowledged: segment.sequence, hopLimit: 0, finish: undefined, reset: false };
    this.#ends = by === 0 ? [sender, receiver] : [receiver, sender];
    this.#heard = by === 1 && (flags & ACK) !== 0;
    this.closed = this.#final = (flags & RST) !== 0;
  }

  /** Whether this SYN of the opener is another one than that which opened the connection. */
  isOther({ segment }: Sent): boolean {
    return segment.whole && segment.end !== this.#ends[0].next;
  }

  /** Such a SYN passed. */
  offer({ segment }: Sent): void {
    this.#offer = { syn: segment.end, answer: undefined };
  }

  /** Does the opener go on with the connection that was offered, and answered? */
  isSucceededBy({ flags, segment }: Sent): boolean {
    const isPlain = segment.whole && (flags & (FIN | SYN | RST | ACK)) === ACK;
    return (
      isPlain && this.#offer?.answer !== undefined && segment.sequence === this.#offer.syn && segment.acknowledgement === this.#offer.answer
    );
  }

  /** `begunHere`: the opener was seen to open it. */
  follow(sent: Sent, by: EndNumber, begunHere: boolean): void {
    if (!sent.segment.whole) return;
    if (sent.flags & RST) this.#reset(sent, by);
    else if (sent.flags & SYN) this.#open(sent, by);
    else if (sent.flags & ACK) this.#goOn(sent, by, begunHere);
  }

  #open(sent: Sent, by: EndNumber): void {
    const [opener, other] = this.#ends;
    const { segment, flags, hopLimit } = sent;
    if (by === 0 && (flags & ACK) === 0) {
      opener.next = segment.end;
      if (!this.#heard) other.acknowledged = segment.sequence;
      opener.hopLimit = Math.max(opener.hopLimit, hopLimit);
    } else if (by === 1 && flags & ACK) {
      if (!this.#heard) {
        if (this.#isFresh(segment.acknowledgement, 1)) this.#hear(sent);
      } else if (this.#offer?.syn === segment.acknowledgement) {
        this.#offer.answer = segment.end;
      }
    }
  }

  #reset({ segment, flags, hopLimit }: Sent, by: EndNumber): void {
    if (this.#final) return;
    const [own, other] = this.#from(by);
    const atAcknowledged = segment.sequence === other.acknowledged;
    const atNext = segment.sequence === own.next;
    const isNear = modulo(segment.sequence - other.acknowledged) <= USUAL_WINDOW;
    const exact = this.#heard ? atAcknowledged && atNext : by === 1 && (flags & ACK) !== 0 && this.#isFresh(segment.acknowledgement, 1);
    const likely = exact || (this.#heard && (atAcknowledged || (atNext && isNear)));
    if (!likely || !segment.checksumIsRight || !segment.isPlain || hopLimit < own.hopLimit) return;
    own.reset = true;
    if (!exact) return;
    this.closed = true;
    this.#final = other.reset;
  }

  #goOn(sent: Sent, by: EndNumber, begunHere: boolean): void {
    if (this.#final) return;
    const { segment, flags } = sent;
    if (!this.#heard && by === 1) {
      const fits = begunHere ? this.#isFresh(segment.acknowledgement, 1) : modulo(this.#ends[0].next - segment.acknowledgement) <= FURTHEST;
      if (!fits) return;
      this.#hear(sent);
    }
    const [own, other] = this.#from(by);
    if (other.reset && this.#fits(segment, by)) {
      other.reset = false;
      if (!own.reset) this.closed = false;
    }
    // A number that is 0 is not known.
    if (modulo(segment.end - own.next - 1) < FURTHEST || own.next === 0) own.next = segment.end;
    if (this.#isFresh(segment.acknowledgement, by) || own.acknowledged === 0) own.acknowledged = segment.acknowledgement;
    if (flags & FIN && modulo(segment.end - other.acknowledged - 1) < FURTHEST) own.finish = segment.end;
    if (own.finish !== undefined && other.finish !== undefined && own.finish === other.acknowledged && other.finish === own.acknowledged)
      this.closed = this.#final = true;
  }

  /** The first segment of the other end that fits. */
  #hear({ segment, hopLimit }: Sent): void {
    Object.assign(this.#ends[1], { next: segment.end, acknowledged: segment.acknowledgement, hopLimit });
    this.#ends[0].acknowledged = segment.sequence;
    this.#heard = true;
  }

  /** Does it acknowledge something that was sent, and had not been acknowledged? */
  #isFresh(acknowledgement: number, by: EndNumber): boolean {
    const [own, other] = this.#from(by);
    const fresh = modulo(acknowledgement - own.acknowledged);
    return fresh > 0 && fresh <= modulo(other.next - own.acknowledged);
  }

  /** Is it of the numbers of this connection, as its other end knows them? */
  #fits({ sequence, acknowledgement }: Segment, by: EndNumber): boolean {
    const [own, other] = this.#from(by);
    const isNear = modulo(sequence - own.next + FURTHEST) <= 2 * FURTHEST;
    return isNear && modulo(acknowledgement - own.acknowledged) <= modulo(other.next - own.acknowledged);
  }

  #from(by: EndNumber): [own: Speaker, other: Speaker] {
    const [opener, other] = this.#ends;
    return by === 0 ? [opener, other] : [other, opener];
  }
}

function modulo(number: number): number {
  return number >>> 0;
}
