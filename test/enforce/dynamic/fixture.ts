/** A state directory and a clock for tests, and rule operations on an agent that only remembers. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { OperatorAction } from "../../../audit/record.ts";
import type { RuleConfig } from "../../../agent/policy/rule.ts";
import { withDynamic } from "../../../agent/enforce/dynamic/check.ts";
import type { Clock } from "../../../agent/enforce/dynamic/clock.ts";
import { DynamicRules } from "../../../agent/enforce/dynamic/store.ts";
import type { DynamicRule } from "../../../agent/enforce/dynamic/rule.ts";
import { RuleOperations } from "../../../agent/service/rule-operations.ts";
import { compile } from "../../../agent/policy/compile.ts";
import { defaultConfig } from "../../../config/defaults.ts";

export class FakeClock implements Clock {
  boot = "first";
  seconds = 1000;
  milliseconds = Date.UTC(2026, 10, 21);
  bootSeconds = (): number => this.seconds;
  wall = (): number => this.milliseconds;

  /** Time goes by. */
  pass(seconds: number): void {
    this.seconds += seconds;
    this.milliseconds += seconds * 1000;
  }

  reboot(awaySeconds: number): void {
    this.boot += "-next";
    this.seconds = 5;
    this.milliseconds += awaySeconds * 1000;
  }
}

export class StateDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "weir-dynamic-"));
  readonly file = join(this.path, "dynamic-rules.json");
  readonly clock = new FakeClock();

  open(): DynamicRules {
    return new DynamicRules(this.path, this.clock);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

export function blockRule(name: string, more: Partial<RuleConfig> = {}): RuleConfig {
  return { name, action: "block", enforce: true, direction: "both", ...more };
}

export function dynamicRule(id: string, more: Partial<DynamicRule> = {}): DynamicRule {
  return { id, rule: blockRule(id), uid: 0, added: "2026-11-21T00:00:00.000Z", ...more };
}

export interface Bench extends Disposable {
  state: StateDirectory;
  dynamic: DynamicRules;
  operations: RuleOperations;
  fileRules: RuleConfig[];
  /** Names of the rules in force, after each change. */
  installed: string[][];
  audited: OperatorAction[];
  said: string[];
}

/** Compiles as the agent does, and installs nowhere. */
export function bench(fileRules: RuleConfig[] = []): Bench {
  const state = new StateDirectory();
  const dynamic = state.open();
  const installed: string[][] = [];
  const audited: OperatorAction[] = [];
  const said: string[] = [];
  const operations = new RuleOperations({
    dynamic,
    sets: () => ({}),
    fileRules: () => fileRules,
    async install(rules, whenCompiled) {
      const { source } = withDynamic(
        {
          config: { ...defaultConfig(), rules: fileRules },
          path: null,
          times: "",
          sourceOf: (index) => `weir.yaml:${index + 1}`,
          warnings: [],
        },
        rules,
        dynamic.clock,
      );
      const compiled = compile(source);
      await whenCompiled();
      const all = [...source.front!, ...source.rules];
      installed.push(all.map(({ name }) => name));
      return { generation: installed.length, loaded: all.length, warnings: compiled.warnings };
    },
    inTurn: (change) => change(),
    admit: () => {},
    warnOfAbsent: () => [],
    fitting: () => undefined,
    audit: { action: async (action) => audited.push(action) > 0 },
    telemetry: { changed: () => {} },
    say: (_, sentence) => said.push(sentence),
  });
  return {
    state,
    dynamic,
    operations,
    fileRules,
    installed,
    audited,
    said,
    [Symbol.dispose]() {
      operations.close();
      state[Symbol.dispose]();
    },
  };
}
