import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";

import { findSilent } from "../../agent/files/silent.ts";
import { requires, root, tool } from "../harness/require.ts";
import { SilentFiles } from "../harness/silent-files.ts";

const HEALTHY = ["/etc/hostname", tmpdir(), "/nothing/there", import.meta.filename];

test("a path that answers is not blamed, however little time it is given", async () => {
  for (let round = 0; round < 20; round++) assert.equal(await findSilent(HEALTHY, 0), undefined);
});

test("a path that does not answer is named, wherever it stands, and the wait for others is not counted", {
  ...requires(root(), tool("cc", "gcc")),
  timeout: 60_000,
}, async () => {
  await using files = await SilentFiles.mount("lookup");
  for (const paths of [
    [files.file, ...HEALTHY],
    [...HEALTHY, files.file],
  ]) {
    let uncounted = 0;
    assert.equal(await findSilent(paths, 1000, (wait) => (uncounted++, wait)), files.file);
    assert.equal(uncounted, 1);
  }
});
