import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { Limit } from "../../agent/generated/layout.ts";
import { SessionKeeper } from "../../agent/enforce/sessions.ts";

const directory = mkdtempSync(join(tmpdir(), "weir-sessions-"));
after(() => rmSync(directory, { recursive: true }));

const session = (remote_port: number) => ({ address: "203.0.113.5", remote_port, local_port: 22 });

test("sessions outlive the agent, each once, the latest as many as the tables hold", async () => {
  const keeper = new SessionKeeper(directory);
  for (let port = 1000; port < 1000 + Limit.FAILSAFE_SESSIONS + 2; port++) await keeper.admit(session(port));
  await keeper.admit(session(1005));
  const { all } = new SessionKeeper(directory);
  assert.deepEqual(all, keeper.all);
  assert.equal(all.length, Limit.FAILSAFE_SESSIONS);
  assert.deepEqual(all.at(-1), session(1005));
  assert.equal(all.filter(({ remote_port }) => remote_port === 1005).length, 1);
  assert.equal(statSync(join(directory, "sessions.json")).mode & 0o777, 0o600);
});

test("a damaged file is no session, and no reason to fail", () => {
  for (const text of ["{", "[1]", '[{"address":"x","remote_port":1,"local_port":2}]']) {
    writeFileSync(join(directory, "sessions.json"), text);
    assert.deepEqual(new SessionKeeper(directory).all, []);
  }
});
