import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { actionsPath, copiesOf } from "../../audit/actions.ts";
import { verifyAudit } from "../../audit/verify.ts";
import { event, makePlace, type Place } from "./fixture.ts";

const CHILD = fileURLToPath(new URL("writing-child.ts", import.meta.url));
const OWING_CHILD = fileURLToPath(new URL("owing-child.ts", import.meta.url));

/** Runs a writer whose actions cannot be copied, until the log has rotated so often, kills it, and lets actions be copied again. */
async function owe(place: Place, rotations: number): Promise<void> {
  const child = spawn(process.execPath, [OWING_CHILD, place.folder, String(rotations)], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), gone]);
  assert.equal(child.exitCode, null, "it has written");
  assert.deepEqual((await verifyAudit(place.path, place.headPath)).problems, [], "while it owes copies");
  child.kill("SIGKILL");
  await gone;
  rmdirSync(actionsPath(place.path));
}

async function copied(place: Place): Promise<string[]> {
  return (await Array.fromAsync(copiesOf(place.path))).map(({ line }) => line);
}

test("a writer killed at any moment leaves a log that is whole but for its last line, and the next start mends that", async (t) => {
  const place = await makePlace(t);
  let torn = 0;
  let records = 0;
  for (let kill = 0; kill < 20; kill++) {
    const child = spawn(process.execPath, [CHILD, place.folder], { stdio: ["ignore", "pipe", "inherit"] });
    const gone = once(child, "exit");
    await Promise.race([once(child.stdout, "data"), gone]);
    assert.equal(child.exitCode, null, "the child writes, whatever the one before it left");
    await sleep(Math.random() * 150);
    child.kill("SIGKILL");
    await gone;

    const left = await verifyAudit(place.path, place.headPath);
    if (left.problems[0]?.kind === "torn") torn++;
    else assert.deepEqual(left.problems, []);

    const writer = await place.open();
    await writer.action({ action: "START", uid: 0 });
    await writer.close();
    const mended = await verifyAudit(place.path, place.headPath);
    assert.deepEqual(mended.problems, []);
    assert.ok(mended.last! > left.last!);
    records = mended.checked;
  }
  const repairs = place.reports.filter((report) => report.startsWith("REPAIR torn="));
  assert.equal(repairs.length, torn, "every torn line, and nothing else, was repaired");
  assert.deepEqual(
    place.reports.filter((report) => !repairs.includes(report)),
    [],
  );
  t.diagnostic(`20 kills, ${records} records, ${torn} torn`);
});

test("an action that was not copied yet stays in the log while it rotates, and the next start copies it", async (t) => {
  const place = await makePlace(t);
  await owe(place, 4);
  const writer = await place.open({ rotate: { size: 1, keep: 2 } });
  await writer.action({ action: "START", uid: 0 });
  assert.equal((await copied(place)).filter((line) => line.includes("rule=owed")).length, 1);
  assert.deepEqual((await verifyAudit(place.path, place.headPath)).problems, []);
  for (let port = 1; port <= 10_000; port++) writer.write(event({ source: { address: "198.18.0.1", port } }));
  await writer.close();
  assert.equal(
    readdirSync(dirname(place.path)).filter((name) => /^audit\.log(\.\d+)?$/.test(name)).length,
    3,
    "as many files as asked for",
  );
  assert.deepEqual((await verifyAudit(place.path, place.headPath)).problems, []);
});

test("twice as many files as asked for wait for copies, and what is rotated away beyond that is said in the log", async (t) => {
  const place = await makePlace(t);
  await owe(place, 12);
  assert.ok(readdirSync(dirname(place.path)).filter((name) => /^audit\.log\.\d+$/.test(name)).length <= 4);
  const writer = await place.open({ rotate: { size: 1, keep: 20 } });
  await writer.action({ action: "START", uid: 0 });
  await writer.close();
  assert.equal(
    (await copied(place)).some((line) => line.includes("rule=owed")),
    false,
  );
  assert.equal(
    (await copied(place)).some((line) => line.includes("mark=12")),
    true,
    "what is still in the log is copied",
  );
  assert.deepEqual((await verifyAudit(place.path, place.headPath)).problems, []);
  const lines = readdirSync(dirname(place.path))
    .filter((name) => /^audit\.log(\.\d+)?$/.test(name))
    .flatMap((name) => place.lines(`${dirname(place.path)}/${name}`));
  assert.ok(
    lines.some((line) =>
      / REPAIR reason="\d+ actions among the records #\d+ to #\d+ were rotated away before they could be copied"/.test(line),
    ),
    lines.filter((line) => line.includes("REPAIR")).join("\n"),
  );
});
