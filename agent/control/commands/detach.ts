import { existsSync } from "node:fs";
import type { Leftover } from "../../leftovers.ts";
import type { Settings } from "../../settings.ts";
import { type Command, JSON_OUTPUT } from "../arguments.ts";
import { ControlError } from "../contract.ts";
import { count } from "../format.ts";
import { settingsFor } from "../paths.ts";
import { note, print, printJson } from "../print.ts";

export const command: Command = {
  usage: "detach [--config FILE] [--state-dir PATH] [--json]",
  about:
    "Ends what an agent that was killed has left in force: its programs, filters and tables. From then on traffic is\n" +
    "neither dropped nor watched. Refuses while the agent runs, which detaches everything itself when it is stopped.",
  options: {
    config: { value: "FILE", about: "the agent's configuration (/etc/weir/weir.yaml where it exists)" },
    "state-dir": { value: "PATH", about: "the agent's state directory (or WEIR_STATE_DIR)" },
    json: JSON_OUTPUT,
  },
  examples: [
    ["weir detach", "let everything pass again after an agent was killed"],
    ["weir detach --state-dir /var/lib/weir-lab", "of an agent that was run with a state directory of its own"],
    ["weir detach --json | jq '.removed | length'", "how much there was"],
  ],
  async run(call) {
    if (process.geteuid!() !== 0) {
      throw new ControlError("Taking programs out of the kernel needs root.", { next: "Run the same command as root, for example with sudo." });
    }
    const settings = await settingsFor(call);
    const { pinDirectory } = await import("../../settings.ts");
    const pins = pinDirectory(settings.config);
    const removed: Leftover[] = [];
    const audited = existsSync(pins) && (await remove(settings, pins, removed));
    if (call.has("json")) printJson({ pins, removed, audited });
    else print(summary(pins, removed));
    return 0;
  },
};

/** Answers whether the audit log says so. What was removed before a failure is in it, too. */
async function remove(settings: Settings, pins: string, removed: Leftover[]): Promise<boolean> {
  const [{ removeLeftovers }, { claimStateDirectory }] = await Promise.all([import("../../leftovers.ts"), import("../state-directory.ts")]);
  const lock = await claimStateDirectory(settings.config.state_dir);
  let audited = false;
  try {
    removeLeftovers(pins, (leftover) => removed.push(leftover));
  } finally {
    if (removed.length > 0) audited = await audit(settings, pins, removed);
    await lock.release();
  }
  return audited;
}

/** A log that cannot be written must not keep anybody from his network: it is said, and no failure. */
async function audit({ config }: Settings, pins: string, removed: readonly Leftover[]): Promise<boolean> {
  const [{ openAudit }, { auditHead }] = await Promise.all([import("../../../audit/writer.ts"), import("../../settings.ts")]);
  let reason = "";
  let written = false;
  try {
    const log = await openAudit({ path: config.audit.path, headPath: auditHead(config), rotate: config.audit.rotate, onHealth: ({ reasons }) => (reason = reasons.join("; ")) });
    const detail = { pins, links: sizeOf(removed, "link"), filters: sizeOf(removed, "filter"), tables: sizeOf(removed, "table"), pid: process.pid };
    written = await log.action({ action: "DETACH", uid: process.getuid!(), detail });
    await log.close();
  } catch (error) {
    reason = (error as Error).message;
  }
  if (!written) note(`This is not in the audit log: ${reason}`);
  return written;
}

function summary(pins: string, removed: readonly Leftover[]): string[] {
  if (removed.length === 0) return [`Nothing is left in force: there is nothing in ${pins}.`];
  const [links, filters, tables] = (["link", "filter", "table"] as const).map((kind) => count(sizeOf(removed, kind)));
  return [
    `Removed ${links} links, ${filters} filters and ${tables} tables that an agent had left in ${pins}. Traffic is neither dropped nor watched now.`,
    ...removed.filter(({ kind }) => kind !== "table").map(({ kind, name }) => `  ${kind} ${name}`),
  ];
}

function sizeOf(removed: readonly Leftover[], wanted: Leftover["kind"]): number {
  return removed.filter(({ kind }) => kind === wanted).length;
}
