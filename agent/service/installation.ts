/** Puts other rules in force, together with the sets and the processes that they name. */

import type { Settings } from "../../config/settings.ts";
import { refuseTwins, withDynamic, type WrittenRules } from "../enforce/dynamic/check.ts";
import type { DynamicRule } from "../enforce/dynamic/rule.ts";
import type { DynamicRules } from "../enforce/dynamic/store.ts";
import { copyAfter } from "../enforce/install.ts";
import { LoadThread } from "../enforce/load-thread.ts";
import type { KindKeeper } from "../enforce/processes/keeper.ts";
import type { RuleBook } from "../enforce/rulebook.ts";
import type { SetKeeper } from "../enforce/sets/keeper.ts";
import type { SetLibrary } from "../enforce/sets/library.ts";
import type { ControlWords } from "../kernel/control-words.ts";
import type { CompiledRules } from "../policy/compiled.ts";
import type { Installed } from "./rule-operations.ts";

export interface InstallationParts {
  plane: { control: Pick<ControlWords, "generation"> };
  /** The rules added by command, which are tried before those of the file. */
  dynamic: DynamicRules;
  rules: RuleBook;
  sets: SetKeeper;
  library: SetLibrary;
  kinds: KindKeeper;
  say(level: "info", sentence: string): void;
}

/** Calls must follow each other: see Turns. */
export class Installation {
  readonly #parts: InstallationParts;
  #closed = false;

  constructor(parts: InstallationParts) {
    this.#parts = parts;
  }

  /** Nothing is installed any more. */
  close(): void {
    this.#closed = true;
  }

  /** Installs the rules of a file that was read, behind those added by command. `whenCompiled` runs when nothing can refuse the rules any more. */
  async all(settings: Settings, thread: LoadThread, whenCompiled: () => unknown): Promise<Installed & { enforced: number }> {
    const { rules, dynamic } = this.#parts;
    const written = withDynamic(settings, dynamic.all, dynamic.clock);
    refuseTwins(settings, dynamic.all);
    const installed = await this.#install(await rules.compile(written.source, thread), written, whenCompiled);
    return { ...installed, enforced: rules.enforced };
  }

  /** Installs other rules before those of the file, which stay as they are. */
  async front(settings: Settings, dynamic: readonly DynamicRule[], whenCompiled: () => unknown = () => {}): Promise<Installed> {
    const { rules } = this.#parts;
    const written = withDynamic(settings, dynamic, this.#parts.dynamic.clock);
    await using thread = new LoadThread();
    return this.#install(rules.compileFront(written.source) ?? (await rules.compile(written.source, thread)), written, whenCompiled);
  }

  async #install(compiled: CompiledRules, written: WrittenRules, whenCompiled: () => unknown): Promise<Installed> {
    const { plane, rules, sets, kinds, library, say } = this.#parts;
    if (this.#closed) throw new Error("weir is stopping");
    await whenCompiled();
    // Another front changes no sets.
    const setTransition =
      compiled.file.image &&
      (await sets.prepare(await library.open(written.source.sets, sets.sets), compiled.setNumbers, copyAfter(plane.control.generation)));
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
    for (const sentence of resolved.facts) say("info", sentence);
    return { generation, loaded: rules.loaded, warnings: [...compiled.warnings, ...resolved.warnings] };
  }
}
