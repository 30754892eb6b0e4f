/** Where an agent keeps its things that starts with a file that is refused. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";

import type { WeirConfig } from "../../config/types.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-stand-in-"));
after(() => rmSync(folder, { recursive: true }));
const run = promisify(execFile);
const MODULE = join(import.meta.dirname, "../../agent/daemon/stand-in.ts");
/** In a process of its own, which can be ended where a search through the text would not end. */
const SCRIPT = `const { standInFor } = await import(${JSON.stringify(MODULE)});
  const { config } = await standInFor(process.argv[1], {}, async () => ({ ok: false, problems: [] }), ["refused"]);
  console.log(JSON.stringify(config));`;

async function placesOf(text: string): Promise<Pick<WeirConfig, "state_dir" | "control_socket"> & { audit: string; mode: string }> {
  const path = join(folder, "weir.yaml");
  writeFileSync(path, text);
  const { WEIR_STATE_DIR: _, WEIR_CONTROL_SOCKET: __, ...env } = process.env;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", SCRIPT, path], {
    env,
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  const { state_dir, control_socket, audit, mode } = JSON.parse(stdout) as WeirConfig;
  return { state_dir, control_socket, audit: audit.path, mode };
}

test("a refused file still says where its agent keeps its things", async () => {
  const places = { state_dir: "/srv/state", control_socket: "/srv/weir.sock", audit: "/srv/audit.log", mode: "detect" };
  assert.deepEqual(
    await placesOf(
      "mode: sideways\nstate_dir: /srv/state\ncontrol_socket: '/srv/weir.sock'\naudit:\n  rotate:\n    size: 1MB\n  path: /srv/audit.log\n",
    ),
    places,
  );
  assert.deepEqual(
    await placesOf('mode: sideways\nstate_dir: "/srv/state"\ncontrol_socket: /srv/weir.sock\naudit: { rotate: 1, path: /srv/audit.log }\n'),
    places,
  );
});

test("a long block without a path is read through once", async () => {
  const { audit } = await placesOf(`mode: sideways\naudit:\n${"    # a remark\n".repeat(200)}rules: []\n`);
  assert.equal(audit, "/var/log/weir/audit.log");
});
