/** Switches between detect and prevent, by command or because the file says so. */

import type { AuditWriter } from "../../audit/writer.ts";
import type { Telemetry } from "../../otel/start.ts";
import type { ModeKeeper } from "../enforce/mode.ts";
import type { ControlWords } from "../kernel/control-words.ts";
import { Refusal } from "../values/refusal.ts";
import type { Mode } from "../values/traffic.ts";
import type { Caller, ModeChange, ModeControl } from "./contract.ts";
import type { Asked } from "./requests/requests.ts";

export interface ModeOperationParts {
  plane: { control: Pick<ControlWords, "mode"> };
  keeper: ModeKeeper;
  /** Returns the mode that the file says. */
  fileMode(): Mode;
  /** The caller's own connection passes once the rules are installed again. Returns false if the caller has none. */
  admit(caller: Caller): boolean;
  /** Installs the rules of now again. */
  installAgain(): Promise<unknown>;
  /** Runs a change of rules once all before it have ended. */
  inTurn<T>(change: () => Promise<T>): Promise<T>;
  /** Ends the connections that only detect lets go on, and does not wait for it. */
  endBlocked(): void;
  audit: Pick<AuditWriter, "action">;
  telemetry: Pick<Telemetry, "changed">;
  say(level: "warn" | "error", sentence: string): void;
}

export class ModeOperations implements ModeControl {
  readonly #parts: ModeOperationParts;
  /** How often somebody switched to detect. */
  #switchesToDetect = 0;

  constructor(parts: ModeOperationParts) {
    this.#parts = parts;
  }

  set({ mode }: Asked<"setMode">, caller: Caller): Promise<ModeChange> {
    return mode === "detect" ? Promise.resolve(this.#letGo(caller)) : this.#hold(caller);
  }

  /** Returns a function that answers which mode goes with a file that says `file`. */
  wantedWith(file: Mode): () => Mode {
    const { keeper } = this.#parts;
    const before = this.#switchesToDetect;
    return () => {
      // Whoever let go meanwhile meant these rules, too, and they are in force before any disk answers.
      if (this.#switchesToDetect !== before) keeper.command("detect", file).catch(() => {});
      return keeper.resolve(file);
    };
  }

  switchTo(mode: Mode): void {
    const { plane, endBlocked, telemetry, say } = this.#parts;
    const previous = plane.control.mode;
    if (mode === previous) return;
    plane.control.mode = mode;
    endBlocked();
    telemetry.changed("weir.mode.changed", { mode, previous });
    say("warn", `the mode changed from ${previous} to ${mode}`);
  }

  /** Towards detect nothing is waited for: no change before it, no compiler, no disk. */
  #letGo(caller: Caller): ModeChange {
    const { plane, keeper, fileMode, admit, installAgain, inTurn, say } = this.#parts;
    const previous = plane.control.mode;
    this.#switchesToDetect++;
    this.switchTo("detect");
    keeper.command("detect", fileMode()).catch(() => {}); // health says so
    void this.#auditMode(caller, previous, "detect");
    if (admit(caller)) {
      inTurn(installAgain).catch((error: Error) => say("error", `the operator's session does not pass yet: ${error.message}`));
    }
    return { mode: "detect", previous };
  }

  /** Towards prevent the session passes first, and the disk knows. */
  #hold(caller: Caller): Promise<ModeChange> {
    const { plane, keeper, fileMode, admit, installAgain, inTurn } = this.#parts;
    const before = this.#switchesToDetect;
    const refuseOvertaken = (): void => {
      if (this.#switchesToDetect !== before)
        throw new Refusal("The mode stays detect: somebody switched to it after this was asked.", {
          kind: "conflict",
          next: "Ask again, if you still mean it.",
        });
    };
    return inTurn(async () => {
      refuseOvertaken();
      if (admit(caller)) await installAgain();
      refuseOvertaken();
      const previous = plane.control.mode;
      await keeper.command("prevent", fileMode());
      refuseOvertaken();
      this.switchTo("prevent");
      await this.#auditMode(caller, previous, "prevent");
      return { mode: "prevent", previous };
    });
  }

  #auditMode({ uid, pid }: Caller, from: Mode, to: Mode): Promise<boolean> {
    return this.#parts.audit.action({ action: "MODE", uid, detail: { from, to, pid } });
  }
}
