/** Loads the configuration again when it changed, and ends the rules of the file whose time is over. */

import type { AuditWriter } from "../../audit/writer.ts";
import { ConfigRefused, readSettings, refuseSilent, type SettingsOptions } from "../../config/settings.ts";
import type { WeirConfig } from "../../config/types.ts";
import type { Telemetry } from "../../otel/start.ts";
import { explainAbsent, warnOfAbsent, warnOfAbsentOverrides } from "../enforce/interfaces/absent.ts";
import type { InterfaceFollower } from "../enforce/interfaces/follow.ts";
import { LoadThread } from "../enforce/load-thread.ts";
import type { ControlWords } from "../kernel/control-words.ts";
import { weekSeconds } from "../policy/boot-clock.ts";
import { RulesRefused } from "../policy/compile.ts";
import { Endings } from "../policy/endings.ts";
import { counted } from "../values/count.ts";
import { Refusal } from "../values/refusal.ts";
import type { ConfigInForce } from "./config-in-force.ts";
import type { Caller, ConfigControl, ReloadResult } from "./contract.ts";
import type { Installation } from "./installation.ts";
import type { ModeOperations } from "./mode-operations.ts";

export interface ConfigOperationParts {
  options: SettingsOptions;
  inForce: ConfigInForce;
  installation: Pick<Installation, "all">;
  mode: Pick<ModeOperations, "wantedWith" | "switchTo">;
  plane: { control: Pick<ControlWords, "weekSeconds"> };
  interfaces: Pick<InterfaceFollower, "configure" | "absent" | "present">;
  /** These follow another configuration. */
  followers: readonly { configure(): void }[];
  /** The caller's own connection passes from the next rules on. */
  admit(caller: Caller): void;
  /** Runs a change of rules once all before it have ended. */
  inTurn<T>(change: () => Promise<T>): Promise<T>;
  audit: Pick<AuditWriter, "action">;
  telemetry: Pick<Telemetry, "changed">;
  say(level: "info" | "warn" | "error", sentence: string): void;
}

/** So many rules are named in one line. */
const MOST_NAMED = 20;
/** Keys that a running agent does not change. */
const FIXED = ["audit", "otel", "logging", "state_dir", "control_socket", "hand_over_for"] as const;

export class ConfigOperations implements ConfigControl {
  readonly #parts: ConfigOperationParts;
  #endings: Endings;
  #closed = false;

  constructor(parts: ConfigOperationParts) {
    this.#parts = parts;
    this.#endings = new Endings(parts.inForce.config.rules);
    parts.inForce.keep();
  }

  /** Nothing is attached any more. */
  close(): void {
    this.#closed = true;
  }

  /** Without a caller weir acts by itself, because the file changed. */
  reload(caller?: Caller): Promise<ReloadResult> {
    const { inForce, admit, inTurn, audit, telemetry, say } = this.#parts;
    return inTurn(async () => {
      const who = caller === undefined ? {} : { uid: caller.uid };
      if (caller !== undefined) admit(caller);
      try {
        const result = await this.#reload();
        telemetry.changed("weir.rules.changed", { generation: result.generation, loaded: result.rules.loaded });
        await audit.action({
          action: "RELOAD",
          ...who,
          detail: { generation: result.generation, rules: result.rules.loaded, enforced: result.rules.enforced },
        });
        return result;
      } catch (error) {
        const problems = problemsOf(error);
        inForce.refused(problems[0]!);
        say("error", `the configuration is refused and the last good one stays in force: ${problems.join("; ")}`);
        telemetry.changed("weir.config.rejected", { path: inForce.settings.path ?? "", error: problems[0]! });
        await audit.action({ action: "RELOAD-FAILED", ...who, detail: { problem: problems[0]!, problems: problems.length } });
        throw new Refusal("The configuration is refused; the last good one stays in force.", {
          kind: "invalid",
          next: "Mend the file; `weir check` shows all its problems.",
          details: problems,
          cause: error,
        });
      }
    });
  }

  async #reload(): Promise<ReloadResult> {
    const { options, inForce, installation, interfaces, mode, followers, say } = this.#parts;
    await using thread = new LoadThread();
    await refuseSilent(options);
    const settings = await readSettings(options, thread.load);
    const wanted = mode.wantedWith(settings.config.mode);
    // Towards detect the mode goes first, towards prevent last: nothing is dropped by a mixture of the old and the new.
    const {
      generation,
      loaded,
      enforced,
      warnings: told,
    } = await installation.all(settings, thread, () => wanted() === "detect" && mode.switchTo("detect"));
    mode.switchTo(wanted());
    const earlier = inForce.config;
    inForce.take(settings);
    this.#endings = new Endings(settings.config.rules);
    for (const follower of followers) follower.configure();
    inForce.taken();
    try {
      if (!this.#closed) interfaces.configure(settings.config.interfaces);
    } catch (error) {
      say("error", `the rules are in force, but not every interface is as the file wants it: ${(error as Error).message}`);
    }
    const fixed = FIXED.filter((key) => JSON.stringify(earlier[key]) !== JSON.stringify(settings.config[key]));
    const warnings = [
      ...settings.warnings,
      ...told,
      ...this.#absent(settings.config),
      ...fixed.map((key) => `${key} changed: restart weir for it to take effect`),
    ];
    for (const warning of warnings) say("warn", warning);
    return { generation, rules: { loaded, enforced }, warnings };
  }

  #absent({ interfaces: config, rules }: WeirConfig): string[] {
    const { interfaces } = this.#parts;
    const includes = interfaces.absent().map((absent) => explainAbsent(absent, "weir watches it as soon as it appears"));
    return [...includes, ...warnOfAbsentOverrides(config, interfaces.present()), ...warnOfAbsent(rules, interfaces.present())];
  }

  /** To be called every second: the kernel goes on with the local week as it was told, and ends rules by its own clock. */
  keepTime(): void {
    const { plane, inForce, inTurn } = this.#parts;
    const seconds = weekSeconds(Date.now());
    if (Math.abs(seconds - plane.control.weekSeconds) > 1) plane.control.weekSeconds = seconds;
    if (!this.#endings.isStale()) return;
    const { rules } = inForce.config;
    const over = this.#endings.over(rules);
    this.#endings = new Endings(rules);
    void inTurn(() => this.#endRules(over));
  }

  /** Those that are over are left out, and the others end when they should by the clock as it is now. */
  async #endRules(over: readonly string[]): Promise<void> {
    const { inForce, installation, audit, telemetry, say } = this.#parts;
    try {
      await using thread = new LoadThread();
      const { generation, loaded } = await installation.all(inForce.settings, thread, () => {});
      telemetry.changed("weir.rules.changed", { generation, loaded });
      if (over.length === 0) return;
      const named =
        over.length > MOST_NAMED
          ? `${over.slice(0, MOST_NAMED).join(",")} and ${counted(over.length - MOST_NAMED, "other")}`
          : over.join(",");
      say("info", `${over.length === 1 ? "the rule" : "the rules"} ${named} expired`);
      await audit.action({ action: "RULE-EXPIRED", detail: { rules: named, generation } });
    } catch (error) {
      say("error", `what rules of the file end by the clock is not up to date: ${problemsOf(error).join("; ")}`);
    }
  }
}

function problemsOf(error: unknown): string[] {
  if (error instanceof ConfigRefused) return error.problems;
  if (error instanceof RulesRefused) return [...error.problems];
  return [error instanceof Error ? error.message : String(error)];
}
