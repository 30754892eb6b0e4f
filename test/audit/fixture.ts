/** A log of its own for each test, events to write, and ways to wait without asserting times. */

import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { VerdictEvent } from "../../agent/observe/events/event.ts";
import type { Health } from "../../agent/observe/events/snapshot.ts";
import { type AuditOptions, type AuditWriter, openAudit } from "../../audit/writer.ts";

export interface BarePlace {
  folder: string;
  path: string;
  headPath: string;
  reports: string[];
  health: Health[];
  open(options?: Partial<AuditOptions>): Promise<AuditWriter>;
  lines(file?: string): string[];
  setLines(lines: string[], file?: string): void;
}

export interface Place extends BarePlace {
  /** Before the folder is removed, after the writers were closed. */
  atEnd(cleanUp: () => void): void;
}

export async function makePlace(test: TestContext): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "weir-audit-"));
  const place = placeIn(folder);
  const cleanUps: (() => void)[] = [];
  const writers: AuditWriter[] = [];
  test.after(async () => {
    for (const writer of writers) await writer.close();
    for (const cleanUp of cleanUps) cleanUp();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    ...place,
    atEnd: (cleanUp) => void cleanUps.push(cleanUp),
    async open(options) {
      const writer = await place.open(options);
      writers.push(writer);
      return writer;
    },
  };
}

/** A log in `folder/log/audit.log` with its head in `folder/state/audit.head`. */
export function placeIn(folder: string): BarePlace {
  const path = join(folder, "log", "audit.log");
  const headPath = join(folder, "state", "audit.head");
  const reports: string[] = [];
  const health: Health[] = [];
  return {
    folder,
    path,
    headPath,
    reports,
    health,
    open(options = {}) {
      return openAudit({
        path,
        headPath,
        rotate: { size: 1e9, keep: 10 },
        report: (message) => reports.push(message),
        onHealth: (state) => health.push(state),
        ...options,
      });
    },
    lines: (file = path) => readFileSync(file, "latin1").split("\n").slice(0, -1),
    setLines: (lines, file = path) => writeFileSync(file, lines.map((line) => `${line}\n`).join(""), "latin1"),
  };
}

export function event(changes: Partial<VerdictEvent> = {}): VerdictEvent {
  return {
    seq: 1,
    time: Date.UTC(2026, 10, 21, 3, 0, 0, 123) + 0.25,
    type: "DETECTED",
    verdict: "would_drop",
    would_drop: true,
    direction: "ingress",
    interface: "eth0",
    protocol: "tcp",
    source: { address: "198.18.0.1", port: 40000 },
    destination: { address: "198.18.0.2", port: 23 },
    process: { pid: 812, name: "telnet", executable: "/usr/bin/telnet", uid: 1000 },
    rule: { name: "no-telnet-in", action: "block", enforce: true, source: "weir.yaml:12" },
    ...changes,
  };
}

/** Writes events whose source port counts up from 1, and an action behind them, so that all of it is on disk. */
export async function writeEvents(writer: AuditWriter, count: number): Promise<void> {
  for (let port = 1; port <= count; port++) writer.write(event({ source: { address: "198.18.0.1", port } }));
  await writer.action({ action: "MODE", uid: 0, detail: { from: "detect", to: "prevent" } });
}

/** Waits until the condition holds; the test runner's own limit ends the wait for what never comes. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}
