import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { after, describe, it } from "node:test";

import { type Attachment, pinnedLinks } from "../../agent/kernel/attachment.ts";
import { u32 } from "../../agent/kernel/maps.ts";
import { cgroupRoot } from "../../agent/kernel/mounts.ts";
import { type BpfObject, openObject } from "../../agent/kernel/objects.ts";
import { attachTrace } from "../../agent/kernel/trace.ts";
import { eventually } from "../harness/eventually.ts";
import { compile, pinDirectory } from "./support.ts";

/** Counts calls of one process, under the version's key. */
const PROBES = compile(`
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } calls SEC(".maps");
const volatile __u32 wanted = 0;
const volatile __u32 version = 0;
static __always_inline void count(__u32 hook) {
	__u32 key = hook * 2 + version;
	__u64 *count = bpf_map_lookup_elem(&calls, &key);
	if (count && (!wanted || bpf_get_current_pid_tgid() >> 32 == wanted)) __sync_fetch_and_add(count, 1);
}
SEC("tp_btf/inet_sock_set_state") int state(unsigned long long *ctx) { count(0); return 0; }
SEC("cgroup/sock_create") int create(struct bpf_sock *ctx) { count(1); return 1; }
`);

/** A control group that is gone after the tests. */
function controlGroup(): string {
  const cgroup = `${cgroupRoot()}/weir-test-${process.pid}-${made++}`;
  mkdirSync(cgroup);
  after(() => rmdirSync(cgroup));
  return cgroup;
}
let made = 0;

function load(directory: string, version: number, wanted = process.pid): BpfObject {
  return openObject(PROBES, { pinDirectory: `${directory}/tables`, rodata: { wanted, version } });
}

function counts(object: BpfObject, hook: number): [number, number] {
  const read = (version: number) =>
    Number(
      object.maps
        .get("calls")!
        .lookup(u32(hook * 2 + version))!
        .readBigUInt64LE(),
    );
  return [read(0), read(1)];
}

/** The kernel lets go of a replaced link a little later; until then both programs run. */
function hasEnded(object: BpfObject, hook: number, version: 0 | 1): Promise<boolean> {
  return eventually("the replaced program has ended", async () => {
    const before = counts(object, hook)[version];
    await callConnect();
    return counts(object, hook)[version] === before;
  });
}

/** Lets this process open a connection that is refused at once. */
async function callConnect(): Promise<void> {
  await once(connect({ host: "127.0.0.1", port: 1 }), "error");
}

/** A child in the control group that opens a socket each time it is told to. */
async function socketOpener(cgroup: string): Promise<{ child: ChildProcess; open(): Promise<void> }> {
  const child = spawn(
    process.execPath,
    [
      "-e",
      `
    const { createSocket } = require("node:dgram");
    process.stdin.on("data", () => createSocket("udp4").bind(0, "127.0.0.1", function () { this.close(() => console.log("opened")); }));
  `,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  writeFileSync(`${cgroup}/cgroup.procs`, String(child.pid));
  return {
    child,
    async open() {
      child.stdin!.write("go\n");
      await once(child.stdout!, "data");
    },
  };
}

describe("a program at a tracepoint", () => {
  it("runs, is replaced without a gap, goes on by its pin, and ends when detached", async () => {
    const directory = pinDirectory();
    const [zero, one] = [load(directory, 0), load(directory, 1)];
    const attach = (object: BpfObject): Attachment => attachTrace(object.programs.get("state")!, "", `${directory}/links`);

    const first = attach(zero);
    assert.equal(first.what, "tp_btf/inet_sock_set_state");
    assert.equal(first.adopted, false);
    await callConnect();
    const [before] = counts(zero, 0);
    assert.ok(before > 0);

    first.update(one.programs.get("state")!);
    await hasEnded(zero, 0, 0);
    const [, replaced] = counts(zero, 0);
    assert.ok(replaced > 0);

    first.close();
    await callConnect();
    assert.equal(counts(zero, 0)[1], replaced + before);

    assert.deepEqual(pinnedLinks(`${directory}/links`), ["trace-tp_btf-inet_sock_set_state"]);
    const second = attach(zero);
    assert.equal(second.adopted, true);
    assert.equal(second.attached(), true);
    await hasEnded(zero, 0, 1);
    const [again, ended] = counts(zero, 0);
    await callConnect();
    assert.deepEqual(counts(zero, 0), [again + before, ended]);

    second.close(); // Linux 6.1 attaches a program to a tracepoint only once, and the link lives as long as it is open
    const third = attachTrace(one.programs.get("state")!, "", `${directory}/links`);
    third.undo();
    const [undone, lasting] = counts(zero, 0);
    await callConnect();
    assert.deepEqual(counts(zero, 0), [undone + before, lasting], "the program of before is back");

    const last = attach(one);
    await hasEnded(zero, 0, 0);
    last.keep();
    last.detach();
    assert.deepEqual(pinnedLinks(`${directory}/links`), []);
    await hasEnded(zero, 0, 1);
    zero.close();
    one.close();
  });
});

describe("a program at a control group", () => {
  it("sees the sockets of its processes, and is exchanged and detached like the others", async () => {
    const directory = pinDirectory();
    const cgroup = controlGroup();
    const opener = await socketOpener(cgroup);
    try {
      const [zero, one] = [load(directory, 0, opener.child.pid), load(directory, 1, opener.child.pid)];
      const first = attachTrace(zero.programs.get("create")!, cgroup, `${directory}/links`);
      await opener.open();
      assert.deepEqual(counts(zero, 1), [1, 0]);
      first.close();
      const second = attachTrace(one.programs.get("create")!, cgroup, `${directory}/links`);
      assert.equal(second.adopted, true);
      await opener.open();
      assert.deepEqual(counts(zero, 1), [1, 1]);
      second.undo();
      await opener.open();
      assert.deepEqual(counts(zero, 1), [2, 1]);
      const third = attachTrace(one.programs.get("create")!, cgroup, `${directory}/links`);
      third.detach();
      await opener.open();
      assert.deepEqual(counts(zero, 1), [2, 1]);
      assert.equal(existsSync(second.pinPath!), false);
      zero.close();
      one.close();
    } finally {
      const gone = once(opener.child, "exit");
      opener.child.kill("SIGKILL");
      await gone;
    }
  });
});
