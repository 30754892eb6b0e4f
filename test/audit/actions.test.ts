/** Operators' actions outlive the events around them, and no copy or record can be changed without the other telling. */

import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { type TestContext, test } from "node:test";

import { actionsHead, actionsPath } from "../../audit/actions.ts";
import { extend, GENESIS, openSeal } from "../../audit/chain.ts";
import { checkChain } from "../../audit/check.ts";
import { AuditRefusal } from "../../audit/file.ts";
import type { Head } from "../../audit/head.ts";
import { showAudit } from "../../audit/show.ts";
import { type ChainProblem, verifyAudit } from "../../audit/verify.ts";
import { event, makePlace, type Place, until, writeEvents } from "./fixture.ts";

const TINY = { rotate: { size: 1, keep: 2 } };

async function shown(place: Place, ...types: string[]): Promise<string[]> {
  return (await Array.fromAsync(showAudit(place.path, { types }))).map(({ text, type }) => `${type} ${text}`);
}

/** #1 BEGIN, then 10 events and a MODE, three times, and a STOP: #12, #23, #34 and #35 are actions. */
async function written(t: TestContext): Promise<Place> {
  const place = await makePlace(t);
  const writer = await place.open();
  for (let round = 0; round < 3; round++) await writeEvents(writer, 10);
  await writer.close({ action: "STOP", uid: 0 });
  assert.deepEqual((await verifyAudit(place.path, place.headPath)).problems, [], "the untampered twin verifies");
  return place;
}

async function firstProblem(place: Place): Promise<ChainProblem> {
  const { ok, problems } = await verifyAudit(place.path, place.headPath);
  assert.equal(ok, false);
  return problems[0]!;
}

test("a flood of events at full rate pushes no action out: all are shown, in order, and all of it verifies", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open(TINY);
  await writer.action({ action: "START", uid: 0 });
  for (let number = 0; number < 20; number++) {
    for (let port = 1; port <= 2000; port++) writer.write(event({ source: { address: "198.18.0.1", port } }));
    await writer.action({ action: "RULE-ADD", uid: 0, detail: { number } });
  }
  await writer.close({ action: "STOP", uid: 0 });
  const { first, problems, actions, files } = await verifyAudit(place.path, place.headPath);
  assert.deepEqual(problems, []);
  assert.equal(files, 3);
  assert.ok(first! > 20_000, `events before #${first} were rotated away`);
  assert.equal(actions!.checked, 1 + 1 + 20 + 1);
  const lines = await Array.fromAsync(showAudit(place.path, {}));
  const kept = lines.filter(({ type }) => type !== "DETECTED" && type !== "ROTATE");
  assert.deepEqual(
    kept.map(({ type, text }) => (type === "RULE-ADD" ? text : type)),
    ["START", ...Array.from({ length: 20 }, (_, number) => `uid=0 number=${number}`), "STOP"],
  );
  const numbers = lines.map(({ sequence }) => sequence);
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
});

test("actions have a retention of their own, and what is left of them verifies", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open({ ...TINY, actions: { size: 1, keep: 2 } });
  for (let number = 0; number < 400; number++) await writer.action({ action: "ATTACH", detail: { number } });
  await writer.close();
  const { problems, actions } = await verifyAudit(place.path, place.headPath);
  assert.deepEqual(problems, []);
  assert.equal(actions!.files, 3);
  assert.ok(actions!.first! > 1);
});

test("a flipped bit in any byte of a copy is found, and so is a copy that is deleted, swapped, doubled or cut off", async (t) => {
  const place = await written(t);
  const path = actionsPath(place.path);
  const lines = place.lines(path);
  for (let at = 0; at < lines[2]!.length; at++) {
    const flipped = String.fromCharCode(lines[2]!.charCodeAt(at) ^ 1);
    place.setLines(lines.with(2, lines[2]!.slice(0, at) + flipped + lines[2]!.slice(at + 1)), path);
    assert.equal((await firstProblem(place)).file, path);
  }
  const tampered: [ChainProblem["kind"], string[]][] = [
    ["deleted", lines.toSpliced(2, 1)],
    ["swapped", lines.with(1, lines[2]!).with(2, lines[1]!)],
    ["inserted", lines.toSpliced(2, 0, lines[1]!)],
    ["truncated", lines.slice(0, -1)],
    ["deleted", []],
  ];
  for (const [kind, changed] of tampered) {
    place.setLines(changed, path);
    const problem = await firstProblem(place);
    assert.deepEqual([problem.kind, problem.file], [kind, path]);
  }
  place.setLines(lines, path);
  assert.equal((await verifyAudit(place.path, place.headPath)).ok, true);
});

test("copies that vanish with their head are missed by the head of the log, also after the next start", async (t) => {
  const place = await written(t);
  rmSync(actionsPath(place.path));
  rmSync(actionsHead(place.headPath));
  assert.match((await firstProblem(place)).text, /there is no audit log here|5 copied actions, and 0 of them are left/);
  const writer = await place.open();
  await writer.action({ action: "START", uid: 0 });
  await writer.close();
  assert.match(place.lines().at(-2)!, / REPAIR reason="\S+audit\.log\.actions was started again or cut: 5 of its lines are missing"/);
  assert.deepEqual(place.reports.length, 1);
});

/** The lines sealed once more, each changed as asked. */
function forged(lines: readonly string[], change: (text: string) => string): { lines: string[]; last: { sequence: number; hash: string } } {
  let link = GENESIS;
  const sealed = lines.map((line) => {
    const { body } = openSeal(line)!;
    const next = extend(link, { time: Date.parse(body.split(" ")[0]!), text: change(body.replace(/^\S+ #\d+ /, "")) });
    link = next.link;
    return next.line;
  });
  return { lines: sealed, last: link };
}

function moveHead(path: string, link: { sequence: number; hash: string }): void {
  const head = JSON.parse(readFileSync(path, "utf8")) as Head;
  writeFileSync(path, JSON.stringify({ ...head, ...link }));
}

test("a chain that is forged anew with its head is given away by the other one", async (t) => {
  const change = (text: string): string => text.replace("to=prevent", "to=nothing");
  const one = await written(t);
  const log = forged(one.lines(), change);
  one.setLines(log.lines);
  moveHead(one.headPath, log.last);
  assert.deepEqual((await checkChain(one.path, one.headPath)).problems, [], "the forger's chain is sound in itself");
  assert.match((await firstProblem(one)).text, /this line is not what record #12 of the log says/);

  const other = await written(t);
  const copies = forged(other.lines(actionsPath(other.path)), change);
  other.setLines(copies.lines, actionsPath(other.path));
  moveHead(actionsHead(other.headPath), copies.last);
  assert.deepEqual(
    (await checkChain(actionsPath(other.path), actionsHead(other.headPath))).problems,
    [],
    "the forger's chain is sound in itself",
  );
  assert.match((await firstProblem(other)).text, /this line is not what record #12 of the log says/);

  const third = await written(t);
  const fewer = forged(third.lines(actionsPath(third.path)).toSpliced(2, 1), (text) => text);
  third.setLines(fewer.lines, actionsPath(third.path));
  moveHead(actionsHead(third.headPath), fewer.last);
  assert.match((await firstProblem(third)).text, /the copy of record #23 is missing|5 copied actions, and 4 of them are left/);
});

test("a log that is removed with its head and begun anew is given away by the copies", async (t) => {
  const place = await written(t);
  rmSync(place.path);
  rmSync(place.headPath);
  const writer = await place.open();
  await writer.action({ action: "START", uid: 0 });
  await writer.close();
  assert.match(
    (await firstProblem(place)).text,
    /the log ends with record #2, and copies of its actions go on with #12|the log was started again/,
  );
});

test("an action that a killed agent had not copied is copied by the next start, and none twice", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open();
  await writeEvents(writer, 10);
  await until(() => (JSON.parse(readFileSync(place.headPath, "utf8")) as Head).actions === 2);
  for (const file of [place.headPath, actionsHead(place.headPath), actionsPath(place.path)]) copyFileSync(file, `${file}.old`);
  await writeEvents(writer, 10);
  await writer.close();
  for (const file of [place.headPath, actionsHead(place.headPath), actionsPath(place.path)]) renameSync(`${file}.old`, file);
  const left = await verifyAudit(place.path, place.headPath);
  assert.deepEqual(left.problems, [], "that is what a kill leaves, and nothing is wrong with it");
  for (let start = 0; start < 2; start++) {
    const next = await place.open();
    await next.close();
    assert.equal(place.lines(actionsPath(place.path)).length, 3, "BEGIN and two actions");
  }
  assert.deepEqual((await verifyAudit(place.path, place.headPath)).problems, []);
  assert.deepEqual(place.reports, []);
});

test("a log from before there were copies goes on, and from then on actions are copied", async (t) => {
  const place = await written(t);
  rmSync(actionsPath(place.path));
  rmSync(actionsHead(place.headPath));
  const { actions: _, ...old } = JSON.parse(readFileSync(place.headPath, "utf8")) as Head;
  writeFileSync(place.headPath, JSON.stringify(old));
  assert.deepEqual((await verifyAudit(place.path, place.headPath)).actions, null);
  const writer = await place.open();
  await writer.action({ action: "START", uid: 0 });
  await writer.close();
  const { problems, actions } = await verifyAudit(place.path, place.headPath);
  assert.deepEqual([problems, actions!.checked], [[], 2]);
  assert.deepEqual(place.reports, []);
  assert.equal((await shown(place, "MODE")).length, 3);
});

test("another tool may move the files away; what it kept beside them still verifies", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open();
  for (let round = 1; round <= 3; round++) {
    await writeEvents(writer, 5);
    for (const path of [place.path, actionsPath(place.path)]) renameSync(path, `${path}.${round}`);
    await writer.reopen();
  }
  await writeEvents(writer, 5);
  await writer.close();
  const { problems, actions } = await verifyAudit(place.path, place.headPath);
  assert.deepEqual([problems, actions!.files], [[], 4]);
  assert.equal((await shown(place, "MODE")).length, 4);
});

test("where copies cannot be written the log goes on, health says so, and they are made up for", async (t) => {
  const place = await makePlace(t);
  const writer = await place.open();
  await writeEvents(writer, 5);
  const path = actionsPath(place.path);
  renameSync(path, `${path}-away`);
  mkdirSync(path);
  await until(async () => (await writer.action({ action: "MODE", uid: 0 }), writer.health.state === "degraded"));
  assert.match(
    writer.health.reasons.join(),
    /operators' actions are in \S+, but cannot be copied to \S+audit\.log\.actions: .* is not a regular file/,
  );
  assert.equal(await writer.action({ action: "MODE", uid: 0 }), true, "the log has it");
  rmdirSync(path);
  renameSync(`${path}-away`, path);
  await until(() => writer.health.state === "ok");
  await writer.close();
  assert.deepEqual((await verifyAudit(place.path, place.headPath)).problems, []);
  const actions = (lines: readonly string[]): number => lines.filter((line) => line.includes(" MODE ")).length;
  assert.ok(actions(place.lines()) >= 3);
  assert.equal(actions(place.lines(path)), actions(place.lines()));
});

test("what is no file of actions is not written to", async (t) => {
  const place = await makePlace(t);
  mkdirSync(dirname(place.path), { recursive: true, mode: 0o700 });
  writeFileSync(`${place.folder}/precious`, "precious\n");
  cpSync(`${place.folder}/precious`, actionsPath(place.path));
  await assert.rejects(place.open(), (error) => error instanceof AuditRefusal && /is not an audit log/.test(error.message));
  assert.equal(readFileSync(actionsPath(place.path), "utf8"), "precious\n");
  assert.ok(!existsSync(`${place.path}.lock`) && !readdirSync(dirname(place.path)).some((name) => name.endsWith(".lock")));
});
