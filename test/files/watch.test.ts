import assert from "node:assert/strict";
import fs from "node:fs";
import { once, EventEmitter } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ConfigWatch, timesOf, watchConfig } from "../../agent/files/watch.ts";

/** What an agent would hold: the content of the file when it was last told of a change. */
interface Follower {
  loaded: string | undefined;
  changes: number;
  /** Waits until what is loaded is this, and fails when it is not in time. */
  reaches(content: string | undefined): Promise<void>;
}

const IN_TIME_MS = 2000;

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

async function watch(t: TestContext, path: string, changed: () => void | Promise<void>): Promise<ConfigWatch> {
  const watching = watchConfig(path, await timesOf(path), changed);
  t.after(() => watching.close());
  await watching.ready;
  return watching;
}

async function follow(t: TestContext, path: string): Promise<Follower> {
  const told = new EventEmitter();
  const follower: Follower = {
    loaded: undefined,
    changes: 0,
    async reaches(content) {
      const signal = AbortSignal.timeout(IN_TIME_MS);
      while (follower.loaded !== content) {
        await once(told, "change", { signal }).catch(() => assert.fail(`still ${follower.loaded}, not ${content}`));
      }
    },
  };
  await watch(t, path, () => {
    follower.loaded = contentOf(path);
    follower.changes++;
    told.emit("change");
  });
  follower.loaded = contentOf(path);
  // Watches alone do not keep a process running.
  const running = setInterval(() => {}, 1000);
  t.after(() => clearInterval(running));
  return follower;
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-watch-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Ways in which editors, scripts and deployments bring new content to a path. */
const SAVES: Record<string, (path: string, content: string) => void> = {
  "in place": (path, content) => writeFileSync(path, content),
  "by a rename over it": (path, content) => {
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
  },
  "by moving the old one away": (path, content) => {
    if (contentOf(path) !== undefined) renameSync(path, `${path}~`);
    writeFileSync(path, content);
  },
  "by deleting it first": (path, content) => {
    rmSync(path, { force: true });
    writeFileSync(path, content);
  },
  "in four pieces": (path, content) => {
    const quarter = Math.ceil(content.length / 4);
    writeFileSync(path, "");
    for (let at = 0; at < content.length; at += quarter) appendFileSync(path, content.slice(at, at + quarter));
  },
  "four times in a burst": (path, content) => {
    for (const before of ["a", "b", "c"]) writeFileSync(path, before);
    writeFileSync(path, content);
  },
  "beside three other files": (path, content) => {
    for (const other of ["x", "y", "z"]) writeFileSync(`${path}.${other}`, content);
    writeFileSync(path, content);
  },
};

test("what is loaded equals what is on disk after each of 100 saves of every kind", async (t) => {
  const path = join(folderOf(t), "weir.yaml");
  writeFileSync(path, "first");
  const follower = await follow(t, path);
  const kinds = Object.entries(SAVES);
  for (let round = 0; round < 100; round++) {
    const [kind, save] = kinds[Math.floor(Math.random() * kinds.length)] ?? assert.fail();
    // Of one length, so that neither size nor the coarse clock of the file system tells two apart.
    const content = `content ${String(round).padStart(4, "0")}`;
    save(path, content);
    await t.test(`saved ${kind}`, () => follower.reaches(content));
    if (round % 10 === 0) await sleep(Math.random() * 100);
  }
});

test("a link that is turned to another directory is followed, as Kubernetes does", async (t) => {
  const folder = folderOf(t);
  for (const version of ["1", "2", "3"]) {
    mkdirSync(join(folder, `..${version}`));
    writeFileSync(join(folder, `..${version}`, "weir.yaml"), `version ${version}`);
  }
  symlinkSync("..1", join(folder, "..data"));
  symlinkSync("..data/weir.yaml", join(folder, "weir.yaml"));
  const follower = await follow(t, join(folder, "weir.yaml"));
  assert.equal(follower.loaded, "version 1");
  for (const version of ["2", "3", "1"]) {
    symlinkSync(`..${version}`, join(folder, "..next"));
    renameSync(join(folder, "..next"), join(folder, "..data"));
    await follower.reaches(`version ${version}`);
  }
  writeFileSync(join(folder, "..1", "weir.yaml"), "written behind the links");
  await follower.reaches("written behind the links");
});

test("a file that a link in another directory leads to is followed, also to a new target", async (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, "etc"));
  mkdirSync(join(folder, "store"));
  const [path, one, two] = [join(folder, "etc", "weir.yaml"), join(folder, "store", "one"), join(folder, "store", "two")];
  writeFileSync(one, "one");
  writeFileSync(two, "two");
  symlinkSync(one, path);
  const follower = await follow(t, path);
  writeFileSync(one, "one, changed");
  await follower.reaches("one, changed");
  unlinkSync(path);
  symlinkSync("../store/two", path);
  await follower.reaches("two");
  writeFileSync(two, "two, changed");
  await follower.reaches("two, changed");
});

test("the directory itself may go and come back", async (t) => {
  const folder = folderOf(t);
  const inner = join(folder, "weir");
  const path = join(inner, "weir.yaml");
  const follower = await follow(t, path);
  assert.equal(follower.loaded, undefined);
  mkdirSync(inner);
  writeFileSync(path, "one");
  await follower.reaches("one");
  renameSync(inner, `${inner}.old`);
  await follower.reaches(undefined);
  mkdirSync(inner);
  writeFileSync(path, "two");
  await follower.reaches("two");
  writeFileSync(path, "three");
  await follower.reaches("three");
});

test("nothing is told of a save that changes nothing, nor of other files", async (t) => {
  const folder = folderOf(t);
  const path = join(folder, "weir.yaml");
  writeFileSync(path, "same");
  const follower = await follow(t, path);
  writeFileSync(path, "same");
  writeFileSync(join(folder, "other.yaml"), "other");
  // Long enough for a notice and for a look at the file's times.
  await sleep(1500);
  assert.equal(follower.changes, 0);
  writeFileSync(path, "different");
  await follower.reaches("different");
  assert.equal(follower.changes, 1);
});

test("a change is told once at a time, and one that comes meanwhile afterwards", async (t) => {
  const path = join(folderOf(t), "weir.yaml");
  writeFileSync(path, "0");
  let running = 0;
  let most = 0;
  const seen: string[] = [];
  await watch(t, path, async () => {
    most = Math.max(most, ++running);
    const content = readFileSync(path, "utf8");
    await sleep(150);
    seen.push(content);
    running--;
  });
  for (let save = 1; save <= 6; save++) {
    writeFileSync(path, String(save));
    await sleep(70);
  }
  for (let wait = 0; wait < 40 && seen.at(-1) !== "6"; wait++) await sleep(50);
  assert.equal(seen.at(-1), "6");
  assert.equal(most, 1);
});

test("a change is found also where the system has no more watches to give", async (t) => {
  const path = join(folderOf(t), "weir.yaml");
  writeFileSync(path, "0");
  const refused = t.mock.method(fs, "watch", () => {
    throw new Error("ENOSPC");
  });
  syncBuiltinESMExports();
  t.after(() => {
    refused.mock.restore();
    syncBuiltinESMExports();
  });
  const follower = await follow(t, path);
  writeFileSync(path, "1");
  await follower.reaches("1");
  assert.ok(refused.mock.callCount() > 0);
});

test("a closed watch is silent", async (t) => {
  const path = join(folderOf(t), "weir.yaml");
  writeFileSync(path, "0");
  let told = 0;
  const watching = await watch(t, path, () => void told++);
  writeFileSync(path, "1");
  watching.close();
  await sleep(200);
  assert.equal(told, 0);
});

test("a save in the moments in which the watch begins is told, however it falls between the first looks", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-watch-"));
  try {
    for (let round = 0; round < 150; round++) {
      const path = join(folder, `${round}.yaml`);
      writeFileSync(path, "before");
      const since = await timesOf(path);
      await sleep(8); // longer than a tick of the clock that dates files
      const told = Promise.withResolvers<void>();
      const watch = watchConfig(path, since, () => told.resolve());
      await sleep(round % 5);
      for (let turn = 0; turn < round % 7; turn++) await new Promise(setImmediate);
      writeFileSync(path, "after");
      const late = setTimeout(() => told.reject(new Error(`round ${round}: nobody was told`)), 10_000);
      await told.promise;
      clearTimeout(late);
      watch.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
