import assert from "node:assert/strict";
import { test } from "node:test";

import { KnownKinds } from "../../../agent/generated/layout.ts";
import { kindsOfGroup, kindsOfUsers } from "../../../agent/enforce/processes/edition.ts";
import type { ProcessKind } from "../../../agent/policy/kinds.ts";

function bitsAt(bytes: Buffer, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, number) => number).filter((number) => (bytes[at + (number >> 3)]! >> (number & 7)) & 1);
}

test("users are those whose names or numbers fit", () => {
  const kinds: ProcessKind[] = [{ user: ["www-*"] }, { user: ["0", "4711"] }, { executable: ["*/curl"] }, { user: ["*"] }];
  const found = kindsOfUsers(kinds, [
    { name: "root", uid: 0 },
    { name: "www-data", uid: 33 },
  ]);
  const of = (uid: number): number[] => (found.has(uid) ? bitsAt(found.get(uid)!, 0, kinds.length) : []);
  assert.deepEqual([of(0), of(33), of(4711), of(1)], [[1, 3], [0, 3], [1], []]);
});

test("a control group fits as far as its path and the names known by now tell", () => {
  const kinds: ProcessKind[] = [
    { container: ["web*"] },
    { container: ["*"] },
    { unit: ["nginx.service"] },
    { namespace: ["shop"], container: ["*"] },
    { user: ["0"] },
  ];
  const of = (workload: Parameters<typeof kindsOfGroup>[1], isSure = true): [number[], number[]] => {
    const bytes = kindsOfGroup(kinds, workload, isSure);
    return [bitsAt(bytes, KnownKinds.certain.at, kinds.length), bitsAt(bytes, KnownKinds.possible.at, kinds.length)];
  };
  assert.deepEqual(of({}), [[], []]);
  assert.deepEqual(of({ unit: "nginx.service" }), [[2], [2]]);
  assert.deepEqual(of({ container: { id: "5f", name: "web-1" } }), [
    [0, 1],
    [0, 1],
  ]);
  assert.deepEqual(of({ container: { id: "5f" } }), [[1], [0, 1]], "its name may come");
  assert.deepEqual(of({ container: { id: "5f", name: "db" }, pod: { uid: "u", name: "db-0", namespace: "shop" } }), [
    [1, 3],
    [1, 3],
  ]);
  assert.deepEqual(of({}, false), [[], [0, 1, 2, 3]], "a group of version 1 may tell more");
  assert.deepEqual(of({ unit: "nginx.service" }, false), [[2], [0, 1, 2, 3]]);
});
