/**
 * Follows the state of a TCP connection by its segments. A segment changes the state only if its receiver accepts it: a FIN
 * counts when the other end acknowledges it, and a reset counts if its number is exactly the one that the other end acknowledged
 * last, and if it is written so that it arrives there. All numbers are modulo 2^32.
 */

import { ACK, FIN, RST, SYN } from "./flags.ts";
import type { Segment } from "./packet.ts";

/** A number further ahead than this does not belong to the connection. */
const FURTHEST = 64 * 2 ** 20;
/** This many bytes under way mostly lie in the window of their receiver. */
const USUAL_WINDOW = 0xffff;

/** 0 is the opener, 1 the end that it opened the connection to. */
export type EndNumber = 0 | 1;

/** One end of a connection, as its own segments show it. */
interface Speaker {
  /** The number behind everything that it sent. */
  next: number;
  /** The highest number of the other end that it acknowledged. */
  acknowledged: number;
  /** The hop limit that was left in a packet of this end which reached the other end. */
  hopLimit: number;
  /** The number behind its FIN; undefined if it has sent none. */
  finish: number | undefined;
  /** True if it sent a reset and the other end has sent nothing since. */
  reset: boolean;
}

/** A segment that passes, with facts about its packet. */
export interface Sent {
  flags: number;
  segment: Segment;
  hopLimit: number;
}

export class Segments {
  readonly #ends: [Speaker, Speaker];
  /** True once the numbers of the other end are known. */
  #heard: boolean;
  /** True once the connection counts for no rule any more. */
  closed: boolean;
  /** True if nothing can reopen the connection. */
  #final: boolean;
  /** A SYN that may open the next connection between the same ends, and the answer to it. */
  #offer: { syn: number; answer: number | undefined } | undefined;

  /** Begins with the packet that makes the flow, which may come from either end. */
  constructor({ flags, segment, hopLimit }: Sent, by: EndNumber) {
    const acknowledgement = flags & ACK ? segment.acknowledgement : 0;
    const sender: Speaker = { next: segment.end, acknowledged: acknowledgement, hopLimit, finish: undefined, reset: false };
    const receiver: Speaker = { next: acknowledgement, acknowledged: segment.sequence, hopLimit: 0, finish: undefined, reset: false };
    this.#ends = by === 0 ? [sender, receiver] : [receiver, sender];
    this.#heard = by === 1 && (flags & ACK) !== 0;
    this.closed = this.#final = (flags & RST) !== 0;
  }

  /** Returns whether this SYN of the opener differs from the one that opened the connection. */
  isOther({ segment }: Sent): boolean {
    return segment.whole && segment.end !== this.#ends[0].next;
  }

  /** Notes that such a SYN passed. */
  offer({ segment }: Sent): void {
    this.#offer = { syn: segment.end, answer: undefined };
  }

  /** Returns whether the opener goes on with the connection that was offered and answered. */
  isSucceededBy({ flags, segment }: Sent): boolean {
    const isPlain = segment.whole && (flags & (FIN | SYN | RST | ACK)) === ACK;
    return (
      isPlain && this.#offer?.answer !== undefined && segment.sequence === this.#offer.syn && segment.acknowledgement === this.#offer.answer
    );
  }

  /** `begunHere` is true if the opener was seen to open the connection. */
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
    // The number 0 stands for an unknown one.
    if (modulo(segment.end - own.next - 1) < FURTHEST || own.next === 0) own.next = segment.end;
    if (this.#isFresh(segment.acknowledgement, by) || own.acknowledged === 0) own.acknowledged = segment.acknowledgement;
    if (flags & FIN && modulo(segment.end - other.acknowledged - 1) < FURTHEST) own.finish = segment.end;
    if (own.finish !== undefined && other.finish !== undefined && own.finish === other.acknowledged && other.finish === own.acknowledged)
      this.closed = this.#final = true;
  }

  /** Takes the first segment of the other end that fits. */
  #hear({ segment, hopLimit }: Sent): void {
    Object.assign(this.#ends[1], { next: segment.end, acknowledged: segment.acknowledgement, hopLimit });
    this.#ends[0].acknowledged = segment.sequence;
    this.#heard = true;
  }

  /** Returns whether it acknowledges something that was sent and was not acknowledged before. */
  #isFresh(acknowledgement: number, by: EndNumber): boolean {
    const [own, other] = this.#from(by);
    const fresh = modulo(acknowledgement - own.acknowledged);
    return fresh > 0 && fresh <= modulo(other.next - own.acknowledged);
  }

  /** Returns whether the numbers belong to this connection, as its other end knows them. */
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
