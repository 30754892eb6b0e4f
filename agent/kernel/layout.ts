/**
 * Turns the C header shared by both sides into TypeScript constants. clang computes every size, offset and value, and this file
 * reads its BTF. Only the names of the top-level types are taken from the header's text, because clang leaves out types that
 * nothing uses.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { type Btf, btfSection, parseBtf } from "./btf.ts";

const RESERVED = new Set(["at", "size", "count", "stride", "dimensions"]);
const ANONYMOUS = "weir_anonymous_";

export interface Declarations {
  structs: string[];
  enums: string[];
  /** The enumerators of enums that have no name. */
  constants: string[];
}

/** Returns the names declared at the start of a line, in their order. */
function declarations(header: string): Declarations {
  const text = header.replace(/\/\*[^]*?\*\//g, "").replace(/\/\/.*$/gm, "");
  const structs = [...text.matchAll(/^struct (\w+)\s*\{/gm)].map((match) => match[1]!);
  const enums = [...text.matchAll(/^enum (\w+)\s*\{/gm)].map((match) => match[1]!);
  const constants = [...text.matchAll(/^enum\s*\{([^}]*)\}/gm)]
    .flatMap((match) => match[1]!.split(","))
    .map((item) => item.split("=")[0]!.trim())
    .filter((name) => name !== "");
  return { structs, enums, constants };
}

/** Compiles one use of each declared type, so that all of them have BTF. */
function compileBtf(headerPath: string, names: Declarations): Btf {
  const source = [
    `#include "${headerPath}"`,
    ...names.structs.map((name) => `struct ${name} use_struct_${name};`),
    ...names.enums.map((name) => `enum ${name} use_enum_${name};`),
    ...names.constants.map((name) => `enum ${ANONYMOUS}${name} { ${ANONYMOUS}${name}_value = ${name} } use_${name};`),
    "",
  ].join("\n");
  const directory = mkdtempSync(join(tmpdir(), "weir-layout-"));
  try {
    const object = join(directory, "layout.o");
    // Debian keeps asm/types.h under the machine's own name, where clang does not look for a BPF target.
    const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
    const include = ["-idirafter", `/usr/include/${machine}-linux-gnu`];
    execFileSync("clang", ["-g", "-O2", "-target", "bpf", ...include, "-c", "-x", "c", "-o", object, "-"], { input: source });
    return parseBtf(btfSection(readFileSync(object)));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Returns the text of a header in which each include of a neighbouring header is replaced by that header's text, once. */
function textOf(headerPath: string, included = new Set<string>()): string {
  included.add(headerPath);
  return readFileSync(headerPath, "utf8").replace(/^#include "(.*)"$/gm, (_, name: string) => {
    const path = join(dirname(headerPath), name);
    return included.has(path) ? "" : textOf(path, included);
  });
}

export function generateLayout(headerPath: string): string {
  const names = declarations(textOf(headerPath));
  const btf = compileBtf(headerPath, names);
  const blocks = [
    "/**\n * Written by agent/kernel/generate-layout.ts from probes/wire/wire.h; edit that and run it again.\n" +
      " *\n * A number is a field's byte offset. A struct inside a struct has `at` and `size`, and its fields count from the\n" +
      " * start of the outer one. An array has `at`, `count` and `stride`, and its fields count from the start of an element.\n */",
    ...names.constants.map((name) => constantBlock(btf, name)),
    ...names.enums.map((name) => enumBlock(btf, name)),
    ...names.structs.map((name) => structBlock(btf, name)),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function constantBlock(btf: Btf, name: string): string {
  const value = btf.named("enum", ANONYMOUS + name)?.values.get(`${ANONYMOUS}${name}_value`);
  if (value === undefined) throw new Error(`clang left out the constant ${name}`);
  return `export const ${name} = ${value};`;
}

function enumBlock(btf: Btf, name: string): string {
  const type = btf.named("enum", name);
  if (type === undefined) throw new Error(`clang left out enum ${name}`);
  const exported = pascalCase(name.replace(/^weir_/, ""));
  const members = [...type.values].map(([full, value]) => ({ name: withoutFirstWord(full, name), value }));
  const lines = members.map((member) => `  ${member.name}: ${member.value},`);
  const block = `export const ${exported} = {\n${lines.join("\n")}\n} as const;`;

  const listed = members.filter((member) => member.name !== "COUNT");
  const first = listed[0]!.value;
  const consecutive = (first === 0n || first === 1n) && listed.every((member, i) => member.value === first + BigInt(i));
  if (!consecutive || exported.endsWith("Flag")) return block;
  const list = [...(first === 1n ? [""] : []), ...listed.map((member) => member.name.toLowerCase())];
  return `${block}\n/** By value. */\nexport const ${exported}Names: readonly string[] = [\n${list.map((item) => `  "${item}",`).join("\n")}\n];`;
}

/** Removes the first word of an enumerator if it repeats the name of its enum: REASON_NONE of weir_reason becomes Reason.NONE. */
function withoutFirstWord(enumerator: string, enumName: string): string {
  const cut = enumerator.indexOf("_");
  if (cut < 0) throw new Error(`${enumerator} of enum ${enumName} should start with the enum's word, as REASON_NONE does`);
  return enumerator.slice(cut + 1);
}

function structBlock(btf: Btf, name: string): string {
  const type = btf.named("struct", name);
  if (type === undefined) throw new Error(`clang left out struct ${name}`);
  const fields = fieldLines(btf, type.members, 0, "  ", name);
  return `export const ${pascalCase(name)} = {\n  size: ${type.size},\n${fields.join("\n")}\n} as const;`;
}

function fieldLines(
  btf: Btf,
  members: readonly { name: string; type: number; bitOffset: number }[],
  base: number,
  indent: string,
  path: string,
): string[] {
  return members.flatMap((member) => {
    const where = `${path}.${member.name}`;
    if (member.bitOffset % 8 !== 0) throw new Error(`${where} is a bit field: the layout is made of bytes`);
    if (member.name.startsWith("reserved")) return [];
    const alternatives = member.name === "" ? btf.resolve(member.type) : undefined;
    if (alternatives?.kind === "union") return fieldLines(btf, alternatives.members, base + member.bitOffset / 8, indent, path);
    if (RESERVED.has(member.name)) throw new Error(`${where}: a field may not be called ${member.name}, the layout uses that word`);
    return fieldBlock(btf, member.name, member.type, base + member.bitOffset / 8, indent, where);
  });
}

function fieldBlock(btf: Btf, name: string, typeId: number, at: number, indent: string, path: string): string[] {
  const type = btf.resolve(typeId);
  if (type.kind === "struct") {
    const inner = fieldLines(btf, type.members, at, `${indent}  `, path);
    return [`${indent}${name}: {`, `${indent}  at: ${at},`, `${indent}  size: ${type.size},`, ...inner, `${indent}},`];
  }
  if (type.kind !== "array") return [`${indent}${name}: ${at},`];

  const dimensions = [type.count];
  let element = type.element;
  for (let inner = btf.resolve(element); inner.kind === "array"; inner = btf.resolve(element)) {
    dimensions.push(inner.count);
    element = inner.element;
  }
  const facts = [
    `at: ${at}`,
    `count: ${dimensions.reduce((a, b) => a * b)}`,
    `stride: ${btf.sizeOf(element)}`,
    ...(dimensions.length > 1 ? [`dimensions: [${dimensions.join(", ")}]`] : []),
  ];
  const inner = btf.resolve(element);
  if (inner.kind !== "struct") return [`${indent}${name}: { ${facts.join(", ")} },`];
  const fields = fieldLines(btf, inner.members, 0, `${indent}  `, path);
  return [`${indent}${name}: {`, ...facts.map((fact) => `${indent}  ${fact},`), ...fields, `${indent}},`];
}

function pascalCase(name: string): string {
  return name
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
