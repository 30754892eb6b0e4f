/** Packet and raw sockets, as this kernel lists them and tells who has them open. */

import assert from "node:assert/strict";
import { closeSync, fstatSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { after, test } from "node:test";

import { Owner, OwnerFlag } from "../../agent/generated/layout.ts";
import { DataPlane } from "../../agent/kernel/dataplane.ts";
import { readIteratorAside } from "../../agent/kernel/iterator.ts";
import { check, libc } from "../../agent/kernel/syscall.ts";
import { heldByInode } from "../../agent/observe/sockets/holders.ts";
import { listRawSockets } from "../../agent/observe/sockets/raw.ts";
import { requires, root } from "../harness/require.ts";

const [AF_INET, AF_INET6, AF_PACKET, SOCK_DGRAM, SOCK_RAW] = [2, 10, 17, 2, 3];
const ETH_P_ALL_BE = 0x0300;
const SO_BINDTODEVICE = 25;
const LOOPBACK = 1;

function opened(family: number, type: number, protocol: number): { fd: number; inode: bigint } {
  const fd = check("socket", libc().socket(family, type, protocol));
  return { fd, inode: fstatSync(fd, { bigint: true }).ino };
}

test("packet and raw sockets are listed as what they are, and told with their holder", requires(root()), async () => {
  const plane = new DataPlane({ capacity: { slots: 64, cells: 64 } });
  after(() => plane.close());
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => server.close());
  const sockets = {
    icmp: opened(AF_INET, SOCK_RAW, 1),
    any: opened(AF_INET6, SOCK_RAW, 255),
    all: opened(AF_PACKET, SOCK_RAW, ETH_P_ALL_BE),
    sends: opened(AF_PACKET, SOCK_DGRAM, 0),
  };
  check("setsockopt", libc().setsockopt(sockets.icmp.fd, 1, SO_BINDTODEVICE, Buffer.from("lo\0"), 3));

  const listed = new Map(listRawSockets().map(({ inode, ...socket }) => [inode, socket]));
  const [uid, queued] = [0, { received: 0, unsent: 0 }];
  assert.deepEqual(listed.get(sockets.icmp.inode), {
    protocol: "raw",
    state: "bound",
    local: { address: "0.0.0.0" },
    carries: "icmp",
    uid,
    queued,
  });
  assert.deepEqual(listed.get(sockets.any.inode), {
    protocol: "raw",
    state: "bound",
    local: { address: "::" },
    carries: "255",
    uid,
    queued,
  });
  const { queued: waiting, ...all } = listed.get(sockets.all.inode)!;
  assert.deepEqual([all, waiting.unsent], [{ protocol: "packet", state: "bound", carries: "all", uid }, 0]);
  assert.deepEqual(listed.get(sockets.sends.inode), { protocol: "packet", state: "bound", uid, queued });

  const held = heldByInode(await readIteratorAside(plane.program("weir_raw_sockets")));
  for (const [name, { inode }] of Object.entries(sockets)) {
    const { cookie, ifindex, owner } = held.get(inode)!;
    assert.deepEqual(
      [owner?.readUInt32LE(Owner.pid), owner?.readUInt16LE(Owner.flags), ifindex],
      [process.pid, OwnerFlag.HOLDER, name === "icmp" ? LOOPBACK : 0],
      name,
    );
    assert.ok(cookie > 0n);
  }
  const listener = fstatSync((server as unknown as { _handle: { fd: number } })._handle.fd, { bigint: true }).ino;
  assert.equal(held.has(listener), false, "nobody looks through all sockets for this");
  assert.ok(heldByInode(await readIteratorAside(plane.program("weir_older_sockets"))).has(listener));

  for (const { fd } of Object.values(sockets)) closeSync(fd);
  const left = new Set(listRawSockets().map(({ inode }) => inode));
  assert.deepEqual(
    Object.values(sockets).filter(({ inode }) => left.has(inode)),
    [],
  );
});
