import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { verifyAudit } from "../../audit/verify.ts";
import { makePlace } from "./fixture.ts";

const CHILD = fileURLToPath(new URL("writing-child.ts", import.meta.url));

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
  assert.deepEqual(place.reports.filter((report) => !repairs.includes(report)), []);
  t.diagnostic(`20 kills, ${records} records, ${torn} torn`);
});
