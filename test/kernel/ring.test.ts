import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";

import { u32 } from "../../agent/kernel/maps.ts";
import { type BpfObject, openObject } from "../../agent/kernel/objects.ts";
import { Ring } from "../../agent/kernel/ring.ts";
import { compile, pinDirectory } from "./support.ts";

/** With its header it does not divide the ring, so that some records reach over the end. */
const RECORD = 40;
const source = compile(`
struct record { __u64 number; __u64 check; __u64 filler[2]; __u64 last; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");
const volatile __u32 discard_every = 0;
static __always_inline __u64 add(__u32 key) {
	__u64 *count = bpf_map_lookup_elem(&counts, &key);
	return count ? __sync_fetch_and_add(count, 1) : 0;
}
static int one(__u32 index, void *ctx) {
	struct record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	__u64 number = add(0);
	if (!record) { add(1); return 0; }
	record->number = number;
	record->check = number * 3;
	record->last = number * 5;
	if (discard_every && number % discard_every == 0) bpf_ringbuf_discard(record, 0);
	else bpf_ringbuf_submit(record, 0);
	return 0;
}
SEC("xdp") int emit(struct xdp_md *ctx) { one(0, 0); return 2; }
SEC("xdp") int emit_thousand(struct xdp_md *ctx) { bpf_loop(1000, one, 0, 0); return 2; }
`);

function emit(object: BpfObject, program = "emit"): void {
  object.programs.get(program)!.testRun({ data: new Uint8Array(64) });
}

function counts(object: BpfObject): { emitted: number; lost: number } {
  const read = (key: number) => Number(object.maps.get("counts")!.lookup(u32(key))!.readBigUInt64LE());
  return { emitted: read(0), lost: read(1) };
}

function open(object: BpfObject, onRecords: (records: Buffer, count: number) => void, batch?: number): Ring {
  return new Ring({ map: object.maps.get("ring")!, recordSize: RECORD, onRecords, ...(batch === undefined ? {} : { batch }) });
}

/** Runs code in another process that has opened the same pinned tables. */
function inChild(directory: string, code: string): ChildProcess {
  return spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `
    import { openObject } from ${JSON.stringify(new URL("../../agent/kernel/objects.ts", import.meta.url).href)};
    import { Ring } from ${JSON.stringify(new URL("../../agent/kernel/ring.ts", import.meta.url).href)};
    const object = openObject(${JSON.stringify(source)}, { pinDirectory: ${JSON.stringify(directory)} });
    ${code}
  `,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
}

describe("the ring buffer", () => {
  it("hands every record over once, in order, over many rounds of the ring", () => {
    const object = openObject(source);
    let next = 0;
    const ring = open(
      object,
      (records, count) => {
        for (let i = 0; i < count; i++, next++) {
          assert.equal(records.readBigUInt64LE(i * RECORD), BigInt(next));
          assert.equal(records.readBigUInt64LE(i * RECORD + 8), BigInt(next * 3));
          assert.equal(records.readBigUInt64LE(i * RECORD + 32), BigInt(next * 5));
        }
      },
      777,
    );
    for (let round = 0; round < 20; round++) {
      emit(object, "emit_thousand");
      while (ring.drain() > 0);
    }
    assert.equal(next, 20_000);
    ring.close();
    object.close();
  });

  it("accounts for every record exactly when more come than it holds", () => {
    const object = openObject(source);
    let received = 0;
    const ring = open(object, (_, count) => (received += count), 300);
    for (let round = 0; round < 60; round++) {
      emit(object, "emit_thousand");
      if (round % 3 === 0) ring.drain();
      const { producer, consumer } = ring.state();
      const { emitted, lost } = counts(object);
      assert.equal(consumer / ring.stride, received);
      assert.equal(emitted, received + (producer - consumer) / ring.stride + lost);
    }
    assert.ok(counts(object).lost > 0 && received > 0);
    ring.close();
    object.close();
  });

  it("accounts for every record exactly while another process writes and this one reads", async () => {
    const directory = pinDirectory();
    const object = openObject(source, { pinDirectory: directory });
    let received = 0;
    let last = -1n;
    const ring = open(object, (records, count) => {
      received += count;
      for (let i = 0; i < count; i++) {
        const number = records.readBigUInt64LE(i * RECORD);
        assert.ok(number > last, "records are in the order they were written");
        assert.equal(records.readBigUInt64LE(i * RECORD + 8), number * 3n);
        last = number;
      }
    });
    ring.start();
    const child = inChild(
      directory,
      `
      const frame = new Uint8Array(64);
      for (let i = 0; i < 300; i++) object.programs.get("emit_thousand").testRun({ data: frame });
    `,
    );
    const [code] = await once(child, "exit");
    assert.equal(code, 0);
    while (ring.state().producer > ring.state().consumer) await turn();
    const { emitted, lost } = counts(object);
    assert.equal(emitted, 300_000);
    assert.equal(emitted, received + lost);
    assert.ok(received > 0);
    ring.close();
    object.close();
  });

  it("wakes up for records that come while it waits, and for those that came before", async () => {
    const object = openObject(source);
    let received = 0;
    const ring = open(object, (_, count) => (received += count), 100);
    emit(object, "emit_thousand");
    ring.start();
    while (received < 1000) await turn();
    for (let i = 1; i <= 50; i++) {
      await pause(1);
      emit(object);
      while (received < 1000 + i) await turn();
    }
    ring.stop();
    emit(object);
    await pause(5);
    assert.equal(received, 1050);
    assert.equal(ring.state().producer - ring.state().consumer, ring.stride);
    ring.close();
    object.close();
  });

  it("leaves out what the program discarded", () => {
    const object = openObject(source, { rodata: { discard_every: 10 } });
    let received = 0;
    const ring = open(object, (_, count) => (received += count));
    emit(object, "emit_thousand");
    ring.drain();
    assert.equal(received, 900);
    assert.equal(ring.skipped, 100);
    assert.equal(ring.state().producer, ring.state().consumer);
    ring.close();
    object.close();
  });

  it("does not hand a batch over again after its handler failed", () => {
    const object = openObject(source);
    const ring = open(object, () => {
      throw new Error("the handler's own");
    });
    emit(object);
    assert.throws(() => ring.drain(), /the handler's own/);
    assert.equal(ring.drain(), 0);
    ring.close();
    object.close();
  });

  it("goes on in the next process where a killed one stopped", async () => {
    const directory = pinDirectory();
    const object = openObject(source, { pinDirectory: directory });
    emit(object, "emit_thousand");
    const child = inChild(
      directory,
      `
      const ring = new Ring({ map: object.maps.get("ring"), recordSize: ${RECORD}, batch: 400, onRecords() {} });
      ring.drain();
      console.log("drained");
      setInterval(() => {}, 1000);
    `,
    );
    await once(child.stdout!, "data");
    child.kill("SIGKILL");
    await once(child, "exit");

    const numbers: bigint[] = [];
    const ring = open(object, (records, count) => {
      for (let i = 0; i < count; i++) numbers.push(records.readBigUInt64LE(i * RECORD));
    });
    assert.equal(ring.state().consumer, 400 * ring.stride);
    ring.drain();
    assert.equal(numbers[0], 400n);
    assert.equal(numbers.length, 600);
    ring.close();
    object.close();
  });
});
