/**
 * Attaches and detaches the programs at the tracepoints of system calls while the agent runs, and measures what they cost. One of
 * them makes every system call of the host slower, so with `auto` the start measures how much.
 */

import type { SystemCallTracing } from "../../config/types.ts";
import { Call, CallNames } from "../generated/layout.ts";
import type { Attachment } from "../kernel/attachment.ts";
import { measureSystemCall } from "../kernel/call-cost.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import { u32 } from "../kernel/maps.ts";
import type { BpfProgram } from "../kernel/program.ts";
import { attachTrace, tracepointOf } from "../kernel/trace.ts";
import type { SystemCallState } from "../observe/events/snapshot.ts";

/** With `auto`, a plain system call may take up to this many times as long. */
const MOST_TIMES = 1.25;
/** A single measurement may be wrong on a busy host, so the shortest times of this many are compared. */
const LOOKS = 3;
/** This program runs at the end of every system call of the host, so it is attached only once a 32-bit program runs. */
const EVERY_CALL = "tp_btf/sys_exit";
const END_OF_CALL = /^tracepoint\/syscalls\/sys_exit_(.+)$/;

export interface SystemCallParts {
  plane: Pick<DataPlane, "callPrograms" | "map">;
  /** The folder where links are pinned. */
  pins: string;
  wanted(): SystemCallTracing;
  say(level: "info" | "warn", sentence: string): void;
  /** Measures a plain system call. Returns nanoseconds. */
  measure?: () => number;
  attach?: (program: BpfProgram, pins: string) => Attachment;
}

/** Nanoseconds of a plain system call, without the programs and with them. */
interface Cost {
  before: number;
  after: number;
}

export class SystemCalls {
  readonly #parts: SystemCallParts;
  readonly #measure: () => number;
  readonly #attachOne: (program: BpfProgram, pins: string) => Attachment;
  #attachments: Attachment[] = [];
  /** The program that sees 32-bit calls, while it may be needed. */
  #every: BpfProgram | undefined;
  #everyAttached: Attachment | undefined;
  #cost: Cost | undefined;
  #reason: string | undefined;
  #trouble: string | undefined;
  #last: SystemCallTracing | undefined;
  #change: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SystemCallParts) {
    this.#parts = parts;
    this.#measure = parts.measure ?? measureSystemCall;
    this.#attachOne = parts.attach ?? ((program, pins) => attachTrace(program, "", pins));
  }

  get state(): SystemCallState {
    return {
      state: this.#attachments.length > 0 ? "on" : "off",
      attached: this.#all().map(tracepointOf),
      ...(this.#cost === undefined ? {} : { added_ns: Math.round(addedBy(this.#cost)) }),
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
    };
  }

  /** Tells the operator that the programs were asked for and cannot be attached. */
  get trouble(): string[] {
    return this.#trouble === undefined ? [] : [this.#trouble];
  }

  /** Applies the configuration of now. */
  configure(): void {
    this.#change = this.#change.then(() => this.#follow());
  }

  /** Call this once a second: 32-bit programs may have started. */
  look(): void {
    if (this.#every === undefined || this.#everyAttached !== undefined || this.#closed) return;
    if (this.#parts.plane.map("seen_32bit").lookup(u32(0))!.readUInt32LE() === 0) return;
    const { say, pins } = this.#parts;
    try {
      this.#everyAttached = this.#attachOne(this.#every, pins);
      this.#writeTraced();
      this.#weighEvery();
      say("info", "a 32-bit program runs on this host: from now on weir's program also runs at the end of every system call");
    } catch (error) {
      this.#detachEvery();
      this.#every = undefined;
      say("warn", `sockets of 32-bit programs are seen late: ${(error as Error).message}`);
    }
  }

  /** Ends the tracing, or leaves to the next agent what is pinned. It waits for a change that is under way, and cuts it short. */
  async stop(keepsPinned: boolean): Promise<void> {
    this.#closed = true;
    await this.#change;
    if (keepsPinned) for (const attachment of this.#all()) attachment.close();
    else this.#detach();
  }

  async #follow(): Promise<void> {
    const wanted = this.#parts.wanted();
    if (wanted === this.#last || this.#closed) return;
    this.#last = wanted;
    this.#trouble = undefined;
    this.#reason = undefined;
    try {
      if (wanted === "off") return this.#detach();
      if (this.#attachments.length === 0) this.#writeTraced(); // an agent before may have left another word
      const programs = await this.#parts.plane.callPrograms();
      if (this.#closed) return;
      // The programs that are attached already stay, so that there is no gap.
      if (this.#attachments.length > 0 && (wanted === "on" || isCheap(this.#cost!))) return;
      this.#cost = this.#weigh(programs, wanted === "on" ? 1 : LOOKS);
      if (wanted === "auto" && !isCheap(this.#cost)) this.#giveUp(this.#cost);
    } catch (error) {
      this.#reason = (error as Error).message;
      if (wanted === "on") this.#trouble = `system calls are not traced: ${this.#reason}`;
      else this.#parts.say("info", `system calls are not traced: ${this.#reason}`);
      this.#detach();
    }
  }

  #giveUp(cost: Cost): void {
    this.#detach();
    this.#reason = sentenceOf(cost);
    this.#parts.say("warn", `system calls are not traced: ${this.#reason}; set probes.system_calls: on to trace them all the same`);
  }

  /** Attaches and measures them. They stay attached. If they seem to cost too much, it measures again. */
  #weigh(programs: readonly BpfProgram[], looks: number): Cost {
    const cost: Cost = { before: Infinity, after: Infinity };
    for (let look = 0; look < looks; look++) {
      if (this.#attachments.length > 0) this.#detach();
      cost.before = Math.min(cost.before, this.#measure());
      this.#attach(programs);
      cost.after = Math.min(cost.after, this.#measure());
      if (isCheap(cost)) break;
    }
    return cost;
  }

  /** Measures again with the program that sees 32-bit calls. Throws if that is too much. */
  #weighEvery(): void {
    const cost = { before: this.#cost!.before, after: Infinity };
    for (let look = 0; look < LOOKS && !isCheap(cost); look++) cost.after = Math.min(cost.after, this.#measure());
    if (this.#last === "auto" && !isCheap(cost)) throw new Error(sentenceOf(cost));
    this.#cost = cost;
  }

  #attach(programs: readonly BpfProgram[]): void {
    for (const program of programs)
      if (program.section === EVERY_CALL) this.#every = program;
      else this.#attachments.push(this.#attachOne(program, this.#parts.pins));
    this.#writeTraced();
  }

  #detach(): void {
    const attachments = this.#all();
    this.#attachments = [];
    this.#every = this.#everyAttached = undefined;
    this.#writeTraced();
    for (const attachment of attachments) this.#detachOne(attachment);
  }

  #detachEvery(): void {
    const attachment = this.#everyAttached;
    this.#everyAttached = undefined;
    this.#writeTraced();
    if (attachment !== undefined) this.#detachOne(attachment);
  }

  #detachOne(attachment: Attachment): void {
    try {
      attachment.detach();
    } catch (error) {
      this.#parts.say("warn", `${attachment.what} is still attached: ${(error as Error).message}`);
    }
  }

  /** Tells the programs of the kernel which calls they see the end of. */
  #writeTraced(): void {
    const bits = this.#attachments.reduce((all, { what }) => all | bitOf(what), this.#everyAttached === undefined ? 0 : 1 << Call.NONE);
    this.#parts.plane.map("traced_calls").update(u32(0), u32(bits));
  }

  #all(): Attachment[] {
    return this.#everyAttached === undefined ? this.#attachments : [...this.#attachments, this.#everyAttached];
  }
}

const isCheap = ({ before, after }: Cost): boolean => after <= before * MOST_TIMES;

const addedBy = ({ before, after }: Cost): number => Math.max(0, after - before);

const sentenceOf = ({ before, after }: Cost): string =>
  `a plain system call takes ${Math.round(after)} ns with them, and ${Math.round(before)} ns without`;

/** Returns the bit in `traced_calls`. */
function bitOf(section: string): number {
  const name = END_OF_CALL.exec(section)?.[1];
  const number = name === undefined ? Call.NONE : CallNames.indexOf(name);
  return number <= Call.NONE ? 0 : 1 << number;
}
