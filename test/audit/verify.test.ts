import assert from "node:assert/strict";
import { copyFileSync, cpSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { extend, openSeal } from "../../audit/chain.ts";
import { checkChain } from "../../audit/check.ts";
import { type AuditVerdict, type ChainProblem, verifyAudit } from "../../audit/verify.ts";
import { makePlace, type Place, writeEvents } from "./fixture.ts";

/** A closed log: #1 BEGIN, #2 to #31 events, #32 MODE, #33 STOP. */
async function written(test: TestContext): Promise<Place> {
  const place = await makePlace(test);
  const writer = await place.open();
  await writeEvents(writer, 30);
  await writer.close({ action: "STOP", uid: 0 });
  assert.equal((await verifyAudit(place.path, place.headPath)).ok, true, "the untampered twin verifies");
  return place;
}

/** A log of several files: the full ones oldest first, then the current one. */
async function rotated(test: TestContext): Promise<{ place: Place; files: string[] }> {
  const place = await makePlace(test);
  const writer = await place.open({ rotate: { size: 1, keep: 20 } });
  for (let round = 0; round < 4; round++) await writeEvents(writer, 80);
  await writer.close({ action: "STOP", uid: 0 });
  const verdict = await verifyAudit(place.path, place.headPath);
  assert.deepEqual({ ok: verdict.ok, unchecked: verdict.unchecked }, { ok: true, unchecked: 0 }, "the untampered twin verifies");
  const folder = dirname(place.path);
  const numbers = readdirSync(folder).flatMap((name) => /^audit\.log\.(\d+)$/.exec(name)?.[1] ?? []);
  const files = numbers.sort((a, b) => Number(a) - Number(b)).map((number) => `${place.path}.${number}`);
  assert.ok(files.length >= 3);
  return { place, files: [...files, place.path] };
}

async function problemsOf(place: Place): Promise<ChainProblem[]> {
  const verdict = await verifyAudit(place.path, place.headPath);
  assert.equal(verdict.ok, false);
  return verdict.problems;
}

async function assertFirst(place: Place, kind: ChainProblem["kind"], line: number, file = place.path): Promise<AuditVerdict> {
  const verdict = await verifyAudit(place.path, place.headPath);
  const [first] = verdict.problems;
  const found = { ok: verdict.ok, kind: first?.kind, line: first?.line, file: first?.file };
  assert.deepEqual(found, { ok: false, kind, line, file }, JSON.stringify(verdict.problems));
  return verdict;
}

test("an untouched log verifies, record for record", async (t) => {
  const place = await written(t);
  const verdict = await verifyAudit(place.path, place.headPath);
  assert.deepEqual(verdict, {
    ok: true,
    problems: [],
    found: 0,
    files: 1,
    checked: 33,
    unchecked: 0,
    first: 1,
    last: 33,
    missing: 0,
    actions: { files: 1, checked: 3, unchecked: 0, first: 1, last: 3 },
  });
});

test("a flipped bit is found in every byte of a line, and the other lines are still checked", async (t) => {
  const place = await written(t);
  const lines = place.lines();
  for (let at = 0; at < lines[9]!.length; at++) {
    const flipped = String.fromCharCode(lines[9]!.charCodeAt(at) ^ 1);
    place.setLines(lines.with(9, lines[9]!.slice(0, at) + flipped + lines[9]!.slice(at + 1)));
    const verdict = await assertFirst(place, "changed", 10);
    assert.ok(verdict.checked + verdict.unchecked >= 31, `byte ${at}: ${verdict.checked} checked`);
    assert.ok(verdict.checked >= 30);
  }
});

test("a newline that was flipped is found", async (t) => {
  const place = await written(t);
  const lines = place.lines();
  place.setLines(lines.toSpliced(9, 2, `${lines[9]}\v${lines[10]}`));
  await assertFirst(place, "changed", 10);
});

test("a changed first line and a changed last line are found", async (t) => {
  const place = await written(t);
  const lines = place.lines();
  place.setLines(lines.with(0, lines[0]!.replace("BEGIN", "BEGUN")));
  assert.equal((await problemsOf(place))[0]?.line, 1);
  place.setLines(lines.with(32, lines[32]!.replace("uid=0", "uid=1")));
  await assertFirst(place, "changed", 33);
});

test("deleted lines are found: one, several, the first ones", async (t) => {
  const place = await written(t);
  const lines = place.lines();
  place.setLines(lines.toSpliced(9, 1));
  assert.match((await assertFirst(place, "deleted", 10)).problems[0]!.text, /record #10 /);
  place.setLines(lines.toSpliced(9, 5));
  assert.match((await assertFirst(place, "deleted", 10)).problems[0]!.text, /records #10 to #14 /);
  place.setLines(lines.toSpliced(0, 5));
  assert.match((await assertFirst(place, "deleted", 1)).problems[0]!.text, /records #1 to #5 /);
});

test("swapped lines are found, neighbours or not", async (t) => {
  const place = await written(t);
  const lines = place.lines();
  place.setLines(lines.with(9, lines[10]!).with(10, lines[9]!));
  assert.equal((await assertFirst(place, "swapped", 10)).found, 1);
  place.setLines(lines.with(9, lines[20]!).with(20, lines[9]!));
  const verdict = await assertFirst(place, "swapped", 10);
  assert.deepEqual(
    verdict.problems.map(({ kind, line }) => ({ kind, line })),
    [
      { kind: "swapped", line: 10 },
      { kind: "swapped", line: 21 },
    ],
  );
});

test("a repeated line and a foreign line are found", async (t) => {
  const place = await written(t);
  const lines = place.lines();
  place.setLines(lines.toSpliced(9, 0, lines[4]!));
  assert.equal((await assertFirst(place, "inserted", 10)).found, 1);
  place.setLines(lines.toSpliced(9, 0, "nothing to see here"));
  assert.equal((await assertFirst(place, "inserted", 10)).found, 1);
});

test("a cut end is found, between lines and within one", async (t) => {
  const place = await written(t);
  const size = statSync(place.path).size;
  const lastLine = place.lines().at(-1)!.length + 1;
  truncateSync(place.path, size - lastLine);
  assert.match((await assertFirst(place, "truncated", 32)).problems[0]!.text, /#33/);
  truncateSync(place.path, size - lastLine - 20);
  await assertFirst(place, "truncated", 32);
  truncateSync(place.path, 0);
  await assertFirst(place, "deleted", 0);
});

test("without the head a cut end looks whole, so a missing or broken head is a finding", async (t) => {
  const place = await written(t);
  place.setLines(place.lines().slice(0, -3));
  assert.equal((await checkChain(place.path, null)).ok, true);
  assert.match(
    (await verifyAudit(place.path, null)).problems[0]!.text,
    /the log ends with record #30, and copies of its actions go on with #32/,
  );
  rmSync(place.headPath);
  await assertFirst(place, "head", 0, place.headPath);
  writeFileSync(place.headPath, '{"sequence": 3}');
  await assertFirst(place, "head", 0, place.headPath);
});

test("an older copy in place of the log is found", async (t) => {
  const place = await written(t);
  copyFileSync(place.path, `${place.folder}/copy`);
  const writer = await place.open();
  await writeEvents(writer, 5);
  await writer.close();
  assert.equal((await verifyAudit(place.path, place.headPath)).ok, true, "the untampered twin verifies");
  renameSync(`${place.folder}/copy`, place.path);
  await assertFirst(place, "replaced", 33);
});

test("a log that was forged anew, chain and all, is found", async (t) => {
  const place = await written(t);
  const lines = place.lines();
  let link = openSeal(lines[8]!)!;
  for (let i = 9; i < lines.length; i++) {
    const { body } = openSeal(lines[i]!)!;
    const text = body
      .replace(/^\S+ #\d+ /, "")
      .replace("40", "41")
      .replace("DETECTED", "ALLOWED");
    const next = extend(link, { time: Date.parse(body.split(" ")[0]!), text });
    lines[i] = next.line;
    link = openSeal(next.line)!;
  }
  place.setLines(lines);
  assert.equal((await checkChain(place.path, null)).ok, true, "the forger's chain is sound in itself");
  assert.match(
    (await verifyAudit(place.path, null)).problems[0]!.text,
    /this line is not what record #32 of the log says/,
    "and its copied actions tell without any head",
  );
  await assertFirst(place, "changed", 33);
});

test("a torn last line is named as torn", async (t) => {
  const place = await written(t);
  writeFileSync(place.path, "2026-11-21T03:00:00.123Z #34 DETEC", { flag: "a" });
  const verdict = await assertFirst(place, "torn", 34);
  assert.equal(verdict.checked, 33);
});

test("tampering is found in rotated files, and named with the file", async (t) => {
  const { place, files } = await rotated(t);
  const [, file] = files as [string, string];
  const lines = place.lines(file);
  const tamper: [ChainProblem["kind"], number, string[]][] = [
    ["changed", 5, lines.with(4, lines[4]!.replace("telnet", "talnet"))],
    ["deleted", 5, lines.toSpliced(4, 1)],
    ["swapped", 5, lines.with(4, lines[5]!).with(5, lines[4]!)],
    ["deleted", 1, lines.slice(1)],
    ["changed", lines.length, lines.with(-1, lines.at(-1)!.replace(/#\d+/, "#7"))],
  ];
  for (const [kind, line, changed] of tamper) {
    place.setLines(changed, file);
    await assertFirst(place, kind, line, file);
  }
  place.setLines(lines.slice(0, -2), file);
  await assertFirst(place, "deleted", 1, files[2]);
  truncateSync(file, statSync(file).size - 10);
  await assertFirst(place, "truncated", lines.length - 2, file);
  place.setLines(lines, file);
  assert.equal((await verifyAudit(place.path, place.headPath)).ok, true);
});

test("a deleted file is found: the oldest, one in the middle, the current one", async (t) => {
  const { place, files } = await rotated(t);
  const [oldest, second, third] = files as [string, string, string];
  const backup = `${place.folder}/backup`;
  cpSync(dirname(place.path), backup, { recursive: true, preserveTimestamps: true });
  const restore = (file: string) => copyFileSync(file.replace(dirname(place.path), backup), file);
  rmSync(oldest);
  await assertFirst(place, "deleted", 1, second);
  restore(oldest);
  rmSync(second);
  await assertFirst(place, "deleted", 1, third);
  restore(second);
  rmSync(place.path);
  await assertFirst(place, "deleted", 0);
  restore(place.path);
  assert.equal((await verifyAudit(place.path, place.headPath)).ok, true);
});

test("a rotated file in place of the current one is found", async (t) => {
  const { place, files } = await rotated(t);
  copyFileSync(files[0]!, place.path);
  const problems = await problemsOf(place);
  assert.deepEqual({ kind: problems[0]?.kind, file: problems[0]?.file }, { kind: "replaced", file: place.path });
});

test("files are read in the order of their records, whatever they are called", async (t) => {
  const { place, files } = await rotated(t);
  renameSync(files[0]!, join(dirname(place.path), "audit.log-20261121"));
  renameSync(files[1]!, join(dirname(place.path), "audit.log.9999999"));
  assert.equal((await verifyAudit(place.path, place.headPath)).ok, true);
});

test("a line of any length, or bytes of any kind, end in a finding and not in a crash", async (t) => {
  const place = await written(t);
  const whole = readFileSync(place.path);
  const blob = Buffer.alloc(3_000_000, 0);
  writeFileSync(place.path, Buffer.concat([whole.subarray(0, 500), blob, whole.subarray(500)]));
  const problems = await problemsOf(place);
  assert.equal(problems[0]?.kind, "changed");
  writeFileSync(place.path, blob);
  assert.ok((await problemsOf(place)).length > 0);
});

test("where no log was ever written, verify says so", async (t) => {
  const place = await written(t);
  rmSync(place.path);
  rmSync(place.headPath);
  await assertFirst(place, "deleted", 0);
});
