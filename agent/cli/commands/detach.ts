import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { AuditOptions } from "../../../audit/writer.ts";
import type { Leftover } from "../../enforce/adoption/leftovers.ts";
import type { PinNote } from "../../enforce/adoption/pin-note.ts";
import { type Call, type Command, JSON_OUTPUT } from "../arguments.ts";
import { Refusal } from "../../values/refusal.ts";
import { counted } from "../../values/count.ts";
import { pathFromEnvironment } from "../../values/environment.ts";
import { settingsFor } from "../paths.ts";
import { note, print, printJson } from "../print.ts";

export const command: Command = {
  usage: "detach [--config FILE] [--state-dir PATH] [--json]",
  about:
    "Removes what an agent that was killed or handed over left in the kernel: its programs, filters and tables. From then " +
    "on traffic is neither dropped nor watched. The state directory and the audit log of that agent are found by " +
    "themselves; name one only if several agents left something. The command refuses while the agent runs, because an agent " +
    "that is stopped detaches by itself.",
  options: {
    config: { value: "FILE", about: "the agent's configuration, where several agents left something" },
    "state-dir": { value: "PATH", about: "the agent's state directory (or WEIR_STATE_DIR), where several agents left something" },
    json: JSON_OUTPUT,
  },
  examples: [
    ["weir detach", "let everything pass again after an agent was killed"],
    ["weir detach --state-dir /var/lib/weir-lab", "of an agent that was run with a state directory of its own"],
    ["weir detach --json | jq '.removed | length'", "how much there was"],
  ],
  async run(call) {
    if (process.geteuid!() !== 0) {
      throw new Refusal("Taking programs out of the kernel needs root.", { next: "Run the same command as root, for example with sudo." });
    }
    const target = await targetOf(call);
    const removed: Leftover[] = [];
    const audited = existsSync(target.pins) && (await remove(target, removed));
    if (call.has("json")) printJson({ pins: target.pins, removed, audited });
    else print(summary(target.pins, removed));
    return 0;
  },
};

/** The agent whose leftovers are removed, and the log that records it. */
interface Target {
  pins: string;
  state: string;
  /** Absent if nobody can tell which log it is. */
  audit?: { path: string; head: string; config: string | undefined };
}

async function targetOf(call: Call): Promise<Target> {
  const isNamed = call.has("config") || namedState(call) !== undefined;
  return (await (isNamed ? notedTarget(call) : onlyTarget(call))) ?? namedTarget(call);
}

/** Returns the only agent that left something; undefined if none did. */
async function onlyTarget(call: Call): Promise<Target | undefined> {
  const { findLeftBehind, stateDirectoryOf } = await import("../../enforce/adoption/left-behind.ts");
  const left = await findLeftBehind();
  const [one] = left;
  if (one === undefined) return undefined;
  const state = stateDirectoryOf(one);
  if (left.length > 1 || state === undefined) {
    throw new Refusal(
      left.length > 1
        ? "Several agents left something in force."
        : "An agent left something in force, but did not note where its files are.",
      {
        kind: "conflict",
        details: left.map((each) => {
          const named = stateDirectoryOf(each);
          return named === undefined
            ? `${each.pins}: its state directory is not known`
            : `${each.pins}: --state-dir ${named}${each.note?.config ? `, or --config ${each.note.config}` : ""}`;
        }),
        next: "Name one with --state-dir or --config.",
      },
    );
  }
  if (one.note !== undefined) return targetBy(one.pins, one.note);
  // An agent without a note is of an earlier version. Its places can only have been those of the usual configuration.
  const usual = await namedTarget(call).catch(() => undefined); // the configuration may be broken by now, and the leftovers are removed all the same
  return usual?.pins === one.pins ? usual : { pins: one.pins, state };
}

/** Finds the agent by its note, so that `detach` works even if the configuration is broken or changed by now. */
async function notedTarget(call: Call): Promise<Target | undefined> {
  const { findLeftBehind } = await import("../../enforce/adoption/left-behind.ts");
  const state = namedState(call);
  const config = call.text("config");
  const wanted = (note: PinNote): boolean => (state === undefined ? note.config === resolve(config!) : note.state === resolve(state));
  const [one, another] = (await findLeftBehind()).filter(({ note }) => note !== undefined && wanted(note));
  return one?.note === undefined || another !== undefined ? undefined : targetBy(one.pins, one.note);
}

function targetBy(pins: string, { state, audit, head, config }: PinNote): Target {
  return { pins, state, audit: { path: audit, head, config: config ?? undefined } };
}

/** Finds the agent by the configuration. */
async function namedTarget(call: Call): Promise<Target> {
  const [{ auditHead, pinDirectory }, { readNote }] = await Promise.all([
    import("../../../config/settings.ts"),
    import("../../enforce/adoption/pin-note.ts"),
  ]);
  const state = namedState(call);
  const settings = await settingsFor(call).catch((error: unknown) => {
    if (state === undefined) throw error;
    return undefined; // only the state directory names the pins
  });
  const pins = pinDirectory(settings?.config ?? { state_dir: state! });
  const noted = readNote(pins);
  if (noted !== undefined) return targetBy(pins, noted);
  if (settings === undefined) return { pins, state: state! };
  const { config, path } = settings;
  return { pins, state: config.state_dir, audit: { path: config.audit.path, head: auditHead(config), config: path ?? undefined } };
}

function namedState(call: Call): string | undefined {
  return call.text("state-dir") ?? pathFromEnvironment("WEIR_STATE_DIR");
}

/** Removes the leftovers. Returns whether the audit log records that. Everything that was removed before a failure is recorded, too. */
async function remove(target: Target, removed: Leftover[]): Promise<boolean> {
  const [{ removeLeftovers }, { claimStateDirectory }] = await Promise.all([
    import("../../enforce/adoption/leftovers.ts"),
    import("../../daemon/state-directory.ts"),
  ]);
  const lock = await claimStateDirectory(target.state);
  let audited = false;
  try {
    removeLeftovers(target.pins, (leftover) => removed.push(leftover));
  } finally {
    if (removed.length > 0) audited = await audit(target, removed);
    await lock.release();
  }
  return audited;
}

/** A log that cannot be written must not stop anybody from freeing the network: it is reported, and is no failure. */
async function audit({ pins, audit: files }: Target, removed: readonly Leftover[]): Promise<boolean> {
  if (files === undefined) {
    note("This is not in the audit log: weir does not know which log the agent had.");
    return false;
  }
  const { openAudit } = await import("../../../audit/writer.ts");
  let reason = "";
  let written = false;
  try {
    const log = await openAudit({
      path: files.path,
      headPath: files.head,
      ...(await rotationsOf(files.config)),
      onHealth: ({ reasons }) => (reason = reasons.join("; ")),
    });
    const detail = {
      pins,
      links: sizeOf(removed, "link"),
      filters: sizeOf(removed, "filter"),
      tables: sizeOf(removed, "table"),
      pid: process.pid,
    };
    written = await log.action({ action: "DETACH", uid: process.getuid!(), detail });
    await log.close();
  } catch (error) {
    reason = (error as Error).message;
  }
  if (!written) note(`This is not in the audit log: ${reason}`);
  return written;
}

/** If the configuration is broken by now, no file of the log is rotated away for one line. */
async function rotationsOf(config: string | undefined): Promise<Required<Pick<AuditOptions, "rotate" | "actions">>> {
  const { readSettings } = await import("../../../config/settings.ts");
  const never = { size: Infinity, keep: Infinity };
  return readSettings({ config }).then(
    ({
      config: {
        audit: { rotate, actions },
      },
    }) => ({ rotate, actions }),
    () => ({ rotate: never, actions: never }),
  );
}

function summary(pins: string, removed: readonly Leftover[]): string[] {
  if (removed.length === 0) return [`Nothing is left in force: there is nothing in ${pins}.`];
  const [links, filters, tables] = (["link", "filter", "table"] as const).map((kind) => counted(sizeOf(removed, kind), kind));
  return [
    `Removed ${links}, ${filters} and ${tables} that an agent had left in ${pins}. Traffic is neither dropped nor watched now.`,
    ...removed.filter(({ kind }) => kind !== "table").map(({ kind, name }) => `  ${kind} ${name}`),
  ];
}

function sizeOf(removed: readonly Leftover[], wanted: Leftover["kind"]): number {
  return removed.filter(({ kind }) => kind === wanted).length;
}
