import assert from "node:assert/strict";
import { test } from "node:test";

import { BanFlag, BanRoot, Limit, NetworkLine } from "../../../agent/generated/layout.ts";
import { BanTable } from "../../../agent/enforce/bans/table.ts";
import { linesFor } from "../../../agent/enforce/networks/memory.ts";
import { NetworkTable, TableFull } from "../../../agent/enforce/networks/table.ts";
import { formatNetwork } from "../../../agent/values/address.ts";
import { anOrder, bench, FakeMemory, network } from "./fixture.ts";

test("packets look only where there are bans", () => {
  const memory = new FakeMemory();
  const table = new BanTable(memory);
  const lengths = (): bigint => new DataView(memory.root.buffer).getBigUint64(BanRoot.networks.lengths.at, true);
  table.add(network("192.0.2.7"), 0);
  assert.equal(memory.flags, BanFlag.ADDRESSES);
  table.add(network("2001::/16"), 0);
  assert.deepEqual([memory.flags, lengths()], [BanFlag.ADDRESSES | BanFlag.PREFIXES, 1n << 15n]);
  table.remove(network("192.0.2.7"));
  table.remove(network("2001::/16"));
  assert.deepEqual([memory.flags, lengths()], [0, 0n]);
});

test("every address of a /24 can be banned one by one, whatever its lines hold, and lifted", () => {
  const memory = new FakeMemory(1);
  const table = new BanTable(memory);
  const hosts = Array.from({ length: 256 }, (_, host) => network(`192.0.2.${host}`));
  for (let round = 0; round < 2; round++) for (const host of hosts) table.add(host, round);
  assert.equal([...table.networks()].length, 256);
  assert.ok(memory.kept.size >= 200 && memory.kept.size < 256, `${memory.kept.size} found no room in the lines`);
  const next = new BanTable(memory);
  for (const host of hosts) assert.ok(next.remove(host) && !next.remove(host), formatNetwork(host));
  assert.deepEqual([memory.kept.size, memory.flags], [0, 0]);
});

test("a ban in the other table is renewed there, also when its lines have room again", () => {
  const memory = new FakeMemory(1);
  const table = new BanTable(memory);
  for (let host = 0; host < 20; host++) table.add(network(`192.0.2.${host}`), 0);
  table.remove(network("192.0.2.0"));
  const before = memory.kept.size;
  table.add(network("192.0.2.19"), 77);
  assert.equal(memory.kept.size, before);
  assert.ok(table.remove(network("192.0.2.19")) && !table.remove(network("192.0.2.19")), "it is there once");
});

test("what moves to larger lines is there once, and is found there", async () => {
  const memory = new FakeMemory();
  const table = new BanTable(memory);
  const crowd = Array.from({ length: 256 }, (_, host) => network(`192.0.2.${host}`));
  const networks = [
    ...crowd,
    network("192.0.2.0/25"),
    network("2001:db8::/32"),
    network("10.0.0.0/8"),
    ...Array.from({ length: 20 }, (_, index) => network(`10.${index}.0.1`)),
  ];
  for (const [index, one] of networks.entries()) table.add(one, index);
  const before = new Map(new NetworkTable(memory).members().map(({ network: one, until }) => [formatNetwork(one), until]));
  for (let round = 0; round < 2; round++) {
    await table.makeRoom(0);
    const members = [...new NetworkTable(memory).members()].map(({ network: one, until }) => [formatNetwork(one), until] as const);
    assert.equal(members.length, networks.length);
    assert.deepEqual(new Map(members), new Map(before));
  }
  for (const one of networks) assert.ok(table.remove(one) && !table.remove(one), formatNetwork(one));
  assert.deepEqual([memory.kept.size, memory.flags, memory.lines.some((byte, at) => byte !== 0 && isLength(at))], [0, 0, false]);
});

test("a table that is full refuses all of what was asked at once, and what was before stays", async () => {
  using full = await bench(new FakeMemory(1, 5));
  await full.keeper.add([network("2001:db8::1")], anOrder({ until: 9000 }));
  const many = ["2001:db8::1", ...Array.from({ length: 9 }, (_, index) => `2001:db8::1:${index}`)].map(network);
  await assert.rejects(full.keeper.add(many, anOrder()), TableFull);
  assert.deepEqual(
    [full.inForce(), full.store.orderOf(network("2001:db8::1"))?.until, (await full.restart()).store.size],
    [["2001:db8::1"], 9000, 1],
  );
});

test("prefixes have at most so many lengths, and the refusal says what to do", async () => {
  using some = await bench();
  for (let length = 1; length <= Limit.NETWORK_LENGTHS; length++) await some.keeper.add([network(`2001:db8::/${length + 31}`)], anOrder());
  await assert.rejects(
    some.keeper.add([network("2001:db8::/100")], anOrder()),
    /48 different lengths .* split 2001:db8::\/100 into longer prefixes/,
  );
  await some.keeper.add([network("2001:db9::/32")], anOrder());
});

test("what an agent before left in the tables goes, unless it is kept", async () => {
  using first = await bench();
  await first.keeper.add(["192.0.2.7", "198.51.0.0/16"].map(network), anOrder());
  const table = new BanTable(first.memory);
  for (const text of ["192.0.2.8", "198.52.0.0/16"]) table.add(network(text), 0);
  const again = await first.restart();
  assert.deepEqual(again.inForce(), ["192.0.2.7", "198.51.0.0/16"]);
  await again.keeper.clear();
  assert.deepEqual([again.inForce(), again.memory.flags], [[], 0]);
});

test("the tables are made for as many bans as there are", () => {
  assert.deepEqual([0, 130_000, 200_000, 1_000_000, 1_048_576].map(linesFor), [32_768, 131_072, 131_072, 524_288, 524_288]);
});

function isLength(at: number): boolean {
  const within = at % NetworkLine.size;
  return within >= NetworkLine.length.at && within < NetworkLine.length.at + NetworkLine.length.count;
}
