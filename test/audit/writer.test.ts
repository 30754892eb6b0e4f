import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { actionsPath } from "../../audit/actions.ts";
import { showAudit } from "../../audit/show.ts";
import { verifyAudit } from "../../audit/verify.ts";
import { event, makePlace, type Place, until, writeEvents } from "./fixture.ts";

const types = (place: Place, file?: string) => place.lines(file).map((line) => line.split(" ")[2]);

async function assertSound(place: Place): Promise<void> {
  assert.deepEqual((await verifyAudit(place.path, place.headPath)).problems, []);
}

test("files are private, and the records stand in the order they came", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open();
  assert.equal(await writer.action({ action: "START", uid: 0 }), true);
  await writeEvents(writer, 3);
  writer.write(event({ type: "BLOCKED", would_drop: false }));
  await writer.close({ action: "STOP", uid: 1000 });
  assert.deepEqual(types(place), ["BEGIN", "START", "DETECTED", "DETECTED", "DETECTED", "MODE", "BLOCKED", "STOP"]);
  for (const file of [place.path, place.headPath]) assert.equal(statSync(file).mode & 0o7777, 0o600);
  assert.equal(statSync(dirname(place.path)).mode & 0o7777, 0o700);
  assert.deepEqual(readdirSync(dirname(place.path)), ["audit.log", "audit.log.actions"], "nothing else is left behind");
  assert.equal(statSync(actionsPath(place.path)).mode & 0o7777, 0o600);
  assert.deepEqual(writer.counters, {
    written: 7,
    lost: 0,
    queued: 0,
    bytes: statSync(place.path).size + statSync(actionsPath(place.path)).size,
  });
  await assertSound(place);
});

test("events reach the file without anybody asking, and the head follows", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open();
  writer.write(event());
  assert.equal(writer.counters.queued, 1);
  await until(() => types(place).includes("DETECTED"));
  await until(() => (JSON.parse(readFileSync(place.headPath, "utf8")) as { sequence: number }).sequence === 2);
  assert.deepEqual({ ...writer.counters, bytes: 0 }, { written: 1, lost: 0, queued: 0, bytes: 0 });
});

test("the chain goes on over a restart", async (t) => {
  const place = await makePlace(t);
  for (let start = 0; start < 3; start++) {
    const writer = await place.open();
    await writeEvents(writer, 2);
    await writer.close();
  }
  assert.deepEqual(
    place.lines().map((line) => line.split(" ")[1]),
    Array.from({ length: 10 }, (_, i) => `#${i + 1}`),
  );
  assert.deepEqual(place.reports, []);
  await assertSound(place);
});

test("a full file is put aside, as many are kept as asked for, and the chain spans them", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open({ rotate: { size: 10_000, keep: 2 } });
  for (let round = 0; round < 6; round++) await writeEvents(writer, 80);
  await writer.close();
  const names = readdirSync(dirname(place.path));
  assert.equal(names.filter((name) => !name.endsWith(".actions")).length, 3, names.join());
  assert.equal(types(place)[0], "ROTATE");
  const verdict = await verifyAudit(place.path, place.headPath);
  assert.deepEqual(
    { problems: verdict.problems, files: verdict.files, unchecked: verdict.unchecked },
    { problems: [], files: 3, unchecked: 0 },
  );
  assert.ok(verdict.first! > 1);
});

test("reopening after the file was moved goes on in a new one, and the chain still holds", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open();
  await writeEvents(writer, 2);
  renameSync(place.path, `${place.path}.1`);
  await writer.reopen();
  await writeEvents(writer, 2);
  assert.deepEqual(types(place), ["ROTATE", "DETECTED", "DETECTED", "MODE"]);
  await writer.reopen();
  await writer.close();
  assert.equal(types(place).length, 4, "reopening the same file says nothing");
  await assertSound(place);
});

test("a file deleted under weir is noticed without an event, and verify tells what is gone", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open();
  await writeEvents(writer, 2);
  rmSync(place.path);
  await until(() => place.reports.length > 0);
  await until(() => types(place).includes("CONTINUE"));
  await writeEvents(writer, 2);
  await writer.close();
  assert.match(place.lines()[0]!, /CONTINUE previous=[0-9a-f]{32} reason="the previous file is gone"/);
  const verdict = await verifyAudit(place.path, place.headPath);
  assert.deepEqual(
    verdict.problems.map(({ kind, text }) => [kind, text]),
    [["deleted", "records #1 to #4 before this line are missing"]],
  );
});

test("a log whose folder was deleted is written anew", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open();
  rmSync(dirname(place.path), { recursive: true });
  await until(() => place.reports.some((report) => report.startsWith("CONTINUE")));
  assert.equal(await writer.action({ action: "MODE", uid: 0 }), true);
  assert.deepEqual(types(place), ["CONTINUE", "MODE"]);
});

test("a file that is cut or appended to under weir is noticed, and the break stays visible", async (t) => {
  for (const harm of ["cut", "append"] as const) {
    const place = await makePlace(t);
    const writer = await place.open();
    await writeEvents(writer, 5);
    if (harm === "cut") truncateSync(place.path, place.lines().slice(0, 4).join("\n").length + 1);
    else appendFileSync(place.path, "2026-11-21T03:00:00.123Z #8 MODE uid=0 ~0123456789abcdef0123456789abcdef\n");
    await until(() => place.reports.length > 0);
    await writeEvents(writer, 2);
    await writer.close();
    assert.match(
      place.reports[0]!,
      harm === "cut" ? /^GAP missing=3 reason="the file was cut or replaced" known=7 found=4/ : /^REPAIR strangers=1/,
    );
    const { problems } = await verifyAudit(place.path, place.headPath);
    assert.deepEqual(problems[0] && [problems[0].kind, problems[0].line], harm === "cut" ? ["deleted", 5] : ["changed", 8]);
  }
});

test("an older copy that was put in place while weir was stopped is named at the next start", async (t) => {
  const place = await makePlace(t);
  let writer = await place.open();
  await writeEvents(writer, 5);
  await writer.close();
  const copy = readFileSync(place.path);
  writer = await place.open();
  await writeEvents(writer, 5);
  await writer.close();
  writeFileSync(place.path, copy);
  writer = await place.open();
  await writer.close();
  assert.match(place.lines().at(-1)!, / #14 GAP missing=6 reason="the file was cut or replaced" known=13 found=7 /);
  assert.equal((await verifyAudit(place.path, place.headPath)).problems[0]?.kind, "deleted");
});

test("a torn last line is repaired by a record that keeps what was left of it", async (t) => {
  const place = await makePlace(t);
  let writer = await place.open();
  await writeEvents(writer, 3);
  await writer.close();
  writeFileSync(place.path, "2026-11-21T03:00:00.123Z #6 DETEC", { flag: "a" });
  assert.equal((await verifyAudit(place.path, place.headPath)).problems[0]?.kind, "torn");
  writer = await place.open();
  await writer.close();
  assert.match(place.lines().at(-1)!, / #6 REPAIR torn="2026-11-21T03:00:00\.123Z #6 DETEC" ~/);
  await assertSound(place);
});

test("records behind the head are not tampering", async (t) => {
  const place = await makePlace(t);
  let writer = await place.open();
  await writeEvents(writer, 3);
  const head = readFileSync(place.headPath);
  await writeEvents(writer, 3);
  await writer.close();
  writeFileSync(place.headPath, head);
  await assertSound(place);
  writer = await place.open();
  await writer.close();
  assert.deepEqual(place.reports, []);
  await assertSound(place);
});

test("a rotation that was cut short is finished at the next start", async (t) => {
  const place = await makePlace(t);
  let writer = await place.open();
  await writeEvents(writer, 3);
  await writer.close();
  renameSync(place.path, `${place.path}.1`);
  writer = await place.open();
  await writer.close();
  assert.deepEqual(types(place), ["ROTATE"]);
  await assertSound(place);
});

test("a lost head is reported and written again", async (t) => {
  const place = await makePlace(t);
  await (await place.open()).close();
  rmSync(place.headPath);
  await (await place.open()).close();
  assert.match(place.lines().at(-1)!, / #2 REPAIR reason=".*audit\.head was missing" /);
  await assertSound(place);
});

test("nothing but a file of its own is written to", async (t) => {
  const plant: [string, RegExp, (path: string, victim: string) => void][] = [
    ["a symbolic link", /is a symbolic link/, (path, victim) => symlinkSync(victim, path)],
    ["a link to nowhere", /is a symbolic link/, (path) => symlinkSync("/nonexistent/file", path)],
    ["a hard link", /has 2 hard links/, (path, victim) => linkSync(victim, path)],
    ["a folder", /not a regular file/, (path) => mkdirSync(path)],
    ["a fifo", /not a regular file/, (path) => execFileSync("mkfifo", [path])],
    ["somebody's file", /is not an audit log/, (path) => writeFileSync(path, "root:x:0:0\n")],
    ["somebody's unfinished file", /is not an audit log/, (path) => writeFileSync(path, "hello")],
  ];
  for (const [what, message, put] of plant) {
    const place = await makePlace(t);
    mkdirSync(dirname(place.path), { mode: 0o700 });
    const victim = `${place.folder}/victim`;
    writeFileSync(victim, "precious\n");
    put(place.path, victim);
    await assert.rejects(place.open(), { name: "AuditRefusal", message }, what);
    assert.equal(readFileSync(victim, "utf8"), "precious\n");
    rmSync(place.path, { recursive: true });
    await (await place.open()).close();
    assert.deepEqual(types(place), ["BEGIN"], "the clean twin opens");
  }
});

test("a symbolic link planted under a running weir is not followed; what was held comes when it is gone", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open();
  const victim = `${place.folder}/victim`;
  writeFileSync(victim, "precious\n");
  renameSync(place.path, `${place.path}.1`);
  symlinkSync(victim, place.path);
  await until(() => writer.health.state === "degraded");
  assert.match(writer.health.reasons[0]!, /is a symbolic link; move it away/);
  writer.write(event());
  assert.equal(await writer.action({ action: "MODE", uid: 0 }), false);
  assert.equal(readFileSync(victim, "utf8"), "precious\n");
  rmSync(place.path);
  await until(() => writer.health.state === "ok");
  assert.deepEqual(types(place), ["ROTATE", "DETECTED", "MODE"]);
  await writer.close();
  await assertSound(place);
});

test("a folder others can write to is refused", async (t) => {
  const place = await makePlace(t);
  mkdirSync(dirname(place.path));
  for (const mode of [0o777, 0o1777, 0o770]) {
    chmodSync(dirname(place.path), mode);
    await assert.rejects(place.open(), { name: "AuditRefusal", message: /writable by others.* chmod go-w/ });
  }
  chmodSync(dirname(place.path), 0o755);
  await (await place.open()).close();
});

test("permissions that were opened up are repaired and reported, at the start and later", async (t) => {
  const place = await makePlace(t);
  await (await place.open()).close();
  chmodSync(place.path, 0o644);
  const writer = await place.open();
  assert.equal(statSync(place.path).mode & 0o7777, 0o600);
  assert.deepEqual(place.reports, ['REPAIR reason="mode was 0644, is 0600"']);
  chmodSync(place.path, 0o666);
  await until(() => place.reports.length === 2);
  await writer.close();
  assert.deepEqual(types(place), ["BEGIN", "REPAIR", "REPAIR"]);
  await assertSound(place);
});

test("a second writer is refused and told about the first; the lock goes with its holder", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open();
  await assert.rejects(place.open(), { name: "AuditRefusal", message: new RegExp(`process ${process.pid} already writes`) });
  await writer.action({ action: "MODE", uid: 0 });
  await writer.close();
  writeFileSync(`${place.path}.lock`, "1\n");
  await (await place.open()).close();
  assert.deepEqual(types(place), ["BEGIN", "MODE"]);
});

test("events beyond the bound are counted exactly, and operators' actions are not among them", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open({ queueLimit: 100 });
  for (let port = 1; port <= 1000; port++) {
    writer.write(event({ source: { address: "198.18.0.1", port } }));
    if (port % 100 === 0) void writer.action({ action: "ATTACH", detail: { port } });
  }
  const { queued, lost } = writer.counters;
  assert.equal(queued + lost, 1010);
  await writer.close();
  const counted = types(place);
  assert.equal(counted.filter((type) => type === "ATTACH").length, 10);
  assert.equal(counted.filter((type) => type === "DETECTED").length, 1000 - lost);
  assert.equal(counted[1], "GAP");
  assert.match(place.lines()[1]!, new RegExp(` GAP missing=${lost} since=2026-11-21T03:00:00\\.123Z `));
  assert.equal((await verifyAudit(place.path, place.headPath)).missing, lost);
  assert.deepEqual({ ...writer.counters, bytes: 0 }, { written: 1010 - lost, lost, queued: 0, bytes: 0 });
});

test("a log can be verified and read while it is written and rotated", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open({ rotate: { size: 20_000, keep: 3 } });
  let writing = true;
  const flood = (async () => {
    while (writing) {
      await writeEvents(writer, 50);
      await sleep(20);
    }
  })();
  try {
    for (let round = 0; round < 30; round++) await assertSound(place);
  } finally {
    writing = false;
    await flood;
    await writer.close();
  }
});

test("show finds records by time, type and rule, over all files, and the last of them", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open({ rotate: { size: 1, keep: 20 } });
  await writeEvents(writer, 100);
  const rule = { name: "odd \n name", action: "block", enforce: true, source: "weir.yaml:1" } as const;
  writer.write(event({ rule, time: Date.UTC(2026, 10, 22) }));
  await writeEvents(writer, 100);
  await writer.close();
  const shown = async (filter: Parameters<typeof showAudit>[1]) =>
    (await Array.fromAsync(showAudit(place.path, filter))).map((each) => each.line);
  const all = await shown({});
  assert.ok(all.length > 203);
  assert.equal((await shown({ types: ["DETECTED"] })).length, 201);
  assert.equal((await shown({ types: ["MODE", "BEGIN"] })).length, 3);
  assert.deepEqual(
    await shown({ rule: "odd \n name" }),
    all.filter((line) => line.includes("odd")),
  );
  assert.deepEqual(
    await shown({ since: Date.UTC(2026, 10, 22), types: ["DETECTED"] }),
    all.filter((line) => line.includes("odd")),
  );
  assert.deepEqual(await shown({ last: 3 }), all.slice(-3));
  assert.deepEqual(await shown({ last: 1, types: ["BEGIN"] }), all.slice(0, 1));
  assert.deepEqual(await shown({ last: 0 }), []);
});

test("a hundred thousand events", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open({ queueLimit: 200_000 });
  const start = performance.now();
  await writeEvents(writer, 100_000);
  const seconds = (performance.now() - start) / 1000;
  t.diagnostic(`${Math.round(100_000 / seconds)} events a second, queued, chained and on disk`);
  await writer.close();
  assert.equal(writer.counters.written, 100_001);
  await assertSound(place);
});
