/** One edition of the process kinds of the rules, as the kernel's tables hold it: see probes/wire/processes.h. */

import { fitsUser, fitsWorkload } from "../../policy/fields/process.ts";
import { fitsKind, type ProcessKind, packKnownKinds, patternsOf, setKind } from "../../policy/kinds.ts";
import type { ProcessKey } from "../../policy/fields/process.ts";
import type { Workload } from "../../values/workload.ts";
import {
  Aspect,
  KindEdition,
  KindGroup,
  Kinds as KindBits,
  KindUser,
  ProcessIdentity,
  ProcessKinds,
  ProcessPattern,
} from "../../generated/layout.ts";
import type { User } from "../../observe/process-facts.ts";

const PATTERN_ASPECTS = { executable: Aspect.EXECUTABLE, command: Aspect.COMMAND, parent: Aspect.PARENT } as const;
const WORKLOAD_KEYS = ["container", "unit", "pod", "namespace"] as const satisfies readonly ProcessKey[];

/** Writes a struct kind_edition. */
export function packEdition(kinds: readonly ProcessKind[], number: number): Buffer {
  const bytes = Buffer.alloc(KindEdition.size);
  bytes.writeUInt32LE(number, KindEdition.number);
  bytes.writeUInt32LE(
    kinds.reduce((sum, kind) => sum + patternsOf(kind).length, 0),
    KindEdition.pattern_count,
  );
  for (const [index, kind] of kinds.entries()) {
    const asked = [
      ...Object.entries(PATTERN_ASPECTS)
        .filter(([key]) => key in kind)
        .map(([, aspect]) => aspect),
      ...("user" in kind ? [Aspect.USER] : []),
      ...(asksForWorkload(kind) ? [Aspect.WORKLOAD] : []),
    ];
    for (const aspect of asked) setKind(bytes, KindEdition.asked.at + aspect * KindEdition.asked.stride, index);
  }
  return bytes;
}

/** Writes a struct process_pattern for each pattern, in no special order. */
export function packPatterns(kinds: readonly ProcessKind[]): Buffer[] {
  return kinds.flatMap((kind, index) =>
    patternsOf(kind).map(({ key, text }) => {
      const bytes = Buffer.alloc(ProcessPattern.size);
      const written = Buffer.from(text);
      bytes.writeUInt16LE(index, ProcessPattern.kind);
      bytes[ProcessPattern.aspect] = PATTERN_ASPECTS[key];
      bytes[ProcessPattern.length] = written.length;
      bytes.writeUInt32LE(text.lastIndexOf("*") === 0 && text.length > 1 ? 1 : 0, ProcessPattern.is_end);
      written.copy(bytes, ProcessPattern.text.at);
      return bytes;
    }),
  );
}

/** Returns the kinds that each user fits, by uid. A number also fits a user that has no name here. */
export function kindsOfUsers(kinds: readonly ProcessKind[], users: readonly User[]): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  const add = (uid: number, index: number): void => {
    if (!found.has(uid)) found.set(uid, Buffer.alloc(KindBits.size));
    setKind(found.get(uid)!, 0, index);
  };
  for (const [index, { user = [] }] of kinds.entries()) {
    for (const text of user) {
      if (/^[0-9]+$/.test(text)) add(Number(text), index);
      else for (const one of users) if (fitsUser(text, one)) add(one.uid, index);
    }
  }
  return found;
}

export function asksForWorkload(kind: ProcessKind): boolean {
  return WORKLOAD_KEYS.some((key) => key in kind);
}

/**
 * Writes the struct known_kinds of a control group. With `isSure`, the path of the group shows everything that its processes are
 * part of. Without it, a group of version 1 may show more.
 */
export function kindsOfGroup(kinds: readonly ProcessKind[], workload: Workload, isSure: boolean): Buffer {
  const isTold = (key: (typeof WORKLOAD_KEYS)[number]): boolean =>
    isSure || workload.container !== undefined || (key === "unit" && workload.unit !== undefined);
  return packKnownKinds(
    kinds,
    (kind) =>
      asksForWorkload(kind) && fitsKind(kind, WORKLOAD_KEYS, (key, text) => (isTold(key) ? fitsWorkload(key, text, workload) : undefined)),
  );
}

export function packUser(place: number, uid: number): Buffer {
  const key = Buffer.alloc(KindUser.size);
  key.writeUInt32LE(place, KindUser.place);
  key.writeUInt32LE(uid, KindUser.uid);
  return key;
}

export function packGroup(place: number, cgroup: bigint): Buffer {
  const key = Buffer.alloc(KindGroup.size);
  key.writeBigUInt64LE(cgroup, KindGroup.cgroup);
  key.writeUInt32LE(place, KindGroup.place);
  return key;
}

/** Returns whether a struct process_identity has this kind, by the executables of the process and its parents. */
export function isOfKind(identity: Buffer, place: number, number: number): boolean {
  const at = ProcessIdentity.by.at + place * ProcessIdentity.by.stride;
  const has = (kinds: number): boolean => ((identity[at + kinds + (number >> 3)]! >> (number & 7)) & 1) === 1;
  return has(ProcessKinds.own.certain.at) && has(ProcessKinds.above.certain.at);
}
