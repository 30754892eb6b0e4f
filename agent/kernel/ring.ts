/**
 * Reads the kernel's ring buffer where it lies (Documentation/bpf/ringbuf.rst). Records stay in the ring until they
 * have been handled, so the ring itself is the only queue: its size is the bound, and what finds it full is
 * counted by the program that wanted to write. All records have one size, so positions count records.
 *
 * It is read on the main thread, for a worker would not pay (`npm run bench -- events`, two cores that others used, too):
 * an agent that writes every detection to its audit log takes in 200,000 a second with 0.6 to 0.9 of a core, and
 * 200,000 to 340,000 for each second of CPU. With a core to itself it loses none; where others took some of it, up to
 * four in a hundred found the ring full. Decoding is a sixth of the work; formatting, hashing and telemetry are the rest,
 * and would have to follow the records to the worker, or be fed with a copy of each. The longest stalls seen were 15 to
 * 150 ms, where the ring holds 250 ms of such a flood. An idle worker takes 19 MB.
 */

import type { BpfMap } from "./maps.ts";
import { onReadable } from "./poll.ts";
import { libc, mapMemory, type Mapping, PROT_READ, PROT_WRITE } from "./syscall.ts";

const BUSY = 0x80000000;
const DISCARDED = 0x40000000;
const HEADER = 8;

/** Positions in bytes since the ring was made. They only grow. */
export interface RingState {
  producer: number;
  consumer: number;
  size: number;
}

export interface RingOptions {
  map: BpfMap;
  recordSize: number;
  /**
   * Gets `count` records after each other, oldest first. They count as received when the function returns or throws. The buffer
   * is used again: copy what you keep.
   */
  onRecords: (records: Buffer, count: number) => void;
  /** At most this many records are handled before other work gets its turn. */
  batch?: number;
}

export class Ring {
  /** The bytes that one record takes in the ring. */
  readonly stride: number;
  /** The number of records that were discarded, or that have another size because another version wrote them. */
  skipped = 0;
  readonly #options: RingOptions;
  readonly #size: number;
  readonly #mappings: Mapping[];
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #words: Uint32Array;
  readonly #data: Buffer;
  readonly #batch: Buffer;
  #polling: { close(): void } | undefined;

  /** Maps the ring; nothing is read before `start` or `drain`. */
  constructor(options: RingOptions) {
    this.#options = options;
    this.#size = options.map.info.maxEntries;
    this.stride = Math.ceil((options.recordSize + HEADER) / 8) * 8;
    const page = libc().pageSize();
    const operation = `map the ring buffer ${options.map.name} into memory`;
    const own = mapMemory(operation, options.map.fd, page, PROT_READ | PROT_WRITE);
    // The kernel would show the data twice in a row, so that no record is in two pieces. A second copy that is looked
    // at once a round would count as 8 MB more of the agent's memory, all of it there from the start.
    const theirs = mapMemory(operation, options.map.fd, page + this.#size, PROT_READ, page);
    this.#mappings = [own, theirs];
    this.#consumer = new BigUint64Array(own.buffer, 0, 1);
    this.#producer = new BigUint64Array(theirs.buffer, 0, 1);
    this.#words = new Uint32Array(theirs.buffer, page);
    this.#data = Buffer.from(theirs.buffer, page);
    this.#batch = Buffer.allocUnsafe((options.batch ?? 2048) * options.recordSize);
  }

  state(): RingState {
    // The consumer's position is read first. If the producer's were read first, the consumer could seem ahead of it.
    const consumer = Number(Atomics.load(this.#consumer, 0));
    return { consumer, producer: Number(Atomics.load(this.#producer, 0)), size: this.#size };
  }

  /** Handles new records from now on, on the event loop. */
  start(): void {
    this.#polling ??= onReadable(this.#options.map.fd, () => this.drain());
  }

  /** Handles one batch of the complete records, and returns their number. */
  drain(): number {
    const { recordSize, onRecords } = this.#options;
    const producer = Number(Atomics.load(this.#producer, 0));
    let at = Number(Atomics.load(this.#consumer, 0));
    let length = 0;
    while (at < producer && length + recordSize <= this.#batch.length) {
      const offset = at % this.#size;
      const header = Atomics.load(this.#words, offset / 4);
      if (header & BUSY) break; // this record is reserved and not yet written, and those behind it wait, too
      const bytes = (header & ~DISCARDED) >>> 0;
      if (bytes === recordSize && (header & DISCARDED) === 0) {
        this.#copy((offset + HEADER) % this.#size, length);
        length += recordSize;
      } else {
        this.skipped++;
      }
      at += Math.ceil((bytes + HEADER) / 8) * 8;
    }
    try {
      if (length > 0) onRecords(this.#batch.subarray(0, length), length / recordSize);
    } finally {
      Atomics.store(this.#consumer, 0, BigInt(at));
    }
    return length / recordSize;
  }

  /** Copies a record into the batch. A record that reaches over the end of the ring goes on at its beginning. */
  #copy(from: number, to: number): void {
    const { recordSize } = this.#options;
    const copied = this.#data.copy(this.#batch, to, from, from + recordSize);
    if (copied < recordSize) this.#data.copy(this.#batch, to + copied, 0, recordSize - copied);
  }

  /** Stops reading. The records in the ring stay there for its next reader. */
  stop(): void {
    this.#polling?.close();
    this.#polling = undefined;
  }

  /** Unmaps the ring. `state` and `drain` must not be called any more. */
  close(): void {
    this.stop();
    for (const mapping of this.#mappings) mapping.unmap();
  }
}

/** Notices whether a ring is read at all: whether records were taken out between two looks. */
export class Drainage {
  readonly #ring: Pick<Ring, "state">;
  #consumer = -1;

  constructor(ring: Pick<Ring, "state">) {
    this.#ring = ring;
  }

  /** Returns false if records wait, and none was taken since the last call. */
  goesOn(): boolean {
    const { consumer, producer } = this.#ring.state();
    const goesOn = consumer === producer || consumer !== this.#consumer;
    this.#consumer = consumer;
    return goesOn;
  }
}
