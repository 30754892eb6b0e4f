/** One signal's way to the collector: its target, its ledger and how it is doing. */

import { connect } from "node:net";
import { CountedExporter, type Exporter } from "./counted.ts";
import { Ledger, type Delivery, type Signal } from "./delivery.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { Target } from "./environment.ts";
import { loadExporter } from "./exporters.ts";
import { explain, type Announcer } from "./trouble.ts";

export interface SignalState extends Delivery {
  endpoint: string;
  /** `waiting` until the first batch has been answered or given up. */
  state: "waiting" | "ok" | "failing";
  /** What is wrong, in a sentence; null while nothing is. */
  error: string | null;
}

export class Channel {
  readonly ledger: Ledger;
  readonly #signal: Signal;
  readonly #target: Target;
  readonly #announcer: Announcer;
  #state: SignalState["state"] = "waiting";
  #error: string | null = null;

  constructor(signal: Signal, target: Target, capacity: number, announcer: Announcer) {
    this.#signal = signal;
    this.#target = target;
    this.#announcer = announcer;
    this.ledger = new Ledger(capacity);
  }

  /** Answers the exporter too: some signals ask it for more than to export. */
  async open<Batch, Inner extends Exporter<Batch>>(
    size: (batch: Batch) => number, diagnostics: Diagnostics,
  ): Promise<{ inner: Inner; exporter: CountedExporter<Batch> }> {
    const { exporter: inner, abandon } = await loadExporter<Batch, Inner>(this.#signal, this.#target);
    const exporter = new CountedExporter<Batch>(inner, {
      ledger: this.ledger,
      size,
      deadline: this.#target.deadline,
      takeRemark: () => diagnostics.takeRemark(),
      abandon,
      outcome: (problem) => this.#outcome(problem),
    });
    return { inner, exporter };
  }

  state(): SignalState {
    return { endpoint: this.#target.url, state: this.#state, error: this.#error, ...this.ledger.read() };
  }

  /** The exporter retries for seconds before it gives up; whether anybody listens at all can be told at once. */
  probe(): void {
    if (this.#target.exporter === "console") return;
    const { hostname, port, protocol } = new URL(this.#target.url);
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || (protocol === "https:" ? 443 : 80) });
    socket.unref();
    socket.once("connect", () => socket.destroy());
    socket.once("error", (error) => {
      if (this.#state === "waiting") this.#outcome(error);
    });
  }

  #outcome(problem: unknown): void {
    if (problem === undefined) {
      this.#state = "ok";
      this.#error = null;
      this.#announcer.arrived(this.#signal, this.#target, this.ledger.read().lost);
    } else {
      this.#state = "failing";
      this.#error = explain(problem, this.#target);
      this.#announcer.failed(this.#signal, this.#error);
    }
  }
}
