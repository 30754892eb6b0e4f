/** Imports point one way, through the rooms of the house and through its files. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "..");

/** A file may import its own room and the rooms of the floors below it. */
const FLOORS: readonly (readonly string[])[] = [
  ["agent/generated"],
  ["agent/values"],
  ["agent/files"],
  ["agent/kernel"],
  ["agent/policy"],
  ["config"],
  ["agent/observe"],
  ["otel", "audit"],
  ["agent/enforce"],
  ["agent/inspect"],
  ["agent/explain"],
  ["agent/service"],
  ["agent/api"],
  ["agent/daemon"],
  ["agent/cli"],
  ["collector"],
  ["agent/setup"],
];

const FILES = globSync("{agent,audit,collector,config,otel}/**/*.ts", { cwd: ROOT });

function roomOf(file: string): string {
  const folders = dirname(file).split("/");
  return folders[0] === "agent" ? folders.slice(0, 2).join("/") : folders[0]!;
}

function floorOf(file: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));
}

/** The files of the house that a file imports. */
function importsOf(file: string): string[] {
  const paths = [...readFileSync(join(ROOT, file), "utf8").matchAll(/(?:from|import\(|import)\s*"(\.[^"]+\.[tj]s)"/g)];
  return paths.map(([, path]) => relative(ROOT, join(ROOT, dirname(file), path!)));
}

/** The first circle that is found, from a file back to itself. */
function findCircle(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of imports.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

test("every file is in a room that has a floor", () => {
  assert.ok(FILES.length > 300, `${FILES.length} files`);
  assert.deepEqual(
    FILES.filter((file) => floorOf(file) < 0),
    [],
  );
});

test("imports lead to the own room or to a floor below it", () => {
  const wrong = FILES.flatMap((file) =>
    importsOf(file)
      .filter((target) => roomOf(target) !== roomOf(file) && floorOf(target) >= floorOf(file))
      .map((target) => `${file} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test("one file imports HTTP, and loads no second client with it", () => {
  const values = /^import (?!type )[^;]*"(node:)?http"/m;
  assert.deepEqual(
    FILES.filter((file) => values.test(readFileSync(join(ROOT, file), "utf8"))),
    [],
  );
});

test("no file imports itself, through whatever others", () => {
  assert.deepEqual(
    findCircle(
      new Map([
        ["one", ["two"]],
        ["two", ["three"]],
        ["three", ["two"]],
      ]),
    ),
    ["two", "three", "two"],
  );
  assert.equal(findCircle(new Map(FILES.map((file) => [file, importsOf(file)]))), undefined);
});
