/** Disks that really fail: a tiny tmpfs, and an ext4 image that is shut down under the writer. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { type TestContext, test } from "node:test";
import koffi from "koffi";
import { verifyAudit } from "../../audit/verify.ts";
import type { AuditWriter } from "../../audit/writer.ts";
import { requires, root, tool } from "../harness/require.ts";
import { event, makePlace, type Place, until } from "./fixture.ts";

const ioctl = koffi.load(null).func("int ioctl(int fd, unsigned long request, void *argument)") as Ioctl;
type Ioctl = (fd: number, request: number, argument: Buffer) => number;
const EXT4_IOC_SHUTDOWN = 0x8004587d;

const mounts = requires(root());
const mountsImage = requires(
  root(),
  tool("mkfs.ext4", "e2fsprogs"),
  existsSync("/dev/loop-control") ? undefined : "there are no loop devices",
);

function run(command: string, ...words: string[]): void {
  execFileSync(command, words, { stdio: "pipe" });
}

/** False where it is refused, as it may be in the moment that the writer tries again. */
function succeeds(command: string, ...words: string[]): boolean {
  try {
    run(command, ...words);
    return true;
  } catch {
    return false;
  }
}

/** A log on a file system of its own; its head stays outside. */
async function mounted(
  t: TestContext,
  mount: (at: string, place: Place) => void,
): Promise<{ place: Place; at: string; writer: AuditWriter }> {
  const place = await makePlace(t);
  const at = dirname(place.path);
  mkdirSync(at, { mode: 0o700 });
  mount(at, place);
  place.atEnd(() => run("umount", at));
  return { place, at, writer: await place.open({ queueLimit: 50 }) };
}

/** Takes what room there is, and gives it back. */
function fill(folder: string): void {
  const file = openSync(`${folder}/ballast`, "w");
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch {
    // Full.
  } finally {
    closeSync(file);
  }
}

function free(folder: string): void {
  rmSync(`${folder}/ballast`);
}

const tmpfs = (at: string) => run("mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", at);

function ext4(at: string, place: Place): void {
  writeFileSync(imageOf(place), "");
  truncateSync(imageOf(place), 8 << 20);
  run("mkfs.ext4", "-q", "-F", imageOf(place));
  mountImage(at, place);
}

const imageOf = (place: Place) => `${place.folder}/image`;
const mountImage = (at: string, place: Place) => run("mount", "-o", "loop,errors=continue", imageOf(place), at);

/** Writes events until the log is degraded, and more until some are lost; answers how many. */
async function writeUntilLost(writer: AuditWriter): Promise<number> {
  const before = writer.counters.lost;
  let events = 0;
  await until(() => {
    for (let i = 0; i < 20; i++) {
      writer.write(event());
      events++;
    }
    return writer.health.state === "degraded" && writer.counters.lost > before + 100;
  });
  return events;
}

async function assertAccounted(place: Place, writer: AuditWriter, events: number): Promise<void> {
  await until(() => writer.health.state === "ok");
  await writer.action({ action: "MODE", uid: 0 });
  const { written, lost, queued } = writer.counters;
  const lines = place.lines();
  const detections = lines.filter((line) => / DETECTED /.test(line)).length;
  const actions = lines.filter((line) => / uid=\d/.test(line)).length;
  assert.deepEqual({ queued, accepted: written + lost }, { queued: 0, accepted: events + actions });
  assert.equal(detections, events - lost, "every event is in the file or counted");
  const verdict = await verifyAudit(place.path, place.headPath);
  assert.deepEqual({ problems: verdict.problems, missing: verdict.missing }, { problems: [], missing: lost });
}

test("a full disk degrades health, counts what is lost, and ends in a gap record with the exact number", mounts, async (t) => {
  const { place, at, writer } = await mounted(t, tmpfs);
  fill(at);
  const events = await writeUntilLost(writer);
  assert.match(writer.health.reasons[0]!, /ENOSPC.*free some space/);
  assert.equal(await writer.action({ action: "STOP", uid: 7 }), false, "nobody waits for a disk that is full");
  const before = place.lines().length;
  free(at);
  await until(() => writer.health.state === "ok");
  const lines = place.lines();
  assert.match(lines[before]!, / GAP missing=\d+ since=\S+ reason=ENOSPC ~/);
  assert.equal(lines.filter((line) => / STOP uid=7 /.test(line)).length, 1, "the operator's action was kept");
  await assertAccounted(place, writer, events);
  assert.deepEqual(
    place.health.map(({ state }) => state),
    ["degraded", "ok"],
  );
});

test("a disk that fills, frees and fills again loses nothing uncounted", mounts, async (t) => {
  const { place, at, writer } = await mounted(t, tmpfs);
  let events = 0;
  for (let round = 0; round < 3; round++) {
    fill(at);
    events += await writeUntilLost(writer);
    free(at);
    await until(() => writer.health.state === "ok");
  }
  await assertAccounted(place, writer, events);
});

test("a file system that becomes read-only degrades health, and the log goes on when it can be written again", mounts, async (t) => {
  const { place, at, writer } = await mounted(t, tmpfs);
  fill(at);
  let events = await writeUntilLost(writer); // a writer that failed lets go, so that a remount is possible
  await until(() => succeeds("mount", "-o", "remount,ro", at));
  await until(() => /EROFS.*read-write/.test(writer.health.reasons[0] ?? ""));
  for (let i = 0; i < 100; i++, events++) writer.write(event());
  run("mount", "-o", "remount,rw", at);
  free(at);
  await assertAccounted(place, writer, events);
});

test("weir starts on a full disk, degraded, and on a healthy one, not", mounts, async (t) => {
  const place = await makePlace(t);
  const at = dirname(place.path);
  mkdirSync(at, { mode: 0o700 });
  run("mount", "-t", "tmpfs", "-o", "size=8k,nr_inodes=2,mode=0700", "tmpfs", at);
  place.atEnd(() => run("umount", at));
  writeFileSync(`${at}/ballast`, "");
  const writer = await place.open();
  assert.equal(writer.health.state, "degraded");
  writer.write(event());
  run("mount", "-o", "remount,nr_inodes=9,size=64k", at);
  await until(() => writer.health.state === "ok");
  await writer.close();
  assert.deepEqual(
    place.lines().map((line) => line.split(" ")[2]),
    ["BEGIN", "DETECTED"],
  );
});

test("a disk that answers EIO degrades health, and after a repair the log goes on", mountsImage, async (t) => {
  const { place, at, writer } = await mounted(t, ext4);
  const folder = openSync(at, "r");
  const goDown = Buffer.from([1, 0, 0, 0]); // EXT4_GOING_FLAGS_LOGFLUSH
  assert.equal(ioctl(folder, EXT4_IOC_SHUTDOWN, goDown), 0);
  closeSync(folder);
  const events = await writeUntilLost(writer);
  assert.match(writer.health.reasons[0]!, /EIO|EROFS|ESHUTDOWN/);
  await until(() => succeeds("umount", at));
  mountImage(at, place);
  await assertAccounted(place, writer, events);
});

test("a disk that does not answer at all degrades health, and holds up nobody", mountsImage, async (t) => {
  const { place, at, writer } = await mounted(t, ext4);
  run("fsfreeze", "-f", at);
  let events = 0;
  try {
    await until(() => {
      writer.write(event());
      events++;
      return writer.health.state === "degraded" && writer.counters.lost > 20;
    });
    assert.match(writer.health.reasons[0]!, /does not answer/);
  } finally {
    run("fsfreeze", "-u", at);
  }
  await assertAccounted(place, writer, events);
});

test("a head that cannot be saved is told, and costs no record", mounts, async (t) => {
  const place = await makePlace(t);
  const state = dirname(place.headPath);
  const writer = await place.open();
  run("mount", "-t", "tmpfs", "-o", "ro,mode=0700", "tmpfs", state);
  try {
    assert.equal(await writer.action({ action: "MODE", uid: 0 }), true);
    assert.match(writer.health.reasons[0]!, /head of the audit log cannot be saved/);
  } finally {
    run("umount", state);
  }
  await until(() => writer.health.state === "ok");
  await writer.close();
  assert.deepEqual((await verifyAudit(place.path, place.headPath)).problems, []);
});
