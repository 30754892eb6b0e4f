/** Finds the pins of agents that ended, those of other versions included, and reads what they left in force. */

import { existsSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

import { defaultConfig } from "../../../config/defaults.ts";
import type { Mode } from "../../values/traffic.ts";
import { Mode as ModeNumber, Verdict } from "../../generated/layout.ts";
import { pinnedLinks } from "../../kernel/attachment.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import { memberAt, openPinned, readNumber, type TableTypes, tableFolders, typesOf } from "../../kernel/pinned-table.ts";
import { linkDirectory } from "./leftovers.ts";
import { type PinNote, readNote } from "./pin-note.ts";
import { BPF_ROOT } from "../../../config/settings.ts";

const FOLDER = /^weir(-[0-9a-f]{10})?$/;
const ANSWER_MS = 1000;
const NS_A_MS = 1_000_000n;

export interface LeftBehind {
  pins: string;
  /** Absent if the agent left no note, because it is of an earlier version. */
  note: PinNote | undefined;
  mode: Mode;
  /** True if packets are dropped now. */
  drops: boolean;
  /** From this time on nothing is dropped; null if there is no such time. */
  until: Date | null;
  /** The number of packets dropped since the tables were made. */
  dropped: number;
}

/** Finds every agent that pinned something and does not answer now. */
export async function findLeftBehind(): Promise<LeftBehind[]> {
  const folders = existsSync(BPF_ROOT)
    ? readdirSync(BPF_ROOT)
        .filter((name) => FOLDER.test(name))
        .sort()
    : [];
  const found = folders
    .map((name) => join(BPF_ROOT, name))
    .filter(isInForce)
    .map((pins) => ({ pins, note: readNote(pins) }));
  const ended = await Promise.all(found.map(async ({ pins, note }) => !(await answers(note?.socket ?? usualSocket(pins)))));
  return found.filter((_, index) => ended[index]).map(({ pins, note }) => ({ pins, note, ...stateOf(pins) }));
}

/** Returns the state directory of the agent whose pins these are; undefined where nobody knows. */
export function stateDirectoryOf({ pins, note }: Pick<LeftBehind, "pins" | "note">): string | undefined {
  return note?.state ?? (pins === join(BPF_ROOT, "weir") ? defaultConfig().state_dir : undefined);
}

function usualSocket(pins: string): string | undefined {
  return pins === join(BPF_ROOT, "weir") ? defaultConfig().control_socket : undefined;
}

function isInForce(pins: string): boolean {
  const links = linkDirectory(pins);
  return pinnedLinks(links).length > 0 || (existsSync(links) && readdirSync(links).length > 0);
}

/** Resolves to true if an agent listens at the socket. */
function answers(socket: string | undefined): Promise<boolean> {
  if (socket === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const attempt = connect(socket);
    const settle = (answer: boolean): void => {
      attempt.destroy();
      resolve(answer);
    };
    attempt.setTimeout(ANSWER_MS, () => settle(true)); // the agent is there, and busy
    attempt.once("connect", () => settle(true));
    attempt.once("error", ({ code }: NodeJS.ErrnoException) => settle(code === "EAGAIN"));
  });
}

/** There are tables of two versions while one agent takes over from the other, or if it was killed meanwhile. */
function stateOf(pins: string): Pick<LeftBehind, "mode" | "drops" | "until" | "dropped"> {
  const states = tableFolders(pins).map((name) => stateOfTables(join(pins, name)));
  const preventing = states.filter(({ mode }) => mode === "prevent");
  const dropping = preventing.filter(({ until }) => until === null || until > new Date());
  const deciding = dropping.length > 0 ? dropping : preventing;
  return {
    mode: preventing.length > 0 ? "prevent" : "detect",
    drops: dropping.length > 0,
    until: deciding.some(({ until }) => until === null)
      ? null
      : (deciding.map(({ until }) => until!).sort((a, b) => Number(b) - Number(a))[0] ?? null),
    dropped: states.reduce((sum, { dropped }) => sum + dropped, 0),
  };
}

function stateOfTables(folder: string): { mode: Mode; until: Date | null; dropped: number } {
  const { mode, releaseNs } = ask(folder, "control", (map, types) => {
    const value = map.lookup(Buffer.alloc(4))!;
    const read = (name: string): bigint => {
      const member = memberAt(types, [name]);
      return member === undefined ? 0n : readNumber(value, member);
    };
    return {
      mode: read("mode") === BigInt(ModeNumber.PREVENT) ? ("prevent" as const) : ("detect" as const),
      releaseNs: read("release_ns"),
    };
  }) ?? { mode: "detect" as const, releaseNs: 0n };
  const until = releaseNs === 0n ? null : new Date(Date.now() + Number((releaseNs - process.hrtime.bigint()) / NS_A_MS));
  return { mode, until, dropped: ask(folder, "traffic", countDropped) ?? 0 };
}

/** Sums the drops of all interfaces, directions, transports and CPUs. */
function countDropped(map: BpfMap, types: TableTypes): number {
  const counters: { at: number; size: number }[] = [];
  for (let direction = 0; memberAt(types, ["by", direction]) !== undefined; direction++) {
    for (let transport = 0; ; transport++) {
      const counter = memberAt(types, ["by", direction, transport, Verdict.DROPPED, "packets"]);
      if (counter === undefined) break;
      counters.push(counter);
    }
  }
  let dropped = 0n;
  for (const { value } of map.entries()) {
    for (let cpu = 0; cpu < value.length; cpu += map.elementStride) {
      for (const { at, size } of counters) dropped += readNumber(value, { at: cpu + at, size });
    }
  }
  return Number(dropped);
}

function ask<Answer>(folder: string, name: string, question: (map: BpfMap, types: TableTypes) => Answer): Answer | undefined {
  const map = openPinned(folder, name);
  if (map === undefined) return undefined;
  try {
    const types = typesOf(map.info);
    return types === undefined ? undefined : question(map, types);
  } finally {
    map.close();
  }
}
