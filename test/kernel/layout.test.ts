import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { btfSection, parseBtf } from "../../agent/kernel/btf.ts";
import { generateLayout } from "../../agent/kernel/layout.ts";

const header = fileURLToPath(new URL("../../probes/wire/wire.h", import.meta.url));
const committed = fileURLToPath(new URL("../../agent/generated/layout.ts", import.meta.url));

function layoutOf(source: string): string {
  const directory = mkdtempSync(join(tmpdir(), "weir-layout-test-"));
  try {
    writeFileSync(join(directory, "shapes.h"), source);
    return generateLayout(join(directory, "shapes.h"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("the generated layout", () => {
  it("is what probes/wire/wire.h says now", () => {
    assert.equal(
      readFileSync(committed, "utf8"),
      generateLayout(header),
      "probes/wire/wire.h and agent/generated/layout.ts differ: run `node agent/kernel/generate-layout.ts` and commit the result",
    );
  });

  it("gives a nested struct's fields from the start of the outer struct", () => {
    const text = layoutOf("struct inner { int a; short b; };\nstruct outer {\n long long x; struct inner y; };\n");
    assert.match(text, /Outer = \{\n  size: 16,\n  x: 0,\n  y: \{\n    at: 8,\n    size: 8,\n    a: 8,\n    b: 12,\n  \},\n\}/);
  });

  it("gives an array's count and stride, and an element's fields from the start of the element", () => {
    const text = layoutOf("struct cell { int a; int b; };\nstruct grid {\n char c; struct cell cells[3][4]; };\n");
    assert.match(text, /cells: \{\n    at: 4,\n    count: 12,\n    stride: 8,\n    dimensions: \[3, 4\],\n    a: 0,\n    b: 4,\n  \}/);
  });

  it("lists the names of a consecutive enum, and not those of flags or of its count", () => {
    const text = layoutOf(
      "enum weir_colour {\n COLOUR_RED, COLOUR_DARK_RED, COLOUR_COUNT };\nenum weir_a_flag { A_ONE = 1, A_TWO = 2 };\n",
    );
    assert.match(text, /ColourNames: readonly string\[\] = \[\n  "red",\n  "dark_red",\n\]/);
    assert.doesNotMatch(text, /AFlagNames/);
  });

  it("takes the value of an enumerator without an enum name from the compiler", () => {
    assert.match(layoutOf("enum { BIG = 0xfffffff0 + 1 };\n"), /^export const BIG = 4294967281;$/m);
  });

  it("refuses a bit field, whose place is not a byte", () => {
    assert.throws(() => layoutOf("struct odd { int a:3; int b:5; };\n"), /odd\.b is a bit field/);
  });
});

describe("the BTF reader", () => {
  it("refuses what is no ELF object", () => {
    assert.throws(() => btfSection(new Uint8Array(100)), RangeError);
  });

  it("answers damaged bytes with a RangeError and nothing else", () => {
    const header = Buffer.alloc(24);
    header.writeUInt16LE(0xeb9f, 0);
    header.writeUInt32LE(24, 4);
    for (let round = 0; round < 2000; round++) {
      const body = Buffer.alloc((round % 60) + 1);
      for (let i = 0; i < body.length; i++) body[i] = (Math.imul(round * 31 + i, 2654435761) >>> 13) & (i % 3 === 0 ? 0x1f : 0xff);
      header.writeUInt32LE(body.length, 12);
      header.writeUInt32LE(body.length, 16);
      header.writeUInt32LE(round % 8, 20);
      try {
        parseBtf(Buffer.concat([header, body, Buffer.alloc(round % 8)]));
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }
  });
});
