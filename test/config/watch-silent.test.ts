import assert from "node:assert/strict";
import fs, { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { looker } from "../../agent/files/looker.ts";
import { type ConfigWatch, timesOf, watchConfig, watchSince } from "../../agent/files/watch.ts";
import { eventually } from "../harness/eventually.ts";
import { requires, root, tool } from "../harness/require.ts";
import { type Silence, SilentFiles } from "../harness/silent-files.ts";

/** Node has four threads for files. */
const MORE_THAN_THREADS = 6;
const PATIENCE_MS = 30_000;

const here = { ...requires(root(), tool("cc", "gcc")), timeout: 120_000 };

for (const silence of ["lookup", "open", "read"] as const satisfies readonly Silence[]) {
  test(`watched files whose file system stops answering "${silence}" hold no thread, and others are followed`, here, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "weir-watch-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const [content, other] = [join(folder, "content"), join(folder, "other")];
    for (const path of [content, other]) writeFileSync(path, "one");
    const refused = t.mock.method(fs, "watch", () => {
      throw new Error("ENOSPC"); // a network file system sends no notice either
    });
    syncBuiltinESMExports();
    t.after(() => {
      refused.mock.restore();
      syncBuiltinESMExports();
    });
    await using files = await SilentFiles.mount(silence, content);
    const changes = new Map<string, number>();
    const watches: ConfigWatch[] = [];
    const watch = async (follow: typeof watchConfig, path: string): Promise<void> => {
      const told = (): void => void changes.set(path, (changes.get(path) ?? 0) + 1);
      watches.push(follow(path, await timesOf(path), told));
      await watches.at(-1)!.ready;
    };
    for (let each = 0; each < MORE_THAN_THREADS; each++) await watch(each % 2 === 0 ? watchConfig : watchSince, files.file);
    await watch(watchConfig, other);
    t.after(() => watches.forEach((one) => one.close()));

    writeFileSync(content, "two, longer");
    await eventually("all are told of a change", () => changes.get(files.file) === MORE_THAN_THREADS, PATIENCE_MS);
    files.fallSilent();
    writeFileSync(content, "three, longer still");
    await eventually("the silence is noticed", () => watches.slice(0, MORE_THAN_THREADS).every(({ isSilent }) => isSilent), PATIENCE_MS);
    assert.equal(watches.at(-1)!.isSilent, false);
    const isFree = await Promise.race([stat(other).then(() => true), sleep(5000, false)]);
    assert.equal(isFree, true, "a thread is free for another file");
    writeFileSync(other, "two, longer");
    await eventually("the other file is followed", () => changes.get(other) === 1, PATIENCE_MS);
    assert.equal(changes.get(files.file), MORE_THAN_THREADS, "nobody was told of what cannot be read");
  });
}

test("a file that answers late is found late, and meanwhile others are", here, async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-watch-"));
  const odd = join(folder, " odd\n-n 'name' $HOME \\n");
  writeFileSync(odd, "");
  try {
    const files = await SilentFiles.mount("lookup");
    let isFound = false;
    const found = looker.finds(files.file).then(() => (isFound = true));
    assert.equal(await looker.isSilent(files.file, 100), true);
    assert.equal(await looker.isSilent(odd, PATIENCE_MS), false);
    await looker.finds(join(folder, "nothing"));
    assert.equal(isFound, false);
    await files[Symbol.asyncDispose](); // whoever waited goes on
    await found;
    await looker.reads(files.file);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
