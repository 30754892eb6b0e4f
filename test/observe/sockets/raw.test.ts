/** The kernel's lists of packet, raw and ping sockets: what they say is read, and what is strange is left out. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { listRawSockets } from "../../../agent/observe/sockets/raw.ts";

const HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";

function listed(files: Record<string, string>): ReturnType<typeof listRawSockets> {
  const folder = mkdtempSync(join(tmpdir(), "weir-net-"));
  after(() => rmSync(folder, { recursive: true }));
  for (const [name, lines] of Object.entries(files)) writeFileSync(join(folder, name), `${HEADER}\n${lines}\n`);
  return listRawSockets(folder);
}

test("a raw socket has a protocol instead of a port, and its other end where it is connected", () => {
  assert.deepEqual(
    listed({
      raw: `   1: 0100007F:0001 0200007F:0000 01 00000010:00000020 00:00000000 00000000  1000        0 20148233 2 0000000023fc822f 0
  89: 00000000:0059 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 20148232 2 0000000032dde4fb 0`,
      raw6: "  58: B80D0120000000000000000001000000:003A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 20148229 2 00000000a29882fb 0",
    }),
    [
      {
        protocol: "raw",
        state: "established",
        local: { address: "127.0.0.1" },
        remote: { address: "127.0.0.2" },
        carries: "icmp",
        uid: 1000,
        queued: { received: 32, unsent: 16 },
        inode: 20148233n,
      },
      {
        protocol: "raw",
        state: "bound",
        local: { address: "0.0.0.0" },
        carries: "89",
        uid: 0,
        queued: { received: 0, unsent: 0 },
        inode: 20148232n,
      },
      {
        protocol: "raw",
        state: "bound",
        local: { address: "2001:db8::1" },
        carries: "icmpv6",
        uid: 0,
        queued: { received: 0, unsent: 0 },
        inode: 20148229n,
      },
    ],
  );
});

test("a ping has its identifier as the port", () => {
  const [ping] = listed({
    icmp: "  77: 0100007F:004D 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5 2 0000000032dde4fb 0",
  });
  assert.deepEqual([ping?.protocol, ping?.local, ping?.carries], ["icmp", { address: "127.0.0.1", port: 77 }, undefined]);
});

test("a packet socket has a type of Ethernet, an interface, or neither", () => {
  const packet = (type: string, ifindex: number): string =>
    `000000008bcb0a04 3      3    ${type}   ${ifindex}     1 768      0      ${parseInt(type, 16)}`;
  const rows = listed({ packet: [packet("0003", 4), packet("0806", 0), packet("8892", 0), packet("0000", 0)].join("\n") });
  assert.deepEqual(
    rows.map(({ carries, ifindex }) => [carries, ifindex]),
    [
      ["all", 4],
      ["arp", undefined],
      ["0x8892", undefined],
      [undefined, undefined],
    ],
  );
  assert.deepEqual(rows[0], {
    protocol: "packet",
    state: "bound",
    carries: "all",
    ifindex: 4,
    uid: 0,
    queued: { received: 768, unsent: 0 },
    inode: 3n,
  });
});

test("files that are not there and lines that are cut short list nothing", () => {
  assert.deepEqual(listed({ raw: "   1: 0100007F:0001 0200007F:0000 01 0000", packet: "000000008bcb0a04 3 3" }), []);
});
