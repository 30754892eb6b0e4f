/**
 * Tells the kernel how the agent stops. There are two ways. Either the agent lets go: from that moment on nothing is dropped, and
 * programs and tables are removed. Or it hands over: the next agent finds both in force, and if none comes, the kernel itself
 * lets everything pass after a time. See `is_preventing` in probes/decide/outcome.h.
 */

import type { Log } from "./log.ts";
import type { ControlWords } from "../kernel/control-words.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import type { Signals } from "./signals.ts";
import { startIsQueued } from "./systemd-job.ts";

export type OnStop = "detach" | "hand-over";

export interface FarewellOptions {
  onStop: OnStop;
  /** The agent's systemd unit. It hands over only if systemd is going to start that unit again. */
  unit: string | undefined;
  /** The seconds after which the kernel itself lets everything pass. */
  handOverFor: number;
}

type Plane = Pick<DataPlane, "releaseOthers"> & { control: Pick<ControlWords, "releaseAfter" | "holdForEver"> };

export class Farewell {
  readonly #plane: Plane;
  readonly #options: FarewellOptions;
  readonly #log: Pick<Log, "info" | "warn">;
  /** Resolves when the kernel has been told. */
  readonly said: Promise<void>;
  #began = false;
  /** True once nothing may be handed over any more. */
  #insisted = false;
  #finished = false;
  #until: Date | undefined;

  constructor(plane: Plane, signals: Pick<Signals, "ended" | "insisted">, options: FarewellOptions, log: Pick<Log, "info" | "warn">) {
    this.#plane = plane;
    this.#options = options;
    this.#log = log;
    this.said = signals.ended.then(() => this.#say());
    void signals.insisted.then(() => this.#insist());
  }

  /** The time until which the rules stay in force; undefined if they end with this agent. */
  get until(): Date | undefined {
    return this.#until;
  }

  /** Call this once this agent has taken over from an earlier one. */
  takeOver(): void {
    if (!this.#began) this.#plane.control.holdForEver();
  }

  /** Call this when the tables are about to be closed: their state stays as it is. */
  finish(): Date | undefined {
    this.#finished = true;
    return this.#until;
  }

  async #say(): Promise<void> {
    this.#began = true;
    if ((await this.#handsOver()) && !this.#insisted) this.#handOver();
    else this.#letGo();
  }

  #handOver(): void {
    const { handOverFor } = this.#options;
    try {
      this.#plane.control.releaseAfter(handOverFor);
    } catch (error) {
      this.#log.warn(`the kernel did not take the deadline, so nothing is handed over: ${(error as Error).message}`);
      return this.#letGo();
    }
    this.#until = new Date(Date.now() + handOverFor * 1000);
    this.#log.info(
      `handing over: the rules stay in force until another agent takes them over, at most until ${this.#until.toISOString()} (${handOverFor} s); weir detach ends it at once`,
    );
  }

  async #handsOver(): Promise<boolean> {
    const { onStop, unit } = this.#options;
    if (onStop === "detach" || unit === undefined) return onStop === "hand-over";
    try {
      if (await startIsQueued(unit)) return true;
      this.#log.info(`systemd is not going to start ${unit} again, so nothing is handed over`);
    } catch (error) {
      this.#log.warn(`systemd did not say whether it will start ${unit} again, so nothing is handed over: ${(error as Error).message}`);
    }
    return false;
  }

  #insist(): void {
    if (this.#finished) return;
    this.#insisted = true;
    this.#letGo();
  }

  /** The stop goes on if this fails: nothing is dropped once all programs are detached. */
  #letGo(): void {
    this.#until = undefined;
    try {
      this.#plane.control.releaseAfter(0);
      this.#plane.releaseOthers();
    } catch (error) {
      this.#log.warn(`the rules stay in force until everything is detached: ${(error as Error).message}`);
    }
  }
}
