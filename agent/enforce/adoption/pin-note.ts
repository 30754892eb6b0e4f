/**
 * A note beside the pins names the agent that they belong to. It consists of symbolic links, because the BPF file system holds no
 * files. Only root can make them there, and they are gone when the pins are.
 */

import { lstatSync, mkdirSync, readdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from "node:fs";
import { join, resolve } from "node:path";

import type { WeirConfig } from "../../../config/types.ts";
import { auditHead } from "../../../config/settings.ts";

/** The folder of the note lies beside those of links and tables. */
export const NOTE = "agent";
const PROCESS = "/proc/";

export interface PinNote {
  state: string;
  socket: string;
  audit: string;
  head: string;
  /** null if the agent ran with built-in defaults. */
  config: string | null;
  /** The process id as the agent itself saw it. */
  pid: number;
  started: Date;
}

/** Writes the note of this process, which owns the pins from now on. */
export function writeNote(pins: string, config: WeirConfig, path: string | null): void {
  const folder = join(pins, NOTE);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { state_dir, control_socket, audit } = config;
  const links = {
    state: state_dir,
    socket: control_socket,
    audit: audit.path,
    head: auditHead(config),
    ...(path === null ? {} : { config: path }),
    process: `${PROCESS}${process.pid}`,
  };
  for (const [name, target] of Object.entries(links)) replaceLink(folder, name, name === "process" ? target : resolve(target));
  for (const name of readdirSync(folder)) if (!Object.hasOwn(links, name)) unlinkSync(join(folder, name));
}

/** Returns undefined if the agent left no note, because it is of an earlier version. */
export function readNote(pins: string): PinNote | undefined {
  const at = (name: string): string => readlinkSync(join(pins, NOTE, name));
  try {
    return {
      state: at("state"),
      socket: at("socket"),
      audit: at("audit"),
      head: at("head"),
      config: existsLink(pins, "config") ? at("config") : null,
      pid: Number(at("process").slice(PROCESS.length)),
      started: lstatSync(join(pins, NOTE, "process")).mtime,
    };
  } catch {
    return undefined;
  }
}

function existsLink(pins: string, name: string): boolean {
  return lstatSync(join(pins, NOTE, name), { throwIfNoEntry: false }) !== undefined;
}

/** Replaces the link in one step, so that nobody finds it missing. */
function replaceLink(folder: string, name: string, target: string): void {
  const next = join(folder, `${name}-next`);
  if (lstatSync(next, { throwIfNoEntry: false }) !== undefined) unlinkSync(next);
  symlinkSync(target, next);
  renameSync(next, join(folder, name));
}
