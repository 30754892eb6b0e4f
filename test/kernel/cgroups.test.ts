import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { CgroupMade } from "../../agent/generated/layout.ts";
import { openCgroups } from "../../agent/kernel/cgroups.ts";
import { isLoadable, PROBES } from "../../agent/kernel/dataplane.ts";
import { cgroupRoot } from "../../agent/kernel/mounts.ts";
import { openObject } from "../../agent/kernel/objects.ts";
import { Ring } from "../../agent/kernel/ring.ts";
import { attachTrace } from "../../agent/kernel/trace.ts";

const OWN = `weir-test-${process.pid}-cgroups`;

/** A group below the root, and its number. */
function makeGroup(name: string): { path: string; directory: string; id: bigint } {
  const path = `/${OWN}-${name}`;
  const directory = join(cgroupRoot()!, path);
  mkdirSync(directory);
  after(() => existsSync(directory) && rmdirSync(directory));
  return { path, directory, id: statSync(directory, { bigint: true }).ino };
}

test("a control group is found by its number as long as it is there", () => {
  const groups = openCgroups()!;
  const { path, directory, id } = makeGroup("found");
  assert.equal(groups.pathOf(id), path);
  assert.equal(groups.pathOf(statSync(cgroupRoot()!, { bigint: true }).ino), "/");
  rmdirSync(directory);
  for (const gone of [id, 0n, 0xffff_ffff_ffff_ffffn]) assert.equal(groups.pathOf(gone), undefined);
  groups.close();
});

test("the kernel tells of each control group of version 2 that is made, with its number and path", () => {
  const object = openObject(join(PROBES, "process.bpf.o"), { autoload: isLoadable });
  const told = new Map<bigint, string>();
  const ring = new Ring({
    map: object.maps.get("cgroups_made")!,
    recordSize: CgroupMade.size,
    onRecords(records, count) {
      for (let at = 0; at < count * CgroupMade.size; at += CgroupMade.size) {
        const path = records.subarray(at + CgroupMade.path.at, at + CgroupMade.path.at + CgroupMade.path.count);
        told.set(records.readBigUInt64LE(at + CgroupMade.id), path.toString("utf8", 0, path.indexOf(0)));
      }
    },
  });
  const attachment = attachTrace(object.programs.get("weir_cgroup_mkdir")!, "");
  try {
    const made = ["one", "two"].map((name) => makeGroup(name));
    rmdirSync(made[0]!.directory);
    while (ring.drain() > 0);
    for (const { id, path } of made) assert.equal(told.get(id), path);
  } finally {
    attachment.detach();
    ring.close();
    object.close();
  }
});
