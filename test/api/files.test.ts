/** Commands that work on files: check, audit show and audit verify. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openAudit } from "../../audit/writer.ts";
import { anEvent, runWeir, startFixture } from "./support.ts";

const NOWHERE = { WEIR_CONTROL_SOCKET: "/nonexistent/control.sock" };

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-files-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("check accepts a good file and says what is in it", async (t) => {
  const file = join(scratch(t), "weir.yaml");
  writeFileSync(
    file,
    "version: 1\nrules:\n  - { name: no-telnet, action: block, enforce: true, layer4: { protocol: tcp, destination_ports: [23] } }\n",
  );
  const { code, stdout, stderr } = await runWeir(["check", file], NOWHERE);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /is valid: mode detect, 1 rule \(1 enforced\)/);
  assert.deepEqual(JSON.parse((await runWeir(["check", file, "--json"])).stdout), { ok: true, problems: [], warnings: [] });
});

test("check prints every problem with its place and exits with 2", async (t) => {
  const file = join(scratch(t), "weir.yaml");
  writeFileSync(
    file,
    "version: 1\nmdoe: prevent\nrules:\n  - name: a\n    action: blok\n    layer4: { protocol: tcp, destination_ports: [70000] }\n",
  );
  const { code, stderr } = await runWeir(["check", file], NOWHERE);
  assert.equal(code, 2);
  assert.ok(stderr.includes(`${file}:2:1: `) && stderr.includes("did you mean mode?"), stderr);
  assert.ok(stderr.includes(`${file}:5:13: `), stderr);
  assert.ok(stderr.includes(`${file}:6:`), stderr);
  const verdict = JSON.parse((await runWeir(["check", file, "--json"])).stdout);
  assert.equal(verdict.ok, false);
  assert.equal(verdict.problems.length, 3);
  assert.equal((await runWeir(["check", join(file, "nothing")])).code, 2);
});

async function writtenLog(folder: string) {
  const [path, head] = [join(folder, "audit.log"), join(folder, "audit.head")];
  const audit = await openAudit({ path, headPath: head, rotate: { size: 1e6, keep: 2 } });
  await audit.action({ action: "START", uid: 0 });
  for (let seq = 1; seq <= 5; seq++)
    audit.write(anEvent(seq, { rule: { name: seq % 2 ? "odd" : "even", action: "block", enforce: false, source: "weir.yaml:1" } }));
  await audit.close({ action: "STOP" });
  return { path, head };
}

test("audit show prints the log of the running agent, and narrows it", async (t) => {
  await using fixture = await startFixture();
  fixture.agent.audit = await writtenLog(scratch(t));
  const all = (await fixture.weir(["audit", "show"])).stdout.trimEnd().split("\n");
  assert.equal(all.join("\n"), readFileSync(fixture.agent.audit.path, "utf8").trimEnd());
  assert.equal((await fixture.weir(["audit", "show", "--rule", "odd"])).stdout.trimEnd().split("\n").length, 3);
  assert.match((await fixture.weir(["audit", "show", "--last", "1"])).stdout, / STOP/);
  assert.match((await fixture.weir(["audit", "show", "--type", "start,stop"])).stdout, / START.*\n.* STOP.*\n$/);
  const [record] = (await fixture.weir(["audit", "show", "--since", "2026-11-21T03:00Z", "--type", "DETECTED", "--json"])).stdout.split(
    "\n",
  );
  assert.equal((await fixture.weir(["audit", "show", "--since", "2026-11-21T03:01Z", "--type", "DETECTED"])).stdout, "");
  assert.match((await fixture.weir(["audit", "show", "--since", "1h"])).stdout, / START.*\n/);
  assert.deepEqual([JSON.parse(record!).type, JSON.parse(record!).rule], ["DETECTED", "odd"]);
});

test("audit verify finds a changed record, and a log without an agent is named by its path", async (t) => {
  const { path, head } = await writtenLog(scratch(t));
  const good = await runWeir(["audit", "verify", path, "--head", head], NOWHERE);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /nothing is wrong/);
  const withoutHead = await runWeir(["audit", "verify", path], NOWHERE);
  assert.equal(withoutHead.code, 0);
  assert.match(withoutHead.stderr, /end was not checked/);
  writeFileSync(path, readFileSync(path, "utf8").replace("198.18.0.1", "198.18.0.9"));
  const bad = await runWeir(["audit", "verify", path, "--head", head], NOWHERE);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /audit\.log:\d+: /);
  const verdict = JSON.parse((await runWeir(["audit", "verify", path, "--head", head, "--json"], NOWHERE)).stdout);
  assert.equal(verdict.ok, false);
});

test("a log that is not there is said so", async () => {
  for (const command of ["show", "verify"]) {
    const { code, stderr } = await runWeir(["audit", command, "/nonexistent/audit.log"], NOWHERE);
    assert.equal(code, 1);
    assert.match(stderr, /There is no audit log at \/nonexistent\/audit\.log/);
  }
});
