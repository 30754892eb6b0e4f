/** Knows the configuration that was loaded last, and what came of the last try to load one. */

import { LastGood } from "../../config/last-good.ts";
import { holdsInstead, type Settings } from "../../config/settings.ts";
import type { WeirConfig } from "../../config/types.ts";
import type { Snapshot } from "../observe/events/snapshot.ts";

export class ConfigInForce {
  #settings: Settings;
  #reloads = 0;
  #failures = 0;
  #loaded = Date.now();
  #error: string | null;
  /** It is undefined where there is no file. */
  readonly #lastGood: LastGood | undefined;

  constructor(settings: Settings) {
    const { config, path, refused } = settings;
    this.#settings = settings;
    this.#error = refused?.problems[0] ?? null;
    if (refused !== undefined) this.#failures++;
    this.#lastGood = path === null ? undefined : new LastGood(config.state_dir, path);
  }

  get settings(): Settings {
    return this.#settings;
  }

  get config(): WeirConfig {
    return this.#settings.config;
  }

  /** Keeps a copy for a start whose file is refused, unless this one was refused itself. */
  keep(): void {
    if (this.#settings.refused === undefined) void this.#lastGood?.keep(this.#settings.times);
  }

  /** Another configuration is in force. */
  take(settings: Settings): void {
    this.#settings = settings;
  }

  /** All that depends on the configuration follows the new one. */
  taken(): void {
    this.#reloads++;
    this.#loaded = Date.now();
    this.#error = null;
    this.keep();
  }

  /** The file as it is now was refused. */
  refused(problem: string): void {
    this.#failures++;
    this.#error = problem;
  }

  /** Says to the operator why what the file says now is not in force. */
  get trouble(): string[] {
    const { path, refused } = this.#settings;
    const kept = this.#lastGood?.trouble ?? [];
    if (this.#error === null) return kept;
    return [
      `the configuration ${path} is refused, and ${refused === undefined ? "the last good rules stay in force" : holdsInstead(refused)}; mend it, as weir check ${path} tells: ${this.#error}`,
      ...kept,
    ];
  }

  figures(): Snapshot["config"] {
    return { path: this.#settings.path, loaded: this.#loaded, reloads: this.#reloads, failures: this.#failures, error: this.#error };
  }
}
