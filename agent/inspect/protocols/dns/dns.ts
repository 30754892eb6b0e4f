/** DNS over UDP and over TCP: each question with its answer. */

import { type DatagramProtocol, type Listener, OTHER_SIDE, type Parser, type Side, type StreamProtocol } from "../../parser.ts";
import type { Dns, Transaction } from "../../transaction.ts";
import { NotDecided, type Undecided } from "../../undecided.ts";
import { type DnsMessage, HEADER, readMessage } from "./message.ts";
import { rcodeName } from "./records.ts";

const QUERY = 0;
/** A resolver waits for so many answers at once at most; of more questions, the oldest end without one. */
const MOST_OPEN = 256;
const LENGTH = 2;
/** The first message of a client is a question, and no longer than this. */
const LONGEST_QUESTION = 4096;

export const DNS_OVER_UDP: DatagramProtocol = {
  recognise: (_side, datagram) => isPlausible(datagram),
  open: (listener) => new DatagramParser(listener),
};

export const DNS_OVER_TCP: StreamProtocol = {
  recognise(side, first) {
    if (side === "server") return undefined; // it answers what the client has asked
    if (first.length < LENGTH) return undefined;
    const length = (first[0]! << 8) | first[1]!;
    if (length < HEADER || length > LONGEST_QUESTION) return false;
    if (first.length < LENGTH + HEADER) return undefined;
    // A question has one name, no answer, and an operation that there is.
    if ((first[4]! & 0xf0) !== 0 || first[6] !== 0 || first[7] !== 1 || first[8] !== 0 || first[9] !== 0) return false;
    return first.length < LENGTH + length ? undefined : isPlausible(first.subarray(LENGTH, LENGTH + length));
  },
  open: (listener) => new StreamParser(listener),
};

function isPlausible(bytes: Uint8Array): boolean {
  try {
    const { questions, answers, isAnswer } = readMessage(bytes);
    return isAnswer ? questions.length > 0 || answers.length > 0 : questions.length > 0;
  } catch (error) {
    if (!(error instanceof NotDecided)) throw error;
    return false;
  }
}

/** The questions between two ends, and their answers. */
class Conversation {
  readonly #listener: Listener;
  readonly #over: Dns["over"];
  readonly #open = new Map<string, Transaction>();

  constructor(listener: Listener, over: Dns["over"]) {
    this.#listener = listener;
    this.#over = over;
  }

  take(side: Side, bytes: Uint8Array): void {
    const message = readMessage(bytes);
    if (message.opcode !== QUERY) return;
    if (message.isAnswer) this.#answer(OTHER_SIDE[side], message);
    else this.#ask(side, message);
  }

  close(undecided?: Undecided): void {
    for (const transaction of this.#open.values()) this.#listener.ended(transaction);
    this.#open.clear();
    if (undecided !== undefined) this.#listener.ended({ protocol: "dns", undecided });
  }

  #ask(side: Side, { id, questions }: DnsMessage): void {
    const [question, ...others] = questions;
    if (question === undefined || others.length > 0) throw new NotDecided("ambiguous");
    const key = keyOf(side, id, question);
    if (this.#open.has(key)) return; // it asks again, because no answer has come
    if (this.#open.size === MOST_OPEN) {
      const [oldest, unanswered] = this.#open.entries().next().value!;
      this.#open.delete(oldest);
      this.#listener.ended(unanswered);
    }
    const transaction: Transaction = { protocol: "dns", dns: { question, over: this.#over } };
    this.#open.set(key, transaction);
    this.#listener.asked(transaction);
  }

  #answer(asker: Side, { id, questions, answers, rcode, truncated }: DnsMessage): void {
    const [question] = questions;
    const said = { answers, rcode: rcodeName(rcode), ...(truncated ? { truncated } : {}) };
    const key = question && keyOf(asker, id, question);
    const transaction = key === undefined ? undefined : this.#open.get(key);
    if (transaction === undefined || questions.length > 1) {
      const dns: Dns = { ...(question === undefined ? {} : { question }), ...said, over: this.#over, unasked: true };
      return this.#listener.ended({ protocol: "dns", dns });
    }
    this.#open.delete(key!);
    transaction.dns = { ...transaction.dns!, ...said };
    this.#listener.ended(transaction);
  }
}

function keyOf(asker: Side, id: number, { name, type }: { name: string; type: string }): string {
  return `${asker} ${id} ${type} ${name}`;
}

class DatagramParser implements Parser {
  readonly #conversation: Conversation;
  readonly #listener: Listener;

  constructor(listener: Listener) {
    this.#conversation = new Conversation(listener, "udp");
    this.#listener = listener;
  }

  /** A datagram that cannot be read says nothing of the others. */
  read(side: Side, datagram: Uint8Array): number {
    try {
      this.#conversation.take(side, datagram);
    } catch (error) {
      if (!(error instanceof NotDecided)) throw error;
      this.#listener.ended({ protocol: "dns", undecided: error.reason });
    }
    return datagram.length;
  }

  end(): void {}

  close(undecided?: Undecided): void {
    this.#conversation.close(undecided);
  }
}

class StreamParser implements Parser {
  readonly #conversation: Conversation;

  constructor(listener: Listener) {
    this.#conversation = new Conversation(listener, "tcp");
  }

  read(side: Side, unread: Uint8Array): number {
    if (unread.length < LENGTH) return 0;
    const whole = LENGTH + ((unread[0]! << 8) | unread[1]!);
    if (unread.length < whole) return 0;
    this.#conversation.take(side, unread.subarray(LENGTH, whole));
    return whole;
  }

  end(): void {}

  close(undecided?: Undecided): void {
    this.#conversation.close(undecided);
  }
}
