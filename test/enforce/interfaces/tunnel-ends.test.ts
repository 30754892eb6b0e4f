/** The table of tunnel ends: which ports packets are looked into, and as which kind. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { TunnelEnd, TunnelForm } from "../../../agent/generated/layout.ts";
import { listedEnds } from "../../../agent/enforce/interfaces/own-ends.ts";
import { TunnelEnds } from "../../../agent/enforce/interfaces/tunnel-ends.ts";
import { KernelError } from "../../../agent/kernel/errors.ts";
import type { BpfMap } from "../../../agent/kernel/maps.ts";
import type { OwnEnds } from "../../../agent/policy/reference.ts";

/** A hash table that is only memory, and has room for so many entries. */
class Table {
  readonly held = new Map<string, number>();
  room = Infinity;

  *entries(): Generator<{ key: Buffer; value: Buffer }> {
    for (const [key, value] of this.held) yield { key: Buffer.from(key, "latin1"), value: Buffer.from(new Uint32Array([value]).buffer) };
  }

  update(key: Buffer, value: Uint8Array): void {
    const text = key.toString("latin1");
    if (!this.held.has(text) && this.held.size >= this.room) throw new KernelError("add to the table", -7);
    this.held.set(text, new DataView(value.buffer, value.byteOffset).getUint32(0, true));
  }

  delete(key: Buffer): boolean {
    return this.held.delete(key.toString("latin1"));
  }
}

function makeEnds(ends = new Table(), addresses = new Table()) {
  const told = { forms: 0 };
  const made = new TunnelEnds({
    ends: ends as unknown as BpfMap,
    addresses: addresses as unknown as BpfMap,
    setForms: (forms) => void (told.forms = forms),
  });
  const list = (own: Partial<OwnEnds>): void => made.list(...listedEnds(own));
  /** Number of the kind by port. */
  const ports = (): Record<number, number> =>
    Object.fromEntries(
      [...ends.entries()]
        .filter(({ key }) => key.readUInt16LE(TunnelEnd.form) === TunnelForm.AT_PORT)
        .map(({ key, value }) => [key.readUInt16LE(TunnelEnd.port), value.readUInt32LE()]),
    );
  return { made, told, list, ports, ends };
}

const [VXLAN, GENEVE] = [3, 4];
const AT_PORT = 1 << TunnelForm.AT_PORT;

test("the port of a device is looked for unless it is usual for its kind, and while the device is there", () => {
  const { told, list, ports } = makeEnds();
  list({
    tunnels: [
      { kind: "vxlan", port: 4789, id: 7 },
      { kind: "vxlan", port: 8472, id: 7 },
      { kind: "geneve", port: 6081, id: 7 },
      { kind: "gre" },
    ],
  });
  assert.deepEqual([ports(), told.forms & AT_PORT], [{}, 0]);
  list({
    tunnels: [
      { kind: "vxlan", port: 9999, id: 7 },
      { kind: "vxlan", port: 9999, id: 8 },
      { kind: "geneve", port: 9998, id: 7 },
    ],
  });
  assert.deepEqual([ports(), told.forms & AT_PORT], [{ 9999: VXLAN, 9998: GENEVE }, AT_PORT]);
  list({ tunnels: [{ kind: "geneve", port: 9999, id: 7 }] });
  assert.deepEqual(ports(), { 9999: GENEVE });
  list({});
  assert.deepEqual([ports(), told.forms], [{}, 0]);
});

test("an agent takes over what the one before it left, and corrects it", () => {
  const table = new Table();
  makeEnds(table).list({
    tunnels: [
      { kind: "vxlan", port: 9999, id: 7 },
      { kind: "vxlan", port: 9998, id: 7 },
    ],
  });
  const { list, ports } = makeEnds(table);
  list({ tunnels: [{ kind: "geneve", port: 9999, id: 7 }] });
  assert.deepEqual(ports(), { 9999: GENEVE });
});

test("what found no room in the table is a problem, and not told as in force", () => {
  const table = new Table();
  table.room = 1;
  const { made, list } = makeEnds(table);
  const own: OwnEnds = {
    tunnels: [
      { kind: "gre", id: 1, local: "192.0.2.1" },
      { kind: "gre", id: 2, remote: "2001:db8::1" },
    ],
    addresses: ["192.0.2.1", "2001:db8::2"],
  };
  list(own);
  assert.deepEqual(made.inForce(), { ...own, tunnels: [own.tunnels[0]] });
  assert.match(made.problems().join(), /1 ends of tunnels/);
  table.room = 2;
  list(own);
  assert.deepEqual([made.inForce(), made.problems()], [own, []]);
});
