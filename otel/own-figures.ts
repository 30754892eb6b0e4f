/** Measures the agent itself. The kernel's counters are elsewhere. */

import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ConnectionEvent } from "../agent/observe/events/event.ts";
import { Durations, type DurationRow } from "./durations.ts";
import type { Delivery, Signal } from "./delivery.ts";

export interface OwnFigures {
  /** Resident memory in bytes. */
  resident_memory: number;
  /** CPU time in seconds, of all threads. */
  cpu: { user: number; system: number };
  /** The longest delay of the main thread in the last 10 to 20 seconds, in seconds. */
  event_loop_delay: number;
  durations: DurationRow[];
  deliveries: Partial<Record<Signal, Delivery>>;
}

/** The timer is coarse on purpose: a finer one would wake an idle agent for nothing. */
const DELAY_RESOLUTION_MS = 100;
const DELAY_WINDOW_MS = 10_000;

export class SelfObserver {
  readonly #durations = new Durations();
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  #windowStart = performance.now();
  #previousWindow = 0;

  constructor() {
    this.#delay.enable();
  }

  connection(connection: ConnectionEvent): void {
    this.#durations.record(connection);
  }

  figures(deliveries: OwnFigures["deliveries"]): OwnFigures {
    const cpu = process.cpuUsage();
    return {
      resident_memory: process.memoryUsage.rss(),
      cpu: { user: cpu.user / 1e6, system: cpu.system / 1e6 },
      event_loop_delay: this.#worstDelay(),
      durations: this.#durations.rows(),
      deliveries,
    };
  }

  close(): void {
    this.#delay.disable();
  }

  /** Several readers may ask. The window moves with time, so that no reader takes the maximum away from another. */
  #worstDelay(): number {
    const now = performance.now();
    // The monitor measures whole intervals, so everything beyond the resolution is delay.
    const current = Math.max(0, this.#delay.max / 1e9 - DELAY_RESOLUTION_MS / 1000);
    const worst = Math.max(this.#previousWindow, current);
    if (now - this.#windowStart >= DELAY_WINDOW_MS) {
      this.#previousWindow = current;
      this.#windowStart = now;
      this.#delay.reset();
    }
    return worst;
  }
}
