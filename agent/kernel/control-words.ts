/** The words by which user space controls the programs while packets are judged: the struct control in a map of one element. */

import { Control, Mode } from "../generated/layout.ts";
import type { Jiffies } from "./jiffies.ts";
import { u32 } from "./maps.ts";
import { memberAt, openPinned, typesOf } from "./pinned-table.ts";

const NS_A_SECOND = 1_000_000_000n;

export class ControlWords {
  readonly #view: DataView;
  readonly #clock: Jiffies;

  /** `memory` is the map `control`, shared with the kernel. */
  constructor(memory: ArrayBuffer, clock: Jiffies) {
    this.#view = new DataView(memory);
    this.#clock = clock;
  }

  get generation(): number {
    return this.#view.getUint32(Control.generation, true);
  }

  /** Makes the other copy of the rule tables the one in force, with one store. */
  flip(generation: number): void {
    this.#view.setUint32(Control.generation, generation, true);
  }

  get mode(): "detect" | "prevent" {
    return this.#view.getUint32(Control.mode, true) === Mode.PREVENT ? "prevent" : "detect";
  }

  set mode(mode: "detect" | "prevent") {
    this.#view.setUint32(Control.mode, mode === "prevent" ? Mode.PREVENT : Mode.DETECT, true);
  }

  /** Sets bits of enum weir_ban_flag: whether packets have to look for bans at all. */
  setBanFlags(flags: number): void {
    this.#view.setUint32(Control.bans, flags, true);
  }

  /**
   * Bit n is set if a tunnel device leaves open what enum weir_tunnel_form says in n. If no bit is set, no packet looks for such
   * devices.
   */
  setTunnelForms(forms: number): void {
    this.#view.setUint32(Control.tunnel_forms, forms, true);
  }

  /** The seconds to add to the boot clock for the seconds since Monday 00:00, local time. */
  get weekSeconds(): number {
    return this.#view.getUint32(Control.week_seconds, true);
  }

  set weekSeconds(seconds: number) {
    this.#view.setUint32(Control.week_seconds, seconds, true);
  }

  /** The time on CLOCK_MONOTONIC, in ns, at which drops end by themselves; undefined while the mode holds for ever. */
  get releaseNs(): bigint | undefined {
    const ns = this.#view.getBigUint64(Control.release_ns, true);
    return ns === 0n ? undefined : ns;
  }

  /** From that time on nothing is dropped, whatever the mode is, also if no agent runs any more. */
  releaseAfter(seconds: number): void {
    const { jiffies, monotonicNs } = this.#clock.read();
    this.#view.setBigUint64(Control.release_ns, monotonicNs + BigInt(seconds) * NS_A_SECOND, true);
    // The current jiffy has begun already, so that many jiffies from now would end a little too early.
    const wait = seconds === 0 ? 0 : seconds * this.#clock.perSecond + 1;
    this.#view.setBigUint64(Control.release_jiffies, jiffies + BigInt(wait), true);
  }

  /** Lets the mode hold without an end. */
  holdForEver(): void {
    this.#view.setBigUint64(Control.release_jiffies, 0n, true);
    this.#view.setBigUint64(Control.release_ns, 0n, true);
  }

  /** For this time, a SYN+ACK is believed whose SYN was not seen: the SYN may have left before the programs were attached. */
  believeAnswersFor(seconds: number): void {
    this.#view.setBigUint64(Control.grace_jiffies, this.#clock.now() + BigInt(seconds * this.#clock.perSecond), true);
  }

  /** Sets whether arriving SYNs are noted, too, because not all are seen when they leave. */
  set notesArriving(on: boolean) {
    this.#view.setUint32(Control.notes_arriving, on ? 1 : 0, true);
  }
}

/** Switches the tables of another version, which are pinned in the folder, to detect. */
export function releasePinned(folder: string): void {
  const control = openPinned(folder, "control");
  const types = control === undefined ? undefined : typesOf(control.info);
  const mode = types === undefined ? undefined : memberAt(types, ["mode"]);
  if (mode !== undefined) {
    const value = control!.lookup(u32(0))!;
    value.writeUIntLE(Mode.DETECT, mode.at, mode.size);
    control!.update(u32(0), value);
  }
  control?.close();
}
