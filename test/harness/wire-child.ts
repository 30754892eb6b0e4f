/** Runs inside a namespace: sends the frames its parent hands it, and hands back every frame that comes in. */

import koffi from "koffi";
import type { FromChild } from "./wire.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const ETH_P_ALL_BE = 0x0300;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_RCVBUF = 8;
const SOL_PACKET = 263;
const PACKET_AUXDATA = 8;
const PACKET_OUTGOING = 4;
const TP_STATUS_VLAN_VALID = 1 << 4;

const libc = koffi.load("libc.so.6");
const socket = libc.func("int socket(int domain, int type, int protocol)");
const bind = libc.func("int bind(int fd, const void *address, uint32_t length)");
const setsockopt = libc.func("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");
const send = libc.func("int64_t send(int fd, const void *bytes, size_t length, int flags)");
const recvmsg = libc.func("int64_t recvmsg(int fd, void *message, int flags)");
const if_nametoindex = libc.func("uint32_t if_nametoindex(const char *name)");

const device = process.argv[2] ?? "";
const ifindex = if_nametoindex(device) as number;
if (ifindex === 0) fail(`no device ${device} in this namespace`);

const fd = check("socket", socket(AF_PACKET, SOCK_RAW, 0) as number);
const on = Int32Array.of(1);
const quarterSecond = BigInt64Array.of(0n, 250_000n); // a blocked read must not keep this process from ending
check("setsockopt", setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, on, 4) as number);
check("setsockopt", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, quarterSecond, 16) as number);
check("setsockopt", setsockopt(fd, SOL_SOCKET, SO_RCVBUF, Int32Array.of(8 << 20), 4) as number);
check("bind", bind(fd, linkAddress(), 20) as number);

process.on("message", (frames: Uint8Array[]) => {
  for (const frame of frames) {
    if ((send(fd, frame, frame.length, 0) as number) < 0)
      return tell({ kind: "failed", why: `send of ${frame.length} bytes at ${device}: ${error()}` });
  }
  tell({ kind: "sent" });
});
process.once("disconnect", () => process.exit());

const name = new Uint8Array(20); // sockaddr_ll
const content = new Uint8Array(1 << 16);
const control = new Uint8Array(64);
const vector = BigUint64Array.of(koffi.address(content), BigInt(content.length));
const header = new DataView(new ArrayBuffer(56)); // struct msghdr
tell({ kind: "ready" });
receive();

function receive(): void {
  header.setBigUint64(0, koffi.address(name), true);
  header.setUint32(8, name.length, true);
  header.setBigUint64(16, koffi.address(vector), true);
  header.setBigUint64(24, 1n, true);
  header.setBigUint64(32, koffi.address(control), true);
  header.setBigUint64(40, BigInt(control.length), true);
  recvmsg.async(fd, new Uint8Array(header.buffer), 0, (failure: unknown, length: number) => {
    if (failure !== null) throw failure;
    if (length >= 0 && name[10] !== PACKET_OUTGOING) tell({ kind: "frame", bytes: withTag(content.subarray(0, length)) });
    receive();
  });
}

/** The kernel takes the outer VLAN tag out of the frame on receipt and tells it beside the frame; put it back. */
function withTag(frame: Uint8Array): Uint8Array {
  const auxdata = new DataView(control.buffer, 16); // behind the header of the only control message
  if (header.getBigUint64(40, true) < 36n || (auxdata.getUint32(0, true) & TP_STATUS_VLAN_VALID) === 0) return frame.slice();
  const tagged = new Uint8Array(frame.length + 4);
  tagged.set(frame.subarray(0, 12));
  new DataView(tagged.buffer).setUint16(12, auxdata.getUint16(18, true));
  new DataView(tagged.buffer).setUint16(14, auxdata.getUint16(16, true));
  tagged.set(frame.subarray(12), 16);
  return tagged;
}

function linkAddress(): Uint8Array {
  const address = new DataView(new ArrayBuffer(20));
  address.setUint16(0, AF_PACKET, true);
  address.setUint16(2, ETH_P_ALL_BE, true);
  address.setInt32(4, ifindex, true);
  return new Uint8Array(address.buffer);
}

function tell(message: FromChild): void {
  process.send?.(message);
}

function check(what: string, result: number): number {
  if (result < 0) fail(`${what} at ${device}: ${error()}`);
  return result;
}

function error(): string {
  const number = koffi.errno();
  const names = Object.entries(koffi.os.errno as Record<string, number>);
  return names.find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
}

function fail(why: string): never {
  tell({ kind: "failed", why });
  process.exit(1);
}
