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
import { attachTrace } from "../kernel/trace.ts";
import type { SystemCallState } from "../observe/events/snapshot.ts";

/** With `auto`, a plain system call may take up to this many times as long. */
const MOST_TIMES = 1.25;
/** A single measurement may be wrong on a busy host, so the shortest times of this many are compared. */
const LOOKS = 3;
/** This program runs at the end of every system call of the host, so it is attached only once a 32-bit program runs. */
const EVERY_CALL = "tp_btf/sys_exit";
const END_OF_CALL = /^tracepoint\/syscalls\/sys_exit_(.+)$/;

export interface SystemCallParts {
  plane: DataPlane;
  /** The folder where links are pinned. */
  pins: string;
  wanted(): SystemCallTracing;
  say(level: "info" | "warn", sentence: string): void;
  /** Measures a plain system call. */
  measure?: () => number;
}

export class SystemCalls {
  readonly #parts: SystemCallParts;
  readonly #measure: () => number;
  #attachments: Attachment[] = [];
  #every: { program: BpfProgram; attachment?: Attachment } | undefined;
  #addedNs: number | undefined;
  #reason: string | undefined;
  #trouble: string | undefined;
  #last: SystemCallTracing | undefined;
  #change: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SystemCallParts) {
    this.#parts = parts;
    this.#measure = parts.measure ?? measureSystemCall;
  }

  get state(): SystemCallState {
    const attached = [...this.#attachments, ...(this.#every?.attachment === undefined ? [] : [this.#every.attachment])];
    return {
      state: this.#attachments.length > 0 ? "on" : "off",
      attached: attached.map(({ what }) => what.slice(what.lastIndexOf("/") + 1)),
      ...(this.#addedNs === undefined ? {} : { added_ns: Math.round(this.#addedNs) }),
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

  /** Resolves once no change is under way. */
  settled(): Promise<void> {
    return this.#change;
  }

  /** Call this once a second: 32-bit programs may have started. */
  look(): void {
    if (this.#every === undefined || this.#every.attachment !== undefined || this.#closed) return;
    if (this.#parts.plane.map("seen_32bit").lookup(u32(0))!.readUInt32LE() === 0) return;
    const { say } = this.#parts;
    try {
      this.#every.attachment = attachTrace(this.#every.program, "", this.#parts.pins);
      say("info", "a 32-bit program runs here: the ends of all system calls are looked at from now on");
    } catch (error) {
      this.#every = undefined;
      say("warn", `what 32-bit programs do is not seen at once: ${(error as Error).message}`);
    }
  }

  detach(): void {
    this.#closed = true;
    this.#detach();
  }

  /** Closes the descriptors. Everything pinned goes on. */
  close(): void {
    this.#closed = true;
    for (const attachment of this.#all()) attachment.close();
  }

  async #follow(): Promise<void> {
    const wanted = this.#parts.wanted();
    if (wanted === this.#last || this.#closed) return;
    this.#last = wanted;
    this.#trouble = undefined;
    this.#reason = undefined;
    if (wanted === "off") return this.#detach();
    try {
      const programs = await this.#parts.plane.callPrograms();
      if (this.#closed) return;
      if (wanted === "on") this.#addedNs = this.#timed(programs, 1).added;
      else this.#decide(programs);
    } catch (error) {
      this.#detach();
      this.#reason = (error as Error).message;
      if (wanted === "on") this.#trouble = `system calls are not traced: ${this.#reason}`;
      else this.#parts.say("info", `system calls are not traced: ${this.#reason}`);
    }
  }

  #decide(programs: readonly BpfProgram[]): void {
    const { before, added } = this.#timed(programs, LOOKS);
    this.#addedNs = added;
    if (before + added <= before * MOST_TIMES) return;
    this.#detach();
    this.#reason = `a plain system call takes ${Math.round(before + added)} ns with them, and ${Math.round(before)} ns without`;
    this.#parts.say("warn", `system calls are not traced: ${this.#reason}; set probes.system_calls: on to trace them all the same`);
  }

  /** Attaches and measures them. They stay attached. If they seem to cost too much, it measures again. */
  #timed(programs: readonly BpfProgram[], looks: number): { before: number; added: number } {
    let [before, after] = [Infinity, Infinity];
    for (let look = 0; look < looks; look++) {
      if (this.#attachments.length > 0) this.#detach();
      before = Math.min(before, this.#measure());
      this.#attach(programs);
      after = Math.min(after, this.#measure());
      if (after <= before * MOST_TIMES) break;
    }
    return { before, added: Math.max(0, after - before) };
  }

  #attach(programs: readonly BpfProgram[]): void {
    const { plane, pins } = this.#parts;
    for (const program of programs)
      if (program.section === EVERY_CALL) this.#every = { program };
      else this.#attachments.push(attachTrace(program, "", pins));
    const traced = this.#attachments.reduce((bits, { what }) => bits | bitOf(what), 0);
    plane.map("traced_calls").update(u32(0), u32(traced));
  }

  #detach(): void {
    this.#parts.plane.map("traced_calls").update(u32(0), u32(0));
    for (const attachment of this.#all()) attachment.detach();
    this.#attachments = [];
    this.#every = undefined;
  }

  #all(): Attachment[] {
    return this.#every?.attachment === undefined ? this.#attachments : [...this.#attachments, this.#every.attachment];
  }
}

/** Returns the bit in `traced_calls`. */
function bitOf(section: string): number {
  const name = END_OF_CALL.exec(section)?.[1];
  const number = name === undefined ? Call.NONE : CallNames.indexOf(name);
  return number <= Call.NONE ? 0 : 1 << number;
}
