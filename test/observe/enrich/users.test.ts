import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { Users } from "../../../agent/observe/enrich/users.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-users-"));
after(() => rmSync(folder, { recursive: true }));

test("a user has the first of its names, and a changed list is read after a while", () => {
  const path = join(folder, "passwd");
  let now = 0;
  const users = new Users(path, () => now);
  assert.equal(users.of(0), undefined, "no list yet");
  writeFileSync(path, "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n# a comment\n+nis\n");
  assert.equal(users.of(0), undefined, "looked at a moment ago");
  now += 60_000;
  assert.equal(users.of(0), "root");
  assert.equal(users.of(33), undefined);
  rmSync(path);
  now += 60_000;
  assert.equal(users.of(0), undefined);
});
