/** Connects the audit log, telemetry and the log with the news, each as soon as it exists. */

import { setTimeout as pause } from "node:timers/promises";

import { type AuditWriter, openAudit } from "../../audit/writer.ts";
import { auditHead } from "../../config/settings.ts";
import { startTelemetry, type Telemetry } from "../../otel/start.ts";
import type { Enforcement } from "../enforce/enforcement.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import { readIteratorAside } from "../kernel/iterator.ts";
import type { Snapshot } from "../observe/events/snapshot.ts";
import type { Naming } from "../observe/naming.ts";
import { OtherEnd } from "../observe/sockets/other-end.ts";
import { auditExpired } from "../service/rule-operations.ts";
import type { Farewell } from "./farewell.ts";
import type { Ground } from "./ground.ts";
import { HealthBoard } from "./health.ts";
import type { Log } from "./log.ts";
import { Losses } from "./losses.ts";
import { News } from "./news.ts";

/** A stop waits this long for the disk, and for the collector. */
const FLUSH_MS = 2500;

export interface Reporting {
  news: News;
  health: HealthBoard;
  losses: Losses;
}

export function reportingOf(log: Log): Reporting {
  const news = new News();
  const health = new HealthBoard((now) => {
    log[now.state === "ok" ? "info" : "warn"](now.state === "ok" ? "there are no problems any more" : now.reasons.join("; "));
    news.changed("weir.health.changed", now);
  });
  return { news, health, losses: new Losses() };
}

/** Opens the audit log. The last record of a stop tells what happens to the rules in force. */
export async function openAuditLog(
  { settings: { config }, deadline, log }: Ground,
  farewell: Farewell,
  { news, health }: Reporting,
  stop: AsyncDisposableStack,
): Promise<AuditWriter> {
  deadline.step(`opening the audit log ${config.audit.path}`, "Check whether its folder answers (ls -l), or choose another audit.path.");
  const audit = await openAudit({
    path: config.audit.path,
    headPath: auditHead(config),
    rotate: config.audit.rotate,
    actions: config.audit.actions,
    onHealth: (state) => health.report("audit", state.reasons),
    report: (sentence) => log.warn(sentence),
  });
  stop.defer(() => {
    const until = farewell.until === undefined ? {} : { in_force_until: farewell.until.toISOString() };
    return withinFlush(audit.close({ action: "STOP", detail: { pid: process.pid, ...until } }));
  });
  news.sendsTo({ event: (event) => audit.write(event), action: (action) => void audit.action(action) });
  return audit;
}

export async function openTelemetry(
  { settings: { config }, deadline, log, plane }: Ground,
  naming: Naming,
  snapshot: () => Snapshot,
  news: News,
): Promise<Telemetry> {
  deadline.step("setting up telemetry", "Check the files that OTEL_* variables name.");
  const telemetry = await startTelemetry({
    ...config.otel,
    snapshot,
    guard: guardOf(plane, naming),
    say: (level, sentence) => log[level](sentence),
  });
  news.sendsTo(telemetry);
  return telemetry;
}

function guardOf(plane: DataPlane, naming: Naming): OtherEnd {
  return new OtherEnd({
    asked: plane.map("asked_sockets"),
    readHolders: () => readIteratorAside(plane.program("weir_socket_holders")),
    pathOf: (cgroup) => naming.pathOf(cgroup),
  });
}

/** Sends what is queued. Meanwhile a change that is under way still writes to the tables. */
export async function flush(telemetry: Telemetry, changed: Promise<void>): Promise<void> {
  await Promise.all([telemetry.shutdown(FLUSH_MS), withinFlush(changed)]);
}

async function withinFlush(done: Promise<unknown>): Promise<void> {
  await Promise.race([done, pause(FLUSH_MS, undefined, { ref: false })]);
}

/** Writes the start into the audit log, without waiting for the disk: health reports the state of the log. */
export function auditStart(
  { settings, plane, dynamic, banned, ended, log }: Ground,
  { generation }: Enforcement,
  audit: AuditWriter,
  news: News,
): void {
  const { config, path, refused } = settings;
  const facts = {
    pid: process.pid,
    mode: plane.control.mode,
    rules: config.rules.length,
    dynamic: dynamic.all.length,
    bans: banned.size,
    config: path ?? "built-in",
  };
  const uid = process.getuid!();
  news.action({ action: "START", uid, detail: { ...facts, adopted: plane.adopted ? "yes" : "no" } });
  if (refused !== undefined) {
    const { problems, inForce } = refused;
    news.action({
      action: "CONFIG-REFUSED",
      uid,
      detail: { config: path!, in_force: inForce, problem: problems[0]!, problems: problems.length },
    });
    news.changed("weir.config.rejected", { path: path!, error: problems[0]! });
  }
  if (ended.length > 0) void auditExpired(audit, ended, generation);
  log.info(facts, plane.adopted ? "weir runs, with the tables of the earlier agent" : "weir runs");
}
