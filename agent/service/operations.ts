/** What an operator can do to a running agent. Each action is audited with who did it. */

import { counted } from "../values/count.ts";
import type { AuditWriter } from "../../audit/writer.ts";
import type { Telemetry } from "../../otel/start.ts";
import { BanOperations } from "./ban-operations.ts";
import type { BanKeeper } from "../enforce/bans/keeper.ts";
import type { Caller, ModeChange, ReloadResult } from "./contract.ts";
import { Refusal } from "../values/refusal.ts";
import { refuseTwins, withDynamic, type Written } from "../enforce/dynamic/check.ts";
import type { DynamicRules } from "../enforce/dynamic/store.ts";
import type { DynamicRule } from "../enforce/dynamic/rule.ts";
import type { Snapshot } from "../observe/events/snapshot.ts";
import type { Mode } from "../values/traffic.ts";
import type { WeirConfig } from "../../config/types.ts";
import { explainAbsent, warnOfAbsent, warnOfAbsentOverrides } from "../enforce/interfaces/absent.ts";
import type { InterfaceFollower } from "../enforce/interfaces/follow.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import { LoadThread } from "../enforce/load-thread.ts";
import type { ModeKeeper } from "../enforce/mode.ts";
import type { KindKeeper } from "../enforce/processes/keeper.ts";
import type { RuleBook } from "../enforce/rulebook.ts";
import { type Installed, RuleOperations } from "./rule-operations.ts";
import { weekSeconds } from "../policy/boot-clock.ts";
import { Endings } from "../policy/endings.ts";
import { RulesRefused } from "../policy/compile.ts";
import type { CompiledRules } from "../policy/compiled.ts";
import { copyAfter } from "../enforce/install.ts";
import type { SessionKeeper } from "../enforce/sessions.ts";
import { SetOperations } from "./set-operations.ts";
import type { SetKeeper } from "../enforce/sets/keeper.ts";
import type { SetLibrary } from "../enforce/sets/library.ts";
import { LastGood } from "../../config/last-good.ts";
import { ConfigRefused, holdsInstead, readSettings, refuseSilent, type Settings, type SettingsOptions } from "../../config/settings.ts";
import { Turns } from "../enforce/turns.ts";

export interface OperationParts {
  options: SettingsOptions;
  settings: Settings;
  plane: DataPlane;
  /** Ends the connections that only detect lets go on, and does not wait for it. */
  endBlocked(): void;
  rules: RuleBook;
  interfaces: InterfaceFollower;
  mode: ModeKeeper;
  sessions: SessionKeeper;
  dynamic: DynamicRules;
  bans: BanKeeper;
  sets: SetKeeper;
  kinds: KindKeeper;
  library: SetLibrary;
  audit: AuditWriter;
  telemetry: Telemetry;
  say(level: "info" | "warn" | "error", sentence: string): void;
}

/** In one line. */
const MOST_NAMED = 20;
/** Keys that a running agent does not change. */
const FIXED = ["audit", "otel", "logging", "state_dir", "control_socket", "hand_over_for"] as const;

export class Operations {
  /** Of the rules that are added by command. */
  readonly rules: RuleOperations;
  readonly bans: BanOperations;
  readonly sets: SetOperations;
  readonly #parts: OperationParts;
  readonly #turns = new Turns();
  /** As loaded last, and as what came of the last try. */
  #settings: Settings;
  #endings: Endings;
  #reloads = 0;
  #failures = 0;
  #loaded = Date.now();
  #error: string | null;
  /** Undefined where there is no file. */
  readonly #lastGood: LastGood | undefined;
  /** How often somebody switched to detect. */
  #switchesToDetect = 0;
  #closed = false;

  constructor(parts: OperationParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
    const { config: { rules, state_dir }, path, refused } = parts.settings;
    this.#endings = new Endings(rules);
    this.#error = refused?.problems[0] ?? null;
    if (refused !== undefined) this.#failures++;
    this.#lastGood = path === null ? undefined : new LastGood(state_dir, path);
    if (refused === undefined) void this.#lastGood?.keep(parts.settings.times);
    this.bans = new BanOperations({ ...parts, config: () => this.#settings.config });
    this.sets = new SetOperations({
      ...parts,
      config: () => this.#settings.config,
      refresh: () => parts.rules.refresh(),
      inTurn: (change) => this.#turns.take(change),
    });
    this.rules = new RuleOperations({
      ...parts,
      fileRules: () => this.#settings.config.rules,
      sets: () => this.#settings.config.sets,
      install: (dynamic, whenCompiled) => this.#installFront(dynamic, whenCompiled),
      inTurn: (change) => this.#turns.take(change),
      admit: (caller) => this.#admit(caller),
      warnOfAbsent: (rules) => warnOfAbsent(rules, parts.interfaces.present()),
      fitting: (rule) => parts.kinds.fitting(rule),
    });
  }

  /** Nothing is installed or attached any more. Resolves when the change that is under way has ended. */
  close(): Promise<void> {
    this.#closed = true;
    for (const part of [this.rules, this.bans, this.sets]) part.close();
    return this.#turns.take(async () => {});
  }

  /** For the operator. */
  get trouble(): string[] {
    const { path, refused } = this.#settings;
    const kept = this.#lastGood?.trouble ?? [];
    if (this.#error === null) return kept;
    return [`the configuration ${path} is refused, and ${refused === undefined ? "the last good rules stay in force" : holdsInstead(refused)}; mend it, as weir check ${path} tells: ${this.#error}`, ...kept];
  }

  figures(): Snapshot["config"] {
    return { path: this.#settings.path, loaded: this.#loaded, reloads: this.#reloads, failures: this.#failures, error: this.#error };
  }

  setMode(mode: Mode, caller: Caller): Promise<ModeChange> {
    return mode === "detect" ? Promise.resolve(this.#letGo(caller)) : this.#hold(caller);
  }

  /** Towards detect nothing is waited for: no change before it, no compiler, no disk. */
  #letGo(caller: Caller): ModeChange {
    const { plane, mode: keeper, dynamic, say } = this.#parts;
    const previous = plane.mode;
    this.#switchesToDetect++;
    this.#switch("detect");
    keeper.command("detect", this.#settings.config.mode).catch(() => {}); // health says so
    void this.#auditMode(caller, previous, "detect");
    if (this.#admit(caller)) {
      this.#turns.take(() => this.#installFront(dynamic.all)).catch((error: Error) => say("error", `the operator's session does not pass yet: ${error.message}`));
    }
    return { mode: "detect", previous };
  }

  /** Towards prevent the session passes first, and the disk knows. */
  #hold(caller: Caller): Promise<ModeChange> {
    const { plane, mode: keeper, dynamic } = this.#parts;
    const before = this.#switchesToDetect;
    const refuseOvertaken = (): void => {
      if (this.#switchesToDetect !== before) throw new Refusal("The mode stays detect: somebody switched to it after this was asked.", { kind: "conflict", next: "Ask again, if you still mean it." });
    };
    return this.#turns.take(async () => {
      refuseOvertaken();
      if (this.#admit(caller)) await this.#installFront(dynamic.all);
      refuseOvertaken();
      const previous = plane.mode;
      await keeper.command("prevent", this.#settings.config.mode);
      refuseOvertaken();
      this.#switch("prevent");
      await this.#auditMode(caller, previous, "prevent");
      return { mode: "prevent", previous };
    });
  }

  #auditMode({ uid, pid }: Caller, from: Mode, to: Mode): Promise<boolean> {
    return this.#parts.audit.action({ action: "MODE", uid, detail: { from, to, pid } });
  }

  /** Without a caller weir acts by itself, because the file changed. */
  reload(caller?: Caller): Promise<ReloadResult> {
    return this.#turns.take(async () => {
      const who = caller === undefined ? {} : { uid: caller.uid };
      if (caller !== undefined) this.#admit(caller);
      try {
        const result = await this.#reload();
        this.#parts.telemetry.changed("weir.rules.changed", { generation: result.generation, loaded: result.rules.loaded });
        await this.#parts.audit.action({ action: "RELOAD", ...who, detail: { generation: result.generation, rules: result.rules.loaded, enforced: result.rules.enforced } });
        return result;
      } catch (error) {
        const problems = problemsOf(error);
        this.#failures++;
        this.#error = problems[0]!;
        this.#parts.say("error", `the configuration is refused and the last good one stays in force: ${problems.join("; ")}`);
        this.#parts.telemetry.changed("weir.config.rejected", { path: this.#settings.path ?? "", error: problems[0]! });
        await this.#parts.audit.action({ action: "RELOAD-FAILED", ...who, detail: { problem: problems[0]!, problems: problems.length } });
        throw new Refusal("The configuration is refused; the last good one stays in force.", { kind: "invalid", next: "Mend the file; `weir check` shows all its problems.", details: problems, cause: error });
      }
    });
  }

  async #reload(): Promise<ReloadResult> {
    const { options, interfaces, mode, say } = this.#parts;
    await using thread = new LoadThread();
    await refuseSilent(options);
    const settings = await readSettings(options, thread.load);
    const before = this.#switchesToDetect;
    const wanted = (): Mode => {
      // Whoever let go meanwhile meant these rules, too, and they are in force before any disk answers.
      if (this.#switchesToDetect !== before) mode.command("detect", settings.config.mode).catch(() => {});
      return mode.resolve(settings.config.mode);
    };
    // Towards detect the mode goes first, towards prevent last: nothing is dropped by a mixture of the old and the new.
    const { generation, loaded, enforced, warnings: told } = await this.#installAll(settings, thread, () => wanted() === "detect" && this.#switch("detect"));
    this.#switch(wanted());
    const earlier = this.#settings.config;
    this.#settings = settings;
    this.#endings = new Endings(settings.config.rules);
    this.bans.configure();
    this.sets.configure();
    this.#reloads++;
    this.#loaded = Date.now();
    this.#error = null;
    void this.#lastGood?.keep(settings.times);
    try {
      if (!this.#closed) interfaces.configure(settings.config.interfaces);
    } catch (error) {
      say("error", `the rules are in force, but not every interface is as the file wants it: ${(error as Error).message}`);
    }
    const fixed = FIXED.filter((key) => JSON.stringify(earlier[key]) !== JSON.stringify(settings.config[key]));
    const warnings = [...settings.warnings, ...told, ...this.#absent(settings.config), ...fixed.map((key) => `${key} changed: restart weir for it to take effect`)];
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
    const { plane } = this.#parts;
    const seconds = weekSeconds(Date.now());
    if (Math.abs(seconds - plane.weekSeconds) > 1) plane.weekSeconds = seconds;
    if (!this.#endings.isStale()) return;
    const { rules } = this.#settings.config;
    const over = this.#endings.over(rules);
    this.#endings = new Endings(rules);
    void this.#turns.take(() => this.#endRules(over));
  }

  /** Those that are over are left out, and the others end when they should by the clock as it is now. */
  async #endRules(over: readonly string[]): Promise<void> {
    const { audit, telemetry, say } = this.#parts;
    try {
      await using thread = new LoadThread();
      const { generation, loaded } = await this.#installAll(this.#settings, thread, () => {});
      telemetry.changed("weir.rules.changed", { generation, loaded });
      if (over.length === 0) return;
      const named = over.length > MOST_NAMED ? `${over.slice(0, MOST_NAMED).join(",")} and ${counted(over.length - MOST_NAMED, "other")}` : over.join(",");
      say("info", `${over.length === 1 ? "the rule" : "the rules"} ${named} expired`);
      await audit.action({ action: "RULE-EXPIRED", detail: { rules: named, generation } });
    } catch (error) {
      say("error", `what rules of the file end by the clock is not up to date: ${problemsOf(error).join("; ")}`);
    }
  }

  /** Of a file that was read. `whenCompiled` runs when nothing can refuse the rules any more. */
  async #installAll(settings: Settings, thread: LoadThread, whenCompiled: () => unknown): Promise<Installed & { enforced: number }> {
    const { rules, dynamic } = this.#parts;
    const written = withDynamic(settings, dynamic.all, dynamic.clock);
    refuseTwins(settings, dynamic.all);
    const installed = await this.#install(await rules.compile(written.source, thread), written, whenCompiled);
    return { ...installed, enforced: rules.enforced };
  }

  /** Before the file's rules, which stay as they are. */
  async #installFront(dynamic: readonly DynamicRule[], whenCompiled: () => unknown = () => {}): Promise<Installed> {
    const { rules } = this.#parts;
    const written = withDynamic(this.#settings, dynamic, this.#parts.dynamic.clock);
    await using thread = new LoadThread();
    return this.#install(rules.compileFront(written.source) ?? (await rules.compile(written.source, thread)), written, whenCompiled);
  }

  async #install(compiled: CompiledRules, written: Written, whenCompiled: () => unknown): Promise<Installed> {
    const { plane, rules, sets, kinds, library, say } = this.#parts;
    if (this.#closed) throw new Error("weir is stopping");
    await whenCompiled();
    // Another front changes no sets.
    const setTransition = compiled.file.image && (await sets.prepare(await library.open(written.source.sets, sets.sets), compiled.setNumbers, copyAfter(plane.generation)));
    const kindTransition = await kinds.prepare(compiled.kinds);
    const generation = await rules.install({ ...compiled, kindsPlace: kindTransition.place }, written).catch(async (error: unknown) => {
      await setTransition?.undo();
      kindTransition.undo();
      throw error;
    });
    await setTransition?.finish();
    kindTransition.finish();
    // Of another front only its rules are new.
    const { front = [], rules: behind } = written.source;
    const resolved = kinds.resolve(compiled.file.image === undefined ? front : [...front, ...behind]);
    for (const sentence of resolved.told) say("info", sentence);
    return { generation, loaded: rules.loaded, warnings: [...compiled.warnings, ...resolved.warnings] };
  }

  /** Puts the caller's own connection under the failsafe, from the next rules on. False if he has none. */
  #admit({ session }: Caller): boolean {
    if (session !== undefined) this.#parts.sessions.admit(session).catch(() => {});
    return session !== undefined;
  }

  #switch(mode: Mode): void {
    const { plane, endBlocked, telemetry, say } = this.#parts;
    const previous = plane.mode;
    if (mode === previous) return;
    plane.mode = mode;
    endBlocked();
    telemetry.changed("weir.mode.changed", { mode, previous });
    say("warn", `the mode changed from ${previous} to ${mode}`);
  }
}

export function problemsOf(error: unknown): string[] {
  if (error instanceof ConfigRefused) return error.problems;
  if (error instanceof RulesRefused) return [...error.problems];
  return [error instanceof Error ? error.message : String(error)];
}
