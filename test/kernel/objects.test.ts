import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { describe, it } from "node:test";

import { KernelError } from "../../agent/kernel/errors.ts";
import { openObject, PinMismatchError } from "../../agent/kernel/objects.ts";
import { compile, pinDirectory } from "./support.ts";

const COUNTER = (entries: number) => `
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, ${entries}); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");
const volatile __u32 unused_before = 7;
const volatile __u64 step = 1;
const volatile __u8 answer = 2;
SEC("xdp") int count(struct xdp_md *ctx) {
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&counts, &key);
	if (count) *count += step;
	return answer + (unused_before - 7);
}
SEC("xdp") int other(struct xdp_md *ctx) { return 1; }
`;
const FRAME = new Uint8Array(64);
const KEY = new Uint8Array(4);

describe("a BPF object", () => {
  it("loads, runs on a packet and counts in its table", () => {
    const object = openObject(compile(COUNTER(1)));
    try {
      for (let i = 0; i < 4; i++) object.programs.get("count")!.testRun({ data: FRAME });
      const run = object.programs.get("count")!.testRun({ data: FRAME });
      assert.equal(run.retval, 2);
      assert.equal(run.data.length, 64);
      assert.equal(object.maps.get("counts")!.lookup(KEY)!.readBigUInt64LE(), 5n);
      const info = object.programs.get("count")!.info();
      assert.equal(info.name, "count");
      assert.match(info.tag, /^[0-9a-f]{16}$/);
      assert.ok(info.verifiedInstructions > 5);
    } finally {
      object.close();
    }
  });

  it("sees the read-only values it was loaded with", () => {
    const object = openObject(compile(COUNTER(1)), { rodata: { step: 1000n, answer: 1, of_another_object: 3 } });
    try {
      assert.equal(object.programs.get("count")!.testRun({ data: FRAME }).retval, 1);
      assert.equal(object.maps.get("counts")!.lookup(KEY)!.readBigUInt64LE(), 1000n);
    } finally {
      object.close();
    }
  });

  it("leaves out programs that are not wanted, and sizes tables", () => {
    const object = openObject(compile(COUNTER(1)), { autoload: (name) => name === "other", maxEntries: { counts: 33 } });
    try {
      assert.deepEqual([...object.programs.keys()], ["other"]);
      assert.equal(object.maps.get("counts")!.info.maxEntries, 33);
    } finally {
      object.close();
    }
  });

  it("shares a table with an object loaded before", () => {
    const path = compile(COUNTER(1));
    const first = openObject(path);
    const second = openObject(path, { reuse: first.maps });
    try {
      first.programs.get("count")!.testRun({ data: FRAME });
      second.programs.get("count")!.testRun({ data: FRAME });
      assert.equal(first.maps.get("counts")!.lookup(KEY)!.readBigUInt64LE(), 2n);
    } finally {
      second.close();
      first.programs.get("count")!.testRun({ data: FRAME });
      first.close();
    }
  });

  it("finds what its pinned tables held", () => {
    const directory = pinDirectory();
    const path = compile(COUNTER(1));
    const first = openObject(path, { pinDirectory: directory });
    for (let i = 0; i < 3; i++) first.programs.get("count")!.testRun({ data: FRAME });
    first.close();
    assert.equal(statSync(`${directory}/counts`).mode & 0o777, 0o600);
    const second = openObject(path, { pinDirectory: directory });
    try {
      assert.equal(second.maps.get("counts")!.lookup(KEY)!.readBigUInt64LE(), 3n);
    } finally {
      second.close();
    }
  });

  it("names a pinned table of another shape", () => {
    const directory = pinDirectory();
    openObject(compile(COUNTER(1)), { pinDirectory: directory }).close();
    assert.throws(
      () => openObject(compile(COUNTER(2)), { pinDirectory: directory }),
      (error) => error instanceof PinMismatchError && error.map === "counts" && /maxEntries 1 instead of 2/.test(error.message),
    );
  });
});

describe("an object that cannot be loaded", () => {
  it("says which program the verifier refused, and keeps its log", () => {
    const path = compile(`SEC("xdp") int reckless(struct xdp_md *ctx) { return *(char *)(long)ctx->data; }`);
    assert.throws(
      () => openObject(path),
      (error) => {
        assert.ok(error instanceof KernelError);
        assert.match(
          error.message,
          /load the program reckless of probe\.bpf\.o: the verifier refused it \(EACCES\).*invalid access to packet/,
        );
        assert.ok(error.message.length < 600);
        assert.match(error.log, /BEGIN PROG LOAD LOG/);
        return true;
      },
    );
  });

  it("says that a missing file is to be built", () => {
    assert.throws(() => openObject("/nonexistent/xdp.bpf.o"), /open the BPF object \/nonexistent\/xdp\.bpf\.o: the file is missing; build/);
  });
});
