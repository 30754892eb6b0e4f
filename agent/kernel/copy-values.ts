/**
 * Copies values from the tables of one version of weir into those of another, member by member. The members are matched by their
 * names in the BTF of both tables. A member that only the new version has is zero.
 */

import type { Btf, BtfType } from "./btf.ts";

export interface TypeIn {
  btf: Btf;
  type: number;
}

interface Segment {
  from: number;
  to: number;
  length: number;
}

export interface Copying {
  /** True if every member of the old type is copied, so that two different old keys never become the same new key. */
  isWhole: boolean;
  /** Writes every byte of the target. */
  copy(from: Uint8Array, to: Uint8Array): void;
}

/** `isLeftOut` names the members that stay zero. */
export function planCopying(from: TypeIn, to: TypeIn, isLeftOut: (name: string) => boolean = () => false): Copying {
  const segments: Segment[] = [];
  const isWhole = plan({ ...from, at: 0 }, { ...to, at: 0 }, isLeftOut, segments);
  const merged = merge(segments);
  return {
    isWhole,
    copy(source, target) {
      target.fill(0);
      for (const { from, to, length } of merged) target.set(source.subarray(from, from + length), to);
    },
  };
}

/** Members with this name are padding and hold no value. */
const PADDING = "reserved";

interface Place extends TypeIn {
  at: number;
}

interface Member extends Place {
  name: string;
}

/** Adds the segments that are copied. Returns false if something of the old type is not copied. */
function plan(from: Place, to: Place, isLeftOut: (name: string) => boolean, segments: Segment[]): boolean {
  const [old, now] = [from.btf.resolve(from.type), to.btf.resolve(to.type)];
  if (isRecord(old) && isRecord(now)) {
    const before = membersOf(from);
    const copied = new Set<string>();
    let isWhole = true;
    for (const member of membersOf(to)) {
      const source = before.find(({ name }) => name === member.name);
      if (source === undefined || isLeftOut(member.name)) continue;
      copied.add(member.name);
      if (!plan(source, member, isLeftOut, segments)) isWhole = false;
    }
    return isWhole && before.every(({ name }) => copied.has(name) || name === PADDING);
  }
  if (old.kind === "array" && now.kind === "array") {
    const [stride, step] = [from.btf.sizeOf(old.element), to.btf.sizeOf(now.element)];
    let isWhole = old.count <= now.count;
    for (let index = 0; index < Math.min(old.count, now.count); index++) {
      const source = { btf: from.btf, type: old.element, at: from.at + index * stride };
      if (!plan(source, { btf: to.btf, type: now.element, at: to.at + index * step }, isLeftOut, segments)) isWhole = false;
    }
    return isWhole;
  }
  if (isRecord(old) || isRecord(now) || old.kind === "array" || now.kind === "array") return false;
  const [size, room] = [from.btf.sizeOf(from.type), to.btf.sizeOf(to.type)];
  if (size > room) return false;
  segments.push({ from: from.at, to: to.at, length: size }); // little-endian, so that a wider number has the same value
  return true;
}

function isRecord(type: BtfType): type is Extract<BtfType, { kind: "struct" | "union" }> {
  return type.kind === "struct" || type.kind === "union";
}

/** Returns the members of a struct. The members of a nameless inner struct count as members of the outer one. */
function membersOf(place: Place): Member[] {
  const type = place.btf.resolve(place.type);
  if (!isRecord(type)) return [];
  return type.members.flatMap(({ name, type, bitOffset }) => {
    const member = { btf: place.btf, type, at: place.at + bitOffset / 8, name };
    return name === "" ? membersOf(member) : [member];
  });
}

function merge(segments: readonly Segment[]): Segment[] {
  const merged: Segment[] = [];
  for (const segment of segments) {
    const last = merged.at(-1);
    if (last !== undefined && last.from + last.length === segment.from && last.to + last.length === segment.to)
      last.length += segment.length;
    else merged.push({ ...segment });
  }
  return merged;
}
