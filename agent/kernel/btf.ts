/**
 * Reads BTF, the type information clang puts into a BPF object, as documented in Documentation/bpf/btf.rst.
 * Every offset taken from the input is checked: an object file may be cut short or not be an object at all.
 */

export interface BtfMember {
  name: string;
  type: number;
  /** The offset from the start of the struct, in bits. */
  bitOffset: number;
}

export interface BtfVariable {
  name: string;
  type: number;
  offset: number;
  size: number;
}

export type BtfType =
  | { kind: "void" | "other" }
  | { kind: "integer" | "float"; name: string; size: number }
  | { kind: "pointer" }
  | { kind: "array"; element: number; count: number }
  | { kind: "struct"; name: string; size: number; members: BtfMember[] }
  | { kind: "union"; name: string; size: number; members: BtfMember[] }
  | { kind: "enum"; name: string; size: number; values: Map<string, bigint> }
  | { kind: "alias"; type: number }
  | { kind: "variable"; name: string; type: number }
  | { kind: "section"; name: string; variables: BtfVariable[] };

const BTF_MAGIC = 0xeb9f;
const BTF_HEADER = 24;
const TYPE_HEADER = 12;
const MAX_TYPES = 1 << 20;

const Kind = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/** The number of bytes behind the header of a type: for the type itself, and for each of its members. */
const AFTER_HEADER: Record<number, number> = { [Kind.INT]: 4, [Kind.ARRAY]: 12, [Kind.VAR]: 4, [Kind.DECL_TAG]: 4 };
const FOR_EACH: Record<number, number> = {
  [Kind.STRUCT]: 12,
  [Kind.UNION]: 12,
  [Kind.ENUM]: 8,
  [Kind.ENUM64]: 12,
  [Kind.FUNC_PROTO]: 8,
  [Kind.DATASEC]: 12,
};

export class Btf {
  readonly types: readonly BtfType[];

  constructor(types: readonly BtfType[]) {
    this.types = types;
  }

  /** Returns the type behind typedefs and qualifiers. */
  resolve(id: number): BtfType {
    for (let depth = 0; depth < 64; depth++) {
      const type = this.types[id];
      if (type === undefined) throw new RangeError(`BTF names type ${id}, but has only ${this.types.length}`);
      if (type.kind !== "alias") return type;
      id = type.type;
    }
    throw new RangeError(`BTF type ${id} is an alias of itself`);
  }

  sizeOf(id: number): number {
    const type = this.resolve(id);
    switch (type.kind) {
      case "integer":
      case "float":
      case "struct":
      case "union":
      case "enum":
        return type.size;
      case "pointer":
        return 8;
      case "array":
        return type.count * this.sizeOf(type.element);
      default:
        throw new RangeError(`BTF type ${id} (${type.kind}) has no size`);
    }
  }

  named<K extends "struct" | "enum" | "section">(kind: K, name: string): Extract<BtfType, { kind: K }> | undefined {
    for (const type of this.types) {
      if (type.kind === kind && "name" in type && type.name === name) return type as Extract<BtfType, { kind: K }>;
    }
    return undefined;
  }
}

export function parseBtf(raw: Uint8Array): Btf {
  const { strings, body } = sectionsOf(raw);
  const reader = new TypeReader(body, strings);
  const types: BtfType[] = [{ kind: "void" }];
  while (!reader.done()) {
    types.push(reader.next());
    if (types.length > MAX_TYPES) throw new RangeError(`BTF has more than ${MAX_TYPES} types`);
  }
  for (const type of types) {
    if (type.kind !== "section") continue;
    for (const variable of type.variables) {
      const target = types[variable.type];
      if (target?.kind !== "variable") continue;
      variable.name = target.name;
      variable.type = target.type;
    }
  }
  return new Btf(types);
}

/** Finds one enum in the BTF of a kernel. That BTF has more than a hundred thousand types, so nothing else of it is read. */
export function findEnum(raw: Uint8Array, name: string): Map<string, bigint> | undefined {
  const { strings, body } = sectionsOf(raw);
  const at = Buffer.from(strings.buffer, strings.byteOffset, strings.byteLength).indexOf(`\0${name}\0`) + 1;
  return at === 0 ? undefined : new TypeReader(body, strings).findEnum(at);
}

function sectionsOf(raw: Uint8Array): { strings: Uint8Array; body: Uint8Array } {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  if (raw.byteLength < BTF_HEADER || view.getUint16(0, true) !== BTF_MAGIC) {
    throw new RangeError("this is no little-endian BTF: the magic number is missing");
  }
  const header = view.getUint32(4, true);
  return {
    strings: slice(raw, header + view.getUint32(16, true), view.getUint32(20, true), "strings"),
    body: slice(raw, header + view.getUint32(8, true), view.getUint32(12, true), "types"),
  };
}

class TypeReader {
  readonly #view: DataView;
  readonly #strings: Uint8Array;
  #at = 0;

  constructor(body: Uint8Array, strings: Uint8Array) {
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.#strings = strings;
  }

  done(): boolean {
    return this.#at >= this.#view.byteLength;
  }

  /** Finds the enum whose name begins at this offset among the strings. */
  findEnum(name: number): Map<string, bigint> | undefined {
    while (!this.done()) {
      const start = this.#take(TYPE_HEADER);
      const info = this.#view.getUint32(start + 4, true);
      const kind = (info >>> 24) & 0x1f;
      const count = info & 0xffff;
      if (kind === Kind.ENUM && this.#view.getUint32(start, true) === name) return this.#enumerators(count, info >>> 31 === 1, false);
      this.#take((AFTER_HEADER[kind] ?? 0) + count * (FOR_EACH[kind] ?? 0));
    }
    return undefined;
  }

  next(): BtfType {
    const start = this.#take(TYPE_HEADER);
    const name = this.#string(this.#view.getUint32(start, true));
    const info = this.#view.getUint32(start + 4, true);
    const sizeOrType = this.#view.getUint32(start + 8, true);
    const count = info & 0xffff;
    const kind = (info >>> 24) & 0x1f;
    const flag = info >>> 31 === 1;

    switch (kind) {
      case Kind.INT:
        this.#take(4);
        return { kind: "integer", name, size: sizeOrType };
      case Kind.FLOAT:
        return { kind: "float", name, size: sizeOrType };
      case Kind.PTR:
        return { kind: "pointer" };
      case Kind.ARRAY: {
        const at = this.#take(12);
        return { kind: "array", element: this.#view.getUint32(at, true), count: this.#view.getUint32(at + 8, true) };
      }
      case Kind.STRUCT:
      case Kind.UNION:
        return { kind: kind === Kind.STRUCT ? "struct" : "union", name, size: sizeOrType, members: this.#members(count, flag) };
      case Kind.ENUM:
        return { kind: "enum", name, size: sizeOrType, values: this.#enumerators(count, flag, false) };
      case Kind.ENUM64:
        return { kind: "enum", name, size: sizeOrType, values: this.#enumerators(count, flag, true) };
      case Kind.TYPEDEF:
      case Kind.VOLATILE:
      case Kind.CONST:
      case Kind.RESTRICT:
      case Kind.TYPE_TAG:
        return { kind: "alias", type: sizeOrType };
      case Kind.VAR:
        this.#take(4);
        return { kind: "variable", name, type: sizeOrType };
      case Kind.DATASEC:
        return { kind: "section", name, variables: this.#variables(count) };
      case Kind.FUNC_PROTO:
        this.#take(8 * count);
        return { kind: "other" };
      case Kind.DECL_TAG:
        this.#take(4);
        return { kind: "other" };
      case Kind.FWD:
      case Kind.FUNC:
        return { kind: "other" };
      default:
        throw new RangeError(`BTF type kind ${kind} is unknown: the object was built by a newer compiler than this reads`);
    }
  }

  #members(count: number, hasBitfields: boolean): BtfMember[] {
    const members: BtfMember[] = [];
    for (let i = 0; i < count; i++) {
      const at = this.#take(12);
      const offset = this.#view.getUint32(at + 8, true);
      members.push({
        name: this.#string(this.#view.getUint32(at, true)),
        type: this.#view.getUint32(at + 4, true),
        bitOffset: hasBitfields ? offset & 0xffffff : offset,
      });
    }
    return members;
  }

  #enumerators(count: number, signed: boolean, wide: boolean): Map<string, bigint> {
    const values = new Map<string, bigint>();
    for (let i = 0; i < count; i++) {
      const at = this.#take(wide ? 12 : 8);
      const low = BigInt(this.#view.getUint32(at + 4, true));
      const bits = wide ? low | (BigInt(this.#view.getUint32(at + 8, true)) << 32n) : low;
      values.set(this.#string(this.#view.getUint32(at, true)), signed ? BigInt.asIntN(wide ? 64 : 32, bits) : bits);
    }
    return values;
  }

  #variables(count: number): BtfVariable[] {
    const variables: BtfVariable[] = [];
    for (let i = 0; i < count; i++) {
      const at = this.#take(12);
      variables.push({
        name: "",
        type: this.#view.getUint32(at, true),
        offset: this.#view.getUint32(at + 4, true),
        size: this.#view.getUint32(at + 8, true),
      });
    }
    return variables;
  }

  #take(length: number): number {
    const start = this.#at;
    if (start + length > this.#view.byteLength) throw new RangeError(`BTF ends inside the type at byte ${start}`);
    this.#at = start + length;
    return start;
  }

  #string(offset: number): string {
    const end = this.#strings.indexOf(0, offset);
    if (offset >= this.#strings.length || end < 0) throw new RangeError(`BTF names a string at ${offset}, beyond its strings`);
    return new TextDecoder().decode(this.#strings.subarray(offset, end));
  }
}

/** Returns the bytes of the section `.BTF` of a 64-bit little-endian ELF file. */
export function btfSection(elf: Uint8Array): Uint8Array {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  if (elf.byteLength < 64 || view.getUint32(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) {
    throw new RangeError("this is no 64-bit little-endian ELF object");
  }
  const table = Number(view.getBigUint64(0x28, true));
  const entrySize = view.getUint16(0x3a, true);
  const count = view.getUint16(0x3c, true);
  const namesIndex = view.getUint16(0x3e, true);
  if (entrySize < 64 || namesIndex >= count) throw new RangeError("the ELF section table is damaged");
  slice(elf, table, entrySize * count, "section table");

  const section = (index: number, what: string) => {
    const at = table + index * entrySize;
    return slice(elf, Number(view.getBigUint64(at + 0x18, true)), Number(view.getBigUint64(at + 0x20, true)), what);
  };
  const names = section(namesIndex, "section names");
  for (let i = 0; i < count; i++) {
    const start = view.getUint32(table + i * entrySize, true);
    const end = names.indexOf(0, start);
    if (end >= 0 && new TextDecoder().decode(names.subarray(start, end)) === ".BTF") return section(i, ".BTF");
  }
  throw new RangeError("the object has no .BTF section: build it with clang -g");
}

function slice(bytes: Uint8Array, offset: number, length: number, what: string): Uint8Array {
  if (offset + length > bytes.byteLength) throw new RangeError(`${what}: bytes ${offset} to ${offset + length} lie beyond the end`);
  return bytes.subarray(offset, offset + length);
}
