/**
 * Makes the operations by which operators command the agent. Each gets the parts that it needs, and all that change rules wait
 * for each other.
 */

import type { AuditWriter } from "../../audit/writer.ts";
import type { Enforcement } from "../enforce/enforcement.ts";
import { warnOfAbsent } from "../enforce/interfaces/absent.ts";
import type { InterfaceFollower } from "../enforce/interfaces/follow.ts";
import type { SystemCalls } from "../enforce/system-calls.ts";
import { Turns } from "../enforce/turns.ts";
import { admit } from "../service/admission.ts";
import { BanOperations } from "../service/ban-operations.ts";
import type { ConfigInForce } from "../service/config-in-force.ts";
import { ConfigOperations } from "../service/config-operations.ts";
import type { Caller } from "../service/contract.ts";
import { Installation } from "../service/installation.ts";
import { ModeOperations } from "../service/mode-operations.ts";
import { RuleOperations } from "../service/rule-operations.ts";
import { SetOperations } from "../service/set-operations.ts";
import type { Ground } from "./ground.ts";
import type { News } from "./news.ts";
import { endAllBlocked, type Observation } from "./observing.ts";

export interface Operations {
  mode: ModeOperations;
  config: ConfigOperations;
  rules: RuleOperations;
  bans: BanOperations;
  sets: SetOperations;
  /** Stops all installing and attaching. */
  close(): void;
  /** Resolves when the changes under way have ended. */
  settled(): Promise<void>;
}

export function operationsOf(
  { options, plane, library, dynamic, log }: Ground,
  enforcement: Enforcement,
  observation: Observation,
  interfaces: InterfaceFollower,
  inForce: ConfigInForce,
  systemCalls: SystemCalls,
  audit: AuditWriter,
  news: News,
): Operations {
  const { rules: book, sets: members, kinds, sessions, mode: keeper } = enforcement;
  const turns = new Turns();
  const inTurn = <T>(change: () => Promise<T>): Promise<T> => turns.take(change);
  const admitted = (caller: Caller): boolean => admit(sessions, caller);
  const reporters = { audit, telemetry: news, say: (level: "info" | "warn" | "error", sentence: string) => log[level](sentence) };

  const installation = new Installation({ plane, dynamic, rules: book, sets: members, library, kinds, ...reporters });
  const mode = new ModeOperations({
    plane,
    keeper,
    fileMode: () => inForce.config.mode,
    admit: admitted,
    installAgain: () => installation.front(inForce.settings, dynamic.all),
    inTurn,
    endBlocked: () => endAllBlocked(observation, (sentence) => log.warn(sentence)),
    ...reporters,
  });
  const bans = new BanOperations({ bans: enforcement.bans, config: () => inForce.config, ...reporters });
  const sets = new SetOperations({
    sets: members,
    library,
    config: () => inForce.config,
    refresh: () => book.refresh(),
    inTurn,
    ...reporters,
  });
  const rules = new RuleOperations({
    dynamic,
    fileRules: () => inForce.config.rules,
    sets: () => inForce.config.sets,
    install: (wanted, whenCompiled) => installation.front(inForce.settings, wanted, whenCompiled),
    inTurn,
    admit: admitted,
    warnOfAbsent: (wanted) => warnOfAbsent(wanted, interfaces.present()),
    fitting: (rule) => kinds.fitting(rule),
    ...reporters,
  });
  const config = new ConfigOperations({
    options,
    inForce,
    installation,
    mode,
    plane,
    interfaces,
    followers: [bans, sets, systemCalls],
    admit: admitted,
    inTurn,
    ...reporters,
  });
  return {
    mode,
    config,
    rules,
    bans,
    sets,
    close() {
      for (const part of [installation, config, rules, bans, sets]) part.close();
    },
    settled: () => turns.take(async () => {}),
  };
}
