/** Headers of the kernel side are in rooms, and include one way. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const PROBES = join(import.meta.dirname, "../probes");

/** A header may include its own room and the rooms before it. */
const ROOMS = ["wire", "base", "parse", "process", "flow", "decide", "answer"];

const HEADERS = globSync("**/*.h", { cwd: PROBES, exclude: ["build"] });

test("every header is in a room, and only compile units stand beside the rooms", () => {
  assert.ok(HEADERS.length > 50, `${HEADERS.length} headers`);
  assert.deepEqual(
    HEADERS.filter((path) => !ROOMS.includes(dirname(path))),
    [],
  );
});

test("includes lead to the own room or to one before it", () => {
  const wrong = HEADERS.flatMap((path) => {
    const room = ROOMS.indexOf(dirname(path));
    const included = [...readFileSync(join(PROBES, path), "utf8").matchAll(/^#include "([^"]+)"/gm)].map(([, name]) => name!);
    return included.filter((name) => name.includes("/") && ROOMS.indexOf(dirname(name)) > room).map((name) => `${path} includes ${name}`);
  });
  assert.deepEqual(wrong, []);
});

test("programs stand in compile units, not in headers", () => {
  const sections = (path: string): string[] =>
    [...readFileSync(join(PROBES, path), "utf8").matchAll(/\bSEC\("([^"]+)/g)].map(([, name]) => name!);
  const wrong = HEADERS.flatMap((path) =>
    sections(path)
      .filter((name) => name !== ".maps")
      .map((name) => `${path} has SEC("${name}")`),
  );
  assert.deepEqual(wrong, []);
  assert.ok(sections("process.bpf.c").includes("cgroup/bind4"));
});

test("each map is defined once, because objects share maps by their names", () => {
  const names = [...HEADERS, ...globSync("*.bpf.c", { cwd: PROBES })].flatMap((path) =>
    [...readFileSync(join(PROBES, path), "utf8").matchAll(/^\} (\w+) SEC\("\.maps"\);/gm)].map(([, name]) => name!),
  );
  assert.ok(names.includes("flows"));
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});

/** What stands in memory only because the stack has no room for it, and the second result of find_flow. */
const SCRATCH = /\bpacket->(connection\.hint|connection\.hint_place|search\.walk)\b|\*unconfirmed = /;
const WRITES =
  /(?<!, )(->|\*)[\w.[\]>-]+ ?([-+|&^]|<<|>>)?=(?!=)|__sync_|bpf_map_(update|delete)_elem|bpf_ringbuf|\b(note|claim|open|set|tell|carry|register|remove)_\w+\(/;

test("a function whose name asks a question writes nothing", () => {
  const wrong = [...HEADERS, ...globSync("*.bpf.c", { cwd: PROBES })].flatMap((path) => {
    const text = readFileSync(join(PROBES, path), "utf8");
    const functions = [
      ...text.matchAll(
        /^(?:static )?__(?:always_|no)inline [\w *]+?\b((?:is|are|has|can|may|in|stays|find)_\w+)\([^;{]*\)\n\{\n(.*?)^\}/gms,
      ),
    ];
    return functions.flatMap(([, name, body]) =>
      body!
        .split("\n")
        .filter((line) => WRITES.test(line.replace(/^\t+(const )?((struct|union) )?\w+ \*.*?=/, "")) && !SCRATCH.test(line))
        .map((line) => `${path} ${name}: ${line.trim()}`),
    );
  });
  assert.deepEqual(wrong, []);
});
