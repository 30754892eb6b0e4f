/** Counts of system calls, read from the kernel's own tables, which a test fills as the programs at the tracepoints do. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";

import { Call, Limit, ProgramCall } from "../../agent/generated/layout.ts";
import { PROBES } from "../../agent/kernel/dataplane.ts";
import { type BpfMap, u32 } from "../../agent/kernel/maps.ts";
import { type BpfObject, openObject } from "../../agent/kernel/objects.ts";
import { MOST_PROGRAMS } from "../../agent/observe/enrich/program-names.ts";
import type { SystemCallRow } from "../../agent/observe/events/snapshot.ts";
import { CallCounts } from "../../agent/observe/sockets/call-counts.ts";
import { requires, root } from "../harness/require.ts";

const [EPERM, EADDRINUSE, ECONNREFUSED, ETIMEDOUT, NOT_A_NUMBER_OF_C] = [1, 98, 111, 110, 517];

describe("counts of system calls", requires(root()), () => {
  let object: BpfObject | undefined;
  let counts: CallCounts;

  beforeEach(() => {
    object?.close();
    object = openObject(join(PROBES, "calls.bpf.o"), { autoload: () => false });
    counts = new CallCounts(object.maps);
  });
  after(() => object?.close());

  const map = (name: string): BpfMap => object!.maps.get(name)!;

  /** In the sums alone, as a call is counted for which the table of programs has no room. */
  function sum(call: number, error: number, times: number): void {
    const key = u32(call * Limit.SOCKET_ERRORS + Math.min(error, Limit.SOCKET_ERRORS - 1));
    const value = map("call_counts").lookup(key)!;
    value.writeBigUInt64LE(value.readBigUInt64LE(value.length - 8) + BigInt(times), value.length - 8); // of the last processor
    map("call_counts").update(key, value);
  }

  function program(command: string | Buffer, call: number, error: number, times: number): boolean {
    const key = Buffer.alloc(ProgramCall.size);
    Buffer.from(command).copy(key, ProgramCall.command.at, 0, ProgramCall.command.count - 1);
    key.writeUInt16LE(call, ProgramCall.call);
    key.writeUInt16LE(error, ProgramCall.error);
    const value = map("program_calls").lookup(key) ?? Buffer.alloc(8);
    value.writeBigUInt64LE(value.readBigUInt64LE() + BigInt(times));
    try {
      map("program_calls").update(key, value);
    } catch {
      return false; // it is full
    }
    return true;
  }

  function happens(command: string | Buffer, call: number, error: number, times = 1): boolean {
    const told = program(command, call, error, times);
    sum(call, error, times);
    return told;
  }

  const met = (): SystemCallRow[] => counts.rows().filter(({ count }) => count > 0);
  const total = (rows: readonly SystemCallRow[]): number => rows.reduce((all, { count }) => all + count, 0);

  it("are there with 0 for each call while system calls are not traced", () => {
    const rows = new CallCounts(new Map()).rows();
    assert.deepEqual(
      rows.map(({ call, program, error, count }) => [call, program, error, count]),
      ["socket", "bind", "listen", "accept", "accept4", "connect", "recvmsg", "pidfd_getfd"].map((call) => [call, "other", undefined, 0]),
    );
  });

  it("tell programs and errors by their names, and what no program has as other", () => {
    happens("nginx", Call.ACCEPT4, 0, 7);
    happens("nginx", Call.BIND, EADDRINUSE);
    happens("curl", Call.CONNECT, ETIMEDOUT, 3);
    sum(Call.CONNECT, ETIMEDOUT, 2);
    sum(Call.PIDFD_GETFD, 0, 1);
    assert.deepEqual(
      new Set(met()),
      new Set<SystemCallRow>([
        { call: "accept4", program: "nginx", count: 7 },
        { call: "bind", program: "nginx", error: "EADDRINUSE", count: 1 },
        { call: "connect", program: "curl", error: "ETIMEDOUT", count: 3 },
        { call: "connect", program: "other", error: "ETIMEDOUT", count: 2 },
        { call: "pidfd_getfd", program: "other", count: 1 },
      ]),
    );
  });

  it("add up under one name what they cannot tell apart", () => {
    happens("odd", Call.CONNECT, NOT_A_NUMBER_OF_C);
    happens("odd", Call.CONNECT, NOT_A_NUMBER_OF_C + 1, 2);
    happens("", Call.SOCKET, 0);
    happens("unknown", Call.SOCKET, 0, 2);
    happens("other", Call.SOCKET, 0, 4);
    happens("\x1b[2J", Call.SOCKET, 0, 8);
    happens(Buffer.from([0xff, 0xfe]), Call.SOCKET, 0, 16);
    happens("café", Call.SOCKET, 0, 32);
    assert.deepEqual(
      new Set(met()),
      new Set<SystemCallRow>([
        { call: "connect", program: "odd", error: "other", count: 3 },
        { call: "socket", program: "unknown", count: 3 },
        { call: "socket", program: "other", count: 28 },
        { call: "socket", program: "café", count: 32 },
      ]),
    );
  });

  it("never fall, and never exceed what happened, whatever is counted between two readings of the tables", () => {
    const find = (of: string): number | undefined => met().find(({ program }) => program === of)?.count;
    happens("curl", Call.CONNECT, 0, 5);
    sum(Call.CONNECT, 0, 2);
    assert.deepEqual([find("curl"), find("other")], [5, 2]);
    program("curl", Call.CONNECT, 0, 3); // the kernel has not come to the sum
    assert.deepEqual([find("curl"), find("other")], [8, 2]);
    sum(Call.CONNECT, 0, 3);
    assert.deepEqual([find("curl"), find("other")], [8, 2]);
    sum(Call.CONNECT, 0, 1);
    assert.deepEqual([find("curl"), find("other")], [8, 3]);
  });

  it("keep few rows of ever new names, lose no call, and have room for new errors of programs that are known", () => {
    happens("nginx", Call.ACCEPT4, 0, 1000);
    assert.equal(met().length, 1);
    let untold = 0;
    for (let name = 0; name < 5000; name++) if (!happens(`evil-${name}`, Call.CONNECT, ECONNREFUSED)) untold++;
    assert.ok(untold > 0, "the table is full");
    assert.equal(happens("nginx", Call.BIND, EPERM), false, "not even a program that is known has room");
    const rows = met();
    assert.equal(new Set(rows.map(({ program }) => program)).size, MOST_PROGRAMS);
    assert.equal(rows.length, 1 + (MOST_PROGRAMS - 2) + 2, "nginx, the first others, and other for two calls");
    assert.equal(total(rows), 1000 + 5000 + 1);
    assert.deepEqual(
      rows.find(({ call }) => call === "bind"),
      { call: "bind", program: "other", error: "EPERM", count: 1 },
    );

    assert.ok(happens("nginx", Call.BIND, EPERM, 3), "what has no row here has been given up");
    for (let name = 0; name < 5000; name++) happens(`worse-${name}`, Call.CONNECT, ECONNREFUSED);
    const later = met();
    assert.deepEqual(
      later.filter(({ call }) => call === "bind"),
      [
        { call: "bind", program: "other", error: "EPERM", count: 1 },
        { call: "bind", program: "nginx", error: "EPERM", count: 3 },
      ],
    );
    assert.equal(later.length, rows.length + 1);
    assert.equal(total(later), total(rows) + 3 + 5000);
  });

  it("keep few rows of ever new errors, too", () => {
    for (let error = 0; error < 200; error++) for (let name = 0; name < 20; name++) happens(`odd-${name}`, Call.BIND, error);
    const rows = met();
    assert.equal(rows.filter(({ program }) => program !== "other").length, 1500);
    assert.equal(total(rows), 4000);
    assert.equal(new Set(rows.map(({ program, error }) => `${program} ${error}`)).size, rows.length, "no series is there twice");
  });
});
