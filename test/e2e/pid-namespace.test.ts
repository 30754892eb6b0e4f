/** In a pid namespace of its own, as a container has it, the agent's own number is not the one that the kernel's records have. */

import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";

const WEIR = join(import.meta.dirname, "../../agent/weir");

test("weir knows itself in a pid namespace: refused connections of others are told, its own are not", async () => {
  await using lab = await makeLab();
  const folder = await mkdtemp(join(tmpdir(), "weir-pid-"));
  const launcher = join(folder, "weir");
  writeFileSync(launcher, `#!/bin/sh\nexec unshare --pid --fork --kill-child --mount-proc ${WEIR} "$@"\n`);
  chmodSync(launcher, 0o755);
  try {
    await using agent = await AgentHome.make(lab, "server", launcher);
    await agent.start({ config: 'otel: { endpoint: "http://127.0.0.1:9" }' });
    const { pid } = await agent.status();
    assert.ok(pid < 100, `the agent has number ${pid} in its own namespace`);
    await eventually("several attempts to reach the collector were refused", async () => {
      const metrics = await agent.weir("metrics");
      return Number(/^weir_socket_errors_total\{.*ECONNREFUSED.*\} (\d+)/m.exec(metrics)?.[1] ?? 0) >= 2;
    });
    await lab.attempt("server", "curl", "-s", "http://127.0.0.1:7/");
    await agent.auditLine(/ CONNECT_REFUSED tcp 127\.0\.0\.1:\d+ > 127\.0\.0\.1:7 .*curl/);
    assert.doesNotMatch(await agent.audit(), / CONNECT_REFUSED .* > 127\.0\.0\.1:9 /);
    // The signal would reach only the one that waits for the namespace's first process.
    await agent.stop("SIGKILL");
  } finally {
    await rm(folder, { recursive: true });
  }
});
