import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { NetworkNamespaces } from "../../../agent/observe/enrich/network-namespaces.ts";
import { makeLab } from "../../harness/netns.ts";
import { requires, root } from "../../harness/require.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-namespaces-"));
after(() => rmSync(folder, { recursive: true }));
const mounts = join(folder, "mountinfo");

test("a namespace has the name that it is mounted by", () => {
  writeFileSync(
    mounts,
    [
      "25 30 0:4 net:[4026531840] /run/netns/web\\040shop rw shared:5 - nsfs nsfs rw",
      "26 30 0:4 net:[4026532001] /run/docker/netns/5f2a rw - nsfs nsfs rw",
      "27 30 0:4 net:[4026532001] /run/netns/later rw - nsfs nsfs rw",
      "28 30 0:4 mnt:[4026532002] /run/netns/other rw - nsfs nsfs rw",
      "29 30 8:1 / / rw - ext4 /dev/sda1 rw",
      "net:[",
    ].join("\n"),
  );
  const namespaces = new NetworkNamespaces(mounts, () => 0);
  assert.deepEqual(
    [4026531840, 4026532001, 4026532002, 7].map((number) => namespaces.nameOf(number)),
    ["web shop", "5f2a", undefined, undefined],
  );
});

test("one that is not known is looked for again, but not often", () => {
  let now = 0;
  writeFileSync(mounts, "");
  const namespaces = new NetworkNamespaces(mounts, () => now);
  assert.equal(namespaces.nameOf(9), undefined);
  writeFileSync(mounts, "25 30 0:4 net:[9] /run/netns/new rw - nsfs nsfs rw\n");
  assert.equal(namespaces.nameOf(9), undefined);
  now = 6000;
  assert.equal(namespaces.nameOf(9), "new");
  assert.equal(new NetworkNamespaces(join(folder, "nothing")).nameOf(9), undefined);
});

test("those of this host are named as ip netns names them", requires(root()), async () => {
  await using lab = await makeLab({ namespaces: ["client"], links: [] });
  const number = statSync(lab.path("client")).ino;
  assert.notEqual(`net:[${number}]`, readlinkSync("/proc/self/ns/net"));
  assert.equal(new NetworkNamespaces().nameOf(number), lab.name("client"));
  assert.match(execFileSync("ip", ["netns", "list"], { encoding: "utf8" }), new RegExp(`^${lab.name("client")}\\b`, "m"));
});
