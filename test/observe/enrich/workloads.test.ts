import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { Workloads } from "../../../agent/observe/enrich/workloads.ts";
import { CgroupMade } from "../../../agent/generated/layout.ts";

const ID = "c".repeat(64);
const OTHER = "d".repeat(64);
const TICK = 10_000_000n;

/** A /proc with one process, 812, that started at tick 5000. */
function makeProc(t: TestContext, own: string, groups?: string): string {
  const proc = mkdtempSync(join(tmpdir(), "weir-proc-"));
  t.after(() => rmSync(proc, { recursive: true }));
  mkdirSync(join(proc, "self"));
  writeFileSync(join(proc, "self/cgroup"), own);
  if (groups !== undefined) {
    mkdirSync(join(proc, "812"));
    writeFileSync(join(proc, "812/cgroup"), groups);
    writeFileSync(join(proc, "812/stat"), `812 (a b) c) S 1 ${"0 ".repeat(17)}5000 0\n`);
  }
  return proc;
}

const OWNER = { pid: 812, startedNs: 5000n * TICK + 4_999_999n };
const UNIFIED = "0::/system.slice/weir.service\n";
const LEGACY = `4:memory:/system.slice/weir.service\n1:name=systemd:/system.slice/weir.service\n`;

function record(id: bigint, path: string): Buffer {
  const made = Buffer.alloc(CgroupMade.size, 0xff);
  made.writeBigUInt64LE(id, CgroupMade.id);
  made.write(`${path}\0`, CgroupMade.path.at, CgroupMade.path.count);
  return made;
}

function asked(paths: Record<string, string>): { pathOf(id: bigint): string | undefined; catchUp(): void; questions: bigint[] } {
  const questions: bigint[] = [];
  return { questions, catchUp() {}, pathOf: (id) => (questions.push(id), paths[String(id)]) };
}

test("a group that is older than the agent is asked for, once", (t) => {
  const kernel = asked({ 7: `/docker/${ID}`, 8: "/system.slice/nginx.service" });
  const workloads = new Workloads({ ...kernel, proc: makeProc(t, UNIFIED) });
  for (let again = 0; again < 3; again++) {
    assert.deepEqual(workloads.of({ ...OWNER, cgroup: 7n }), { container: { id: ID, runtime: "docker" } });
    assert.deepEqual(workloads.of({ ...OWNER, cgroup: 8n }), { unit: "nginx.service" });
  }
  assert.deepEqual(kernel.questions, [7n, 8n]);
});

test("a group that the kernel has told of is known although it is gone, however late it is read", (t) => {
  const kernel = asked({});
  const workloads: Workloads = new Workloads({
    ...kernel,
    catchUp: () => workloads.learn(Buffer.concat([record(9n, `/docker/${ID}`), record(10n, "/system.slice/a.service")])),
    proc: makeProc(t, UNIFIED),
  });
  assert.deepEqual(workloads.of({ ...OWNER, cgroup: 10n }), { unit: "a.service" });
  assert.deepEqual(workloads.of({ ...OWNER, cgroup: 9n }), { container: { id: ID, runtime: "docker" } });
  assert.deepEqual(kernel.questions, []);
});

test("a path that was cut tells nothing, for its end says whose it is", (t) => {
  const kernel = asked({ 9: `${"/x".repeat(400)}/docker/${ID}` });
  const workloads = new Workloads({ ...kernel, proc: makeProc(t, UNIFIED) });
  const cut = record(9n, `/docker/${OTHER}${"/x".repeat(400)}`);
  cut[CgroupMade.path.at + CgroupMade.path.count - 1] = 0;
  workloads.learn(cut);
  assert.deepEqual(workloads.of({ ...OWNER, cgroup: 9n }), { container: { id: ID, runtime: "docker" } });
});

test("beside groups of version 1 the process itself tells its container, and version 2 its unit", (t) => {
  const own = `${LEGACY}${UNIFIED}`;
  const groups = `5:memory:/docker/${ID}\n4:cpu:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/system.slice/docker.service\n`;
  const workloads = new Workloads({
    ...asked({ 1: "/", 8: "/system.slice/nginx.service", 9: `/docker/${OTHER}` }),
    proc: makeProc(t, own, groups),
  });
  assert.deepEqual(workloads.of({ ...OWNER, cgroup: 1n }), { container: { id: ID, runtime: "docker" } });
  assert.deepEqual(workloads.of({ ...OWNER, pid: 813, cgroup: 8n }), { unit: "nginx.service" }, "a process that is gone");
  assert.deepEqual(
    workloads.of({ ...OWNER, cgroup: 9n }),
    { container: { id: OTHER, runtime: "docker" } },
    "what the kernel noted comes first",
  );
});

test("where only version 1 is mounted the process tells all of it", (t) => {
  const workloads = new Workloads({
    ...asked({ 1: "/" }),
    proc: makeProc(t, LEGACY, "5:memory:/user.slice\n1:name=systemd:/system.slice/nginx.service\n"),
  });
  assert.deepEqual(workloads.of({ ...OWNER, cgroup: 1n }), { unit: "nginx.service" });
});

test("where groups may not be asked for, the process tells", (t) => {
  const workloads = new Workloads({ ...asked({}), proc: makeProc(t, UNIFIED, `0::/docker/${ID} (deleted)\n`) });
  assert.deepEqual(workloads.of({ ...OWNER, cgroup: 7n }), { container: { id: ID, runtime: "docker" } });
});

test("another process that has the number now tells nothing about the one that is meant", (t) => {
  const workloads = new Workloads({ ...asked({}), proc: makeProc(t, UNIFIED, `0::/docker/${ID}\n`) });
  for (const startedNs of [OWNER.startedNs - TICK, OWNER.startedNs + TICK, 0n])
    assert.deepEqual(workloads.of({ ...OWNER, startedNs, cgroup: 7n }), {});
});

test("lines that are none, and bytes that no kernel wrote, are passed over", (t) => {
  const workloads = new Workloads({ ...asked({}), proc: makeProc(t, UNIFIED, `hello\n::\n0:x\n\n-1:a:/docker/${ID}\n`) });
  workloads.learn(Buffer.alloc(CgroupMade.size * 3 - 1, 0xff));
  assert.deepEqual(workloads.of({ ...OWNER, cgroup: 0xffff_ffff_ffff_ffffn }), {});
});

test("what is remembered has a bound, and the oldest is asked for again", (t) => {
  const kernel = asked({ 1: "/system.slice/first.service" });
  const workloads = new Workloads({ ...kernel, proc: makeProc(t, UNIFIED) });
  workloads.of({ ...OWNER, cgroup: 1n });
  for (let id = 2n; id < 6000n; id++) workloads.learn(record(id, `/system.slice/run-${id}.scope`));
  assert.deepEqual(workloads.of({ ...OWNER, cgroup: 5999n }), { unit: "run-5999.scope" });
  assert.deepEqual(workloads.of({ ...OWNER, cgroup: 1n }), { unit: "first.service" });
  assert.deepEqual(kernel.questions, [1n, 1n]);
});
