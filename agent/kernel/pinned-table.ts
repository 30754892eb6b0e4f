/** Reads pinned tables of any version of weir. Members are found by the names in the table's own BTF. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import koffi from "koffi";

import { type Btf, parseBtf } from "./btf.ts";
import { errnoName, KernelError } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import { BpfMap, type MapInfo } from "./maps.ts";
import { lastErrno } from "./syscall.ts";

/** The names of the folders of tables begin with this. */
export const TABLES = "tables-";

/** The BTF types of a table's key and value; undefined for a table without BTF. */
export interface TableTypes {
  btf: Btf;
  key: number;
  value: number;
}

export function typesOf({ btf, keyType, valueType }: MapInfo): TableTypes | undefined {
  if (btf === 0 || keyType === 0 || valueType === 0) return undefined;
  return { btf: readBtf(btf), key: keyType, value: valueType };
}

/** All tables of an object share one BTF, which is read once. */
const known = new Map<number, Btf>();

function readBtf(id: number): Btf {
  const found = known.get(id);
  if (found !== undefined) return found;
  const loaded = libbpf().btfOfKernel(id);
  if (loaded === null) throw new KernelError("read the types of a table", lastErrno());
  try {
    const size = new Uint32Array(1);
    const raw = libbpf().btfRawData(loaded, new Uint8Array(size.buffer));
    const btf = parseBtf(Buffer.from(koffi.view(raw, size[0]!)));
    known.set(id, btf);
    return btf;
  } finally {
    libbpf().btfFree(loaded);
  }
}

/** Returns the names of the folders of tables below the pins of one state directory. */
export function tableFolders(pins: string): string[] {
  return existsSync(pins)
    ? readdirSync(pins)
        .filter((name) => name.startsWith(TABLES))
        .sort()
    : [];
}

/** Opens a pinned table, which the caller closes. Returns undefined where there is none of this name. */
export function openPinned(folder: string, name: string): BpfMap | undefined {
  const path = join(folder, name);
  const fd = libbpf().get(path);
  if (fd >= 0) return new BpfMap(name, fd);
  if (errnoName(fd) === "ENOENT") return undefined;
  throw new KernelError(`open the table pinned at ${path}`, fd);
}

/**
 * Finds the place of a member in a value by the member names from outside in; a number is an index into an array. Returns
 * undefined if there is no such member.
 */
export function memberAt({ btf, value }: TableTypes, path: readonly (string | number)[]): { at: number; size: number } | undefined {
  let type = value;
  let at = 0;
  for (const step of path) {
    const resolved = btf.resolve(type);
    if (typeof step === "number") {
      if (resolved.kind !== "array" || step >= resolved.count) return undefined;
      at += step * btf.sizeOf(resolved.element);
      type = resolved.element;
    } else {
      const member = resolved.kind === "struct" ? resolved.members.find(({ name }) => name === step) : undefined;
      if (member === undefined) return undefined;
      at += member.bitOffset / 8;
      type = member.type;
    }
  }
  return { at, size: btf.sizeOf(type) };
}

/** Reads an unsigned number of 1 to 8 bytes. */
export function readNumber(bytes: Buffer, { at, size }: { at: number; size: number }): bigint {
  if (size === 8) return bytes.readBigUInt64LE(at);
  let number = 0n;
  for (let byte = size - 1; byte >= 0; byte--) number = (number << 8n) | BigInt(bytes[at + byte]!);
  return number;
}
