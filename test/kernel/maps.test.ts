import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import { BPF_NOEXIST, u32 } from "../../agent/kernel/maps.ts";
import { openObject } from "../../agent/kernel/objects.ts";
import { compile } from "./support.ts";

const object = openObject(
  compile(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 5000); __type(key, __u32); __type(value, __u64); } table SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u32); } recent SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u32); } each SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 600); __type(key, __u32); __uint(value_size, 12); } shared SEC(".maps");
SEC("xdp") int read_shared(struct xdp_md *ctx) {
	__u32 key = 1;
	__u32 *value = bpf_map_lookup_elem(&shared, &key);
	__u32 *slot = bpf_map_lookup_elem(&each, &key);
	if (slot) __sync_fetch_and_add(slot, 1);
	return value ? value[1] : -1;
}
`),
);
const map = (name: string) => object.maps.get(name)!;

after(() => object.close());

describe("a table", () => {
  it("answers undefined for a key it does not hold, and false when asked to delete it", () => {
    assert.equal(map("table").lookup(u32(77)), undefined);
    assert.equal(map("table").delete(u32(77)), false);
    assert.equal(map("table").nextKey(), undefined);
  });

  it("holds what was written, and can refuse to replace it", () => {
    map("table").update(u32(1), Buffer.alloc(8, 3));
    assert.deepEqual(map("table").lookup(u32(1)), Buffer.alloc(8, 3));
    assert.throws(() => map("table").update(u32(1), Buffer.alloc(8), BPF_NOEXIST), /write the table table: EEXIST/);
    assert.deepEqual(map("table").nextKey(), u32(1));
    assert.equal(map("table").delete(u32(1)), true);
  });

  it("refuses keys and values of the wrong length before the kernel reads beyond them", () => {
    assert.throws(() => map("table").lookup(new Uint8Array(3)), /a key of 3 bytes where 4 are needed/);
    assert.throws(() => map("table").update(u32(1), new Uint8Array(9)), RangeError);
  });

  it("says that it is full", () => {
    const keys = new Uint32Array(5001).map((_, i) => i);
    const bytes = (count: number) => new Uint8Array(keys.buffer, 0, 4 * count);
    map("table").updateBatch(bytes(5000), new Uint8Array(8 * 5000), 5000);
    assert.throws(() => map("table").update(u32(5000), new Uint8Array(8)), /it is full \(5000 entries\)/);
    const seen = new Set<number>();
    for (const { keys: read, count } of map("table").batches({ size: 100, remove: true })) {
      for (let i = 0; i < count; i++) seen.add(read.readUInt32LE(4 * i));
    }
    assert.equal(seen.size, 5000);
    assert.equal(map("table").nextKey(), undefined);
  });

  it("is read entry by entry, in order where it is an array, with the values of all CPUs", () => {
    const [first, second] = [Buffer.alloc(map("each").valueBytes, 1), Buffer.alloc(map("each").valueBytes, 2)];
    map("each").update(u32(0), first);
    map("each").update(u32(1), second);
    const kept = Array.from(map("each").entries(), ({ key, value }) => [key.readUInt32LE(), Buffer.from(value)] as const);
    assert.deepEqual(
      kept.map(([key]) => key),
      [0, 1],
    );
    for (const [key, value] of kept) assert.deepEqual(value, map("each").lookup(u32(key)));
    assert.notDeepEqual(kept[0]![1], kept[1]![1]);
    for (const key of [0, 1]) map("each").update(u32(key), Buffer.alloc(map("each").valueBytes));
  });

  it("is read in batches with every entry once", () => {
    for (let i = 0; i < 50; i++) map("recent").update(u32(i), u32(i * 2));
    const seen: number[] = [];
    for (const { keys, values, count } of map("recent").batches({ size: 7 })) {
      for (let i = 0; i < count; i++) {
        seen.push(keys.readUInt32LE(4 * i));
        assert.equal(values.readUInt32LE(4 * i), 2 * keys.readUInt32LE(4 * i));
      }
    }
    const live = seen.length;
    assert.equal(new Set(seen).size, live);
    assert.ok(live > 0 && live <= 50);
  });

  it("has one value for each possible CPU where it is per CPU", () => {
    const before = map("each").lookup(u32(1))!;
    assert.equal(before.length % 8, 0);
    for (let i = 0; i < 9; i++) object.programs.get("read_shared")!.testRun({ data: new Uint8Array(64) });
    const value = map("each").lookup(u32(1))!;
    let sum = 0;
    for (let at = 0; at < value.length; at += 8) sum += value.readUInt32LE(at) - before.readUInt32LE(at);
    assert.equal(sum, 9);
  });

  it("shares its memory with the programs when it is mapped", () => {
    const words = new Uint32Array(map("shared").mmap());
    assert.equal(map("shared").elementStride, 16);
    Atomics.store(words, (1 * 16 + 4) / 4, 41);
    assert.equal(object.programs.get("read_shared")!.testRun({ data: new Uint8Array(64) }).retval, 41);
    const value = Buffer.alloc(12);
    value.writeUInt32LE(6, 4);
    map("shared").update(u32(1), value);
    assert.equal(Atomics.load(words, 5), 6);
  });

  it("knows its shape and the memory it takes", () => {
    const { type, keySize, valueSize, maxEntries } = map("table").info;
    assert.deepEqual({ type, keySize, valueSize, maxEntries }, { type: 1, keySize: 4, valueSize: 8, maxEntries: 5000 });
    assert.ok(map("table").memory() > 5000 * 12);
  });
});
