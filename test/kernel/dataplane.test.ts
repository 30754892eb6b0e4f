/** Tables of the programs that judge packets, exchanged for larger ones. */

import assert from "node:assert/strict";
import { appendFileSync, cpSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { Growth } from "../../agent/enforce/growth.ts";
import { DataPlane, PROBES } from "../../agent/kernel/dataplane.ts";
import { CAPACITIES, LARGEST } from "../../agent/policy/capacity.ts";
import { requires, root } from "../harness/require.ts";
import { pinDirectory, temporaryDirectory } from "./support.ts";

const small = CAPACITIES[0]!;
const large = LARGEST;

test("larger tables take the place of small ones, which leave nothing behind", requires(root()), async () => {
  const pins = pinDirectory();
  const plane = new DataPlane({ pins, capacity: small });
  try {
    plane.xdpProgram();
    const [before, flows, version] = [descriptors(), plane.map("flows"), plane.tablePins];
    const memory = plane.map("cells").memory();
    const larger = await plane.loadLarger({ ...large, banLines: 65_536 });
    assert.deepEqual([...larger.maps.keys()].sort(), ["ban_lines", "cells", "rule_counters", "rules"]);
    const outgrown = larger.adopt();
    plane.pinTables();
    outgrown.close();
    assert.equal(descriptors(), before, "as many descriptors as before");
    assert.ok(plane.map("cells").memory() > 10 * memory);
    assert.equal(plane.map("ban_lines").info.maxEntries, 65_536);
    assert.equal(plane.map("flows"), flows, "what does not grow is shared");
    assert.equal(
      plane.program("weir_tc_ingress").testRun({ data: Buffer.alloc(64) }).retval >>> 0,
      0xffff_ffff,
      "it lets pass what it does not know",
    );
    assert.notEqual(plane.tablePins, version);
    assert.deepEqual(
      readdirSync(pins).map((name) => join(pins, name)),
      [plane.tablePins],
    );
    assert.ok(readdirSync(plane.tablePins!).includes("cells"));
  } finally {
    plane.close();
  }
});

test("tables stay as they are where larger ones cannot be made", requires(root()), async () => {
  const probes = join(temporaryDirectory(), "probes");
  cpSync(PROBES, probes, { recursive: true });
  const plane = new DataPlane({ probes, capacity: small });
  try {
    plane.xdpProgram();
    const [before, cells] = [descriptors(), plane.map("cells")];
    await assert.rejects(plane.loadLarger({ cells: 0x4000_0000 }), /cells|memory|ENOMEM|E2BIG/);
    const xdp = join(probes, "xdp.bpf.o");
    const { size } = statSync(xdp);
    appendFileSync(xdp, "of another version");
    await assert.rejects(plane.loadLarger(large), /the programs on the disk are not those that run/);
    const warnings: string[] = [];
    const growth = new Growth(plane, (sentence) => warnings.push(sentence));
    growth.start({ exchange: () => assert.fail("nothing is exchanged") });
    for (let time = 0; time < 2; time++) await growth.lines("ban", 1_000_000, () => assert.fail("nothing moves"));
    assert.match(warnings.join(), /^the table of bans could not be made larger, [^]*: the programs on the disk are not those that run$/);
    truncateSync(xdp, size);
    assert.deepEqual([descriptors(), plane.map("cells")], [before, cells]);
    (await plane.loadLarger(large)).close();
    assert.deepEqual([descriptors(), plane.map("cells")], [before, cells]);
  } finally {
    plane.close();
  }
});

test("programs are loaded once more over the same tables where netfilter has begun to follow connections", requires(root()), async () => {
  const pins = pinDirectory();
  const tracking = join(temporaryDirectory(), "nf_conntrack");
  const plane = new DataPlane({ pins, tracking, capacity: small });
  try {
    plane.pinTables();
    const [before, tables, pinned, program] = [
      descriptors(),
      [...plane.maps.values()],
      readdirSync(plane.tablePins!),
      () => plane.program("weir_tc_egress"),
    ];
    const first = program();
    const warnings: string[] = [];
    let exchanges = 0;
    const growth = new Growth(plane, (sentence) => warnings.push(sentence));
    growth.start({ exchange: async () => void exchanges++ });
    await growth.renew();
    assert.equal(program(), first, "nothing is new");
    writeFileSync(tracking, "");
    for (let time = 0; time < 2; time++) await growth.renew();
    assert.deepEqual([exchanges, warnings], [1, []]);
    assert.notEqual(program(), first);
    assert.deepEqual(
      [...plane.maps.values()].filter(({ name }) => !name.includes(".")),
      tables.filter(({ name }) => !name.includes(".")),
    );
    assert.deepEqual(readdirSync(plane.tablePins!), pinned);
    assert.equal(descriptors(), before);
    assert.equal(plane.program("weir_tc_ingress").testRun({ data: Buffer.alloc(64) }).retval >>> 0, 0xffff_ffff);
  } finally {
    plane.close();
  }
});

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
