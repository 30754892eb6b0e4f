/** The way of one signal to the collector: its target, its ledger and its state. */

import { CountedExporter, type Exporter } from "./counted.ts";
import { DeliveryLedger, type Delivery, type Signal } from "./delivery.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { Target } from "./environment.ts";
import { loadExporter } from "./exporters.ts";
import type { Reach } from "./reach.ts";
import { explain, isUnreachable, type Announcer } from "./trouble.ts";

export interface SignalState extends Delivery {
  endpoint: string;
  /**
   * `waiting` until the first batch was answered or given up; `no_collector` if no address was configured and nobody listens at
   * the usual one.
   */
  state: "waiting" | "ok" | "failing" | "no_collector";
  /** A sentence about the problem; null while there is none. */
  error: string | null;
}

export class Channel {
  readonly ledger: DeliveryLedger;
  readonly #signal: Signal;
  readonly #target: Target;
  readonly #announcer: Announcer;
  readonly #reach: Reach;
  #state: SignalState["state"] = "waiting";
  #error: string | null = null;

  constructor(signal: Signal, target: Target, capacity: number, announcer: Announcer, reach: Reach) {
    this.#signal = signal;
    this.#target = target;
    this.#announcer = announcer;
    this.#reach = reach;
    this.ledger = new DeliveryLedger(capacity);
  }

  /** Returns the exporter, too, because some signals need more of it than the export. */
  async open<Batch, Inner extends Exporter<Batch>>(
    size: (batch: Batch) => number,
    diagnostics: Diagnostics,
  ): Promise<{ inner: Inner; exporter: CountedExporter<Batch> }> {
    const { exporter: inner, abandon } = await loadExporter<Batch, Inner>(this.#signal, this.#target, this.#reach);
    const exporter = new CountedExporter<Batch>(inner, {
      ledger: this.ledger,
      size,
      deadline: this.#target.deadline,
      takeRemark: () => diagnostics.takeRemark(),
      abandon,
      unreachable: () => this.#unreachable(),
      outcome: (problem) => this.#outcome(problem),
    });
    return { inner, exporter };
  }

  state(): SignalState {
    return { endpoint: this.#target.url, state: this.#state, error: this.#error, ...this.ledger.read() };
  }

  /** Finds out at once whether anybody listens. The exporter itself retries for seconds before it gives up. */
  probe(): void {
    if (this.#target.exporter === "console") return;
    this.#reach.probe(this.#target, (error) => {
      if (error !== null && this.#state === "waiting") this.#outcome(error);
    });
  }

  /** The HTTP exporters ask for each connection. gRPC makes its own, and is held back here. */
  #unreachable(): Error | undefined {
    if (this.#target.protocol === "grpc" && this.#reach.mayTry()) return undefined;
    return this.#reach.problem;
  }

  #outcome(problem: unknown): void {
    const nobody = isUnreachable(problem);
    if (this.#target.protocol === "grpc") {
      if (problem === undefined) this.#reach.reached();
      else if (nobody) this.#reach.missed(problem as Error);
    }
    this.ledger.unclaimed = nobody && !this.#target.asked;
    if (problem === undefined) {
      this.#state = "ok";
      this.#error = null;
      this.#announcer.arrived(this.#signal, this.#target, this.ledger.read().lost);
    } else {
      this.#state = this.ledger.unclaimed ? "no_collector" : "failing";
      this.#error = explain(problem, this.#target);
      this.#announcer.failed(this.#signal, this.#error);
    }
  }
}
