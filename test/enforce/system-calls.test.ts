/** When programs at tracepoints of system calls are attached, with a kernel that only takes notes. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";

import type { SystemCallTracing } from "../../config/types.ts";
import { SystemCalls } from "../../agent/enforce/system-calls.ts";
import { Call } from "../../agent/generated/layout.ts";
import type { Attachment } from "../../agent/kernel/attachment.ts";
import type { BpfMap } from "../../agent/kernel/maps.ts";
import type { BpfProgram } from "../../agent/kernel/program.ts";

const EVERY = "tp_btf/sys_exit";
const SECTIONS = ["tracepoint/syscalls/sys_exit_socket", "tracepoint/syscalls/sys_exit_accept4", "tp_btf/io_uring_complete", EVERY];
const PLAIN = SECTIONS.slice(0, -1);
const BITS = (1 << Call.SOCKET) | (1 << Call.ACCEPT4);

describe("system calls are traced", () => {
  let attached: string[];
  let deeds: string[];
  let said: string[];
  let wanted: SystemCallTracing;
  /** Nanoseconds that the next measurements give; the last one again and again. */
  let times: number[];
  let load: () => Promise<BpfProgram[]>;
  let refuses: string | undefined;
  let traced: number;
  let seen32bit: number;
  let calls: SystemCalls;

  beforeEach(() => {
    [attached, deeds, said, wanted, times] = [[], [], [], "auto", [100]];
    [refuses, traced, seen32bit] = [undefined, 0xff, 0];
    load = () => Promise.resolve(SECTIONS.map((section) => ({ section }) as BpfProgram));
    calls = new SystemCalls({
      plane: { callPrograms: () => load(), map: (name) => ({ traced_calls: word(), seen_32bit: word() })[name] as BpfMap },
      pins: "/pins",
      wanted: () => wanted,
      say: (level, sentence) => said.push(`${level}: ${sentence}`),
      measure: () => (times.length > 1 ? times.shift()! : times[0]!),
      attach,
    });
  });

  function word(): Pick<BpfMap, "lookup" | "update"> {
    return {
      update: (_key, value) => (traced = Buffer.from(value).readUInt32LE()),
      lookup: () => Buffer.from([seen32bit, 0, 0, 0]),
    };
  }

  function attach({ section }: BpfProgram): Attachment {
    if (section === refuses) throw new Error(`cannot attach ${section}`);
    assert.ok(!attached.includes(section), `${section} twice`);
    attached.push(section);
    deeds.push(`+${section}`);
    const gone = (): unknown => (attached = attached.filter((one) => one !== section));
    return {
      what: section,
      detach: () => (deeds.push(`-${section}`), gone()),
      close: () => (deeds.push(`close ${section}`), gone()),
    } as unknown as Attachment;
  }

  async function configure(tracing: SystemCallTracing): Promise<void> {
    wanted = tracing;
    calls.configure();
    await new Promise(setImmediate);
  }

  const state = (): unknown[] => [calls.state.state, calls.state.added_ns, calls.state.reason];

  it("with auto if a plain call gets at most a quarter slower", async () => {
    times = [100, 125];
    await configure("auto");
    assert.deepEqual([attached, traced], [PLAIN, BITS]);
    assert.deepEqual(calls.state, { state: "on", attached: ["sys_exit_socket", "sys_exit_accept4", "io_uring_complete"], added_ns: 25 });
    assert.deepEqual([said, calls.trouble], [[], []]);
  });

  it("with auto not if it gets slower than that, which is said with both times, and is no trouble", async () => {
    times = [100, 126, 100, 126, 100, 126];
    await configure("auto");
    assert.deepEqual([attached, traced], [[], 0]);
    assert.deepEqual(state(), ["off", 26, "a plain system call takes 126 ns with them, and 100 ns without"]);
    assert.match(said.join(), /^warn: system calls are not traced: .*126 ns.*; set probes\.system_calls: on/);
    assert.deepEqual(calls.trouble, []);
  });

  it("with auto also if one look on a busy host says otherwise", async () => {
    times = [100, 900, 700, 120];
    await configure("auto");
    assert.deepEqual([attached, state()], [PLAIN, ["on", 20, undefined]]);
    assert.deepEqual(deeds.slice(0, 6), [...PLAIN.map((section) => `+${section}`), ...PLAIN.map((section) => `-${section}`)]);
  });

  it("with on whatever it costs, which is said", async () => {
    times = [100, 900];
    await configure("on");
    assert.deepEqual([attached, state()], [PLAIN, ["on", 800, undefined]]);
  });

  it("no more once the configuration says off, and again once it does not", async () => {
    await configure("on");
    await configure("off");
    assert.deepEqual([attached, traced, calls.state.state], [[], 0, "off"]);
    await configure("auto");
    assert.deepEqual([attached, traced], [PLAIN, BITS]);
  });

  it("without a gap where auto and on change places, unless the cost speaks against it", async () => {
    await configure("auto");
    await configure("on");
    await configure("auto");
    assert.deepEqual(
      deeds,
      PLAIN.map((section) => `+${section}`),
    );
    await configure("off");
    times = [100, 900];
    await configure("on");
    assert.equal(calls.state.state, "on");
    times = [100, 900, 100, 900, 100, 900];
    await configure("auto");
    assert.deepEqual([attached, calls.state.state], [[], "off"]);
  });

  it("not where the programs do not load, which is trouble only with on", async () => {
    load = () => Promise.reject(new Error("no such thing here"));
    await configure("auto");
    assert.deepEqual([state(), calls.trouble], [["off", undefined, "no such thing here"], []]);
    assert.deepEqual(said, ["info: system calls are not traced: no such thing here"]);
    await configure("on");
    assert.deepEqual(calls.trouble, ["system calls are not traced: no such thing here"]);
    load = () => Promise.resolve([]);
    await configure("off");
    assert.deepEqual([state(), calls.trouble], [["off", undefined, undefined], []]);
  });

  it("wholly or not at all: if one cannot be attached, the others are detached", async () => {
    refuses = "tp_btf/io_uring_complete";
    await configure("on");
    assert.deepEqual([attached, traced, state()], [[], 0, ["off", undefined, `cannot attach ${refuses}`]]);
    assert.equal(calls.trouble.length, 1);
  });

  it("not before they are loaded: the word of an agent before holds no longer than that", async () => {
    let loaded = (_programs: BpfProgram[]): void => {};
    load = () => new Promise((resolve) => (loaded = resolve));
    await configure("on");
    assert.equal(traced, 0);
    loaded([{ section: SECTIONS[0]! } as BpfProgram]);
    await new Promise(setImmediate);
    assert.equal(traced, 1 << Call.SOCKET);
  });

  it("not if the agent stops while they load", async () => {
    let loaded = (_programs: BpfProgram[]): void => {};
    load = () => new Promise((resolve) => (loaded = resolve));
    await configure("on");
    const stopped = calls.stop(false);
    loaded([{ section: SECTIONS[0]! } as BpfProgram]);
    await stopped;
    assert.deepEqual(deeds, []);
    await configure("auto");
    assert.deepEqual(deeds, []);
  });

  it("no more once the agent stops, unless it hands over", async () => {
    await configure("on");
    await calls.stop(true);
    assert.deepEqual([deeds.filter((deed) => !deed.startsWith("+")), traced], [PLAIN.map((section) => `close ${section}`), BITS]);
  });

  describe("of 32-bit programs", () => {
    const looked = (): boolean => attached.includes(EVERY);

    it("once there is one, and only then", async () => {
      await configure("on");
      calls.look();
      assert.deepEqual([looked(), traced], [false, BITS]);
      seen32bit = 1;
      calls.look();
      calls.look();
      assert.deepEqual([looked(), traced], [true, BITS | (1 << Call.NONE)]);
      assert.ok(calls.state.attached.includes("sys_exit"));
      await configure("off");
      assert.deepEqual([attached, traced], [[], 0]);
      calls.look();
      assert.equal(looked(), false);
    });

    it("not with auto if that costs too much, and the others stay", async () => {
      times = [100, 110, 130];
      await configure("auto");
      seen32bit = 1;
      calls.look();
      assert.deepEqual([attached, traced, state()], [PLAIN, BITS, ["on", 10, undefined]]);
      assert.deepEqual(said, [
        "warn: sockets of 32-bit programs are seen late: a plain system call takes 130 ns with them, and 100 ns without",
      ]);
      calls.look();
      assert.equal(said.length, 1);
    });

    it("with on whatever it costs", async () => {
      times = [100, 110, 130];
      await configure("on");
      seen32bit = 1;
      calls.look();
      assert.deepEqual([looked(), state()], [true, ["on", 30, undefined]]);
    });

    it("not where it cannot be attached, which is said once", async () => {
      refuses = EVERY;
      await configure("on");
      seen32bit = 1;
      calls.look();
      calls.look();
      assert.deepEqual([attached, said.length], [PLAIN, 1]);
      assert.match(said[0]!, /^warn: sockets of 32-bit programs .*cannot attach/);
    });
  });
});
