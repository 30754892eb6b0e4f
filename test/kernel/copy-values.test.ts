/** Values of one version's tables become those of another by the names of their members. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Btf, type BtfMember, type BtfType } from "../../agent/kernel/btf.ts";
import { planCopying, type TypeIn } from "../../agent/kernel/copy-values.ts";

const U16 = 1;
const U32 = 2;
const U64 = 3;
const BASE: BtfType[] = [{ kind: "void" }, ...[2, 4, 8].map((size): BtfType => ({ kind: "integer", name: `u${8 * size}`, size }))];

/** The last of the types is the one that is meant. */
function typeIn(...types: BtfType[]): TypeIn {
  return { btf: new Btf([...BASE, ...types]), type: BASE.length + types.length - 1 };
}

function struct(size: number, ...members: [name: string, type: number, at: number][]): BtfType {
  return { kind: "struct", name: "s", size, members: members.map(([name, type, at]): BtfMember => ({ name, type, bitOffset: at * 8 })) };
}

function copied(from: TypeIn, to: TypeIn, bytes: number[], isLeftOut?: (name: string) => boolean): { whole: boolean; bytes: number[] } {
  const { isWhole, copy } = planCopying(from, to, isLeftOut);
  const target = Buffer.alloc(to.btf.sizeOf(to.type), 0xff);
  copy(Buffer.from(bytes), target);
  return { whole: isWhole, bytes: [...target] };
}

test("members move with their names, and new ones are zero", () => {
  const from = typeIn(struct(8, ["a", U32, 0], ["b", U16, 4], ["c", U16, 6]));
  const to = typeIn(struct(12, ["new", U32, 0], ["c", U16, 4], ["b", U16, 6], ["a", U32, 8]));
  assert.deepEqual(copied(from, to, [1, 2, 3, 4, 5, 6, 7, 8]), { whole: true, bytes: [0, 0, 0, 0, 7, 8, 5, 6, 1, 2, 3, 4] });
});

test("a wider member keeps its number, and one that does not fit is zero", () => {
  const narrow = typeIn(struct(4, ["a", U32, 0]));
  const wide = typeIn(struct(8, ["a", U64, 0]));
  assert.deepEqual(copied(narrow, wide, [1, 2, 3, 4]), { whole: true, bytes: [1, 2, 3, 4, 0, 0, 0, 0] });
  assert.deepEqual(copied(wide, narrow, [1, 2, 3, 4, 5, 6, 7, 8]), { whole: false, bytes: [0, 0, 0, 0] });
});

test("a member that is gone, or is left out, makes two values one", () => {
  const from = typeIn(struct(8, ["a", U32, 0], ["b", U32, 4]));
  assert.deepEqual(copied(from, typeIn(struct(4, ["b", U32, 0])), [1, 1, 1, 1, 2, 2, 2, 2]), { whole: false, bytes: [2, 2, 2, 2] });
  assert.deepEqual(
    copied(from, from, [1, 1, 1, 1, 2, 2, 2, 2], (name) => name === "a"),
    { whole: false, bytes: [0, 0, 0, 0, 2, 2, 2, 2] },
  );
  assert.deepEqual(copied(from, from, [1, 1, 1, 1, 2, 2, 2, 2]), { whole: true, bytes: [1, 1, 1, 1, 2, 2, 2, 2] });
});

test("arrays of structs go element by element, and members of structs without a name are the outer one's", () => {
  const pair = (...members: [string, number, number][]): BtfType => struct(4, ...members);
  const from = typeIn(
    pair(["x", U16, 0], ["y", U16, 2]),
    { kind: "array", element: 4, count: 2 },
    struct(2, ["hidden", U16, 0]),
    struct(10, ["list", 5, 0], ["", 6, 8]),
  );
  const to = typeIn(
    pair(["y", U16, 0], ["x", U16, 2]),
    { kind: "array", element: 4, count: 3 },
    struct(14, ["hidden", U16, 0], ["list", 5, 2]),
  );
  assert.deepEqual(copied(from, to, [1, 0, 2, 0, 3, 0, 4, 0, 9, 0]), { whole: true, bytes: [9, 0, 2, 0, 1, 0, 4, 0, 3, 0, 0, 0, 0, 0] });
  const fewer = typeIn(pair(["x", U16, 0], ["y", U16, 2]), { kind: "array", element: 4, count: 1 });
  const more = typeIn(pair(["x", U16, 0], ["y", U16, 2]), { kind: "array", element: 4, count: 2 });
  assert.deepEqual(copied(more, fewer, [1, 0, 2, 0, 3, 0, 4, 0]), { whole: false, bytes: [1, 0, 2, 0] });
});
