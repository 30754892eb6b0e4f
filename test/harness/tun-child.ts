/** Runs inside a namespace: is the far side of a tun device, whose packets have no Ethernet header. */

import { openSync, read, writeSync } from "node:fs";

import koffi from "koffi";

import type { FromChild } from "./wire.ts";

const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const INTERFACE_FLAGS = 16; // of struct ifreq, behind the name

const ioctl = koffi.load("libc.so.6").func("int ioctl(int fd, unsigned long request, void *argument)");

const device = process.argv[2] ?? "";
const fd = openSync("/dev/net/tun", "r+");
const request = Buffer.alloc(40);
request.write(device);
request.writeUInt16LE(IFF_TUN | IFF_NO_PI, INTERFACE_FLAGS);
if ((ioctl(fd, TUNSETIFF, request) as number) < 0) {
  tell({ kind: "failed", why: `the kernel makes no tun device ${device}: errno ${koffi.errno()}` });
  process.exit(1);
}

process.on("message", (packets: Uint8Array[]) => {
  try {
    for (const packet of packets) writeSync(fd, packet);
    tell({ kind: "sent" });
  } catch (error) {
    tell({ kind: "failed", why: `${device}: ${(error as Error).message}` });
  }
});
process.once("disconnect", () => process.kill(process.pid, "SIGKILL")); // a read that waits would keep it alive

const content = Buffer.alloc(1 << 16);
tell({ kind: "ready" });
receive();

function receive(): void {
  read(fd, content, 0, content.length, null, (error, length) => {
    if (error === null) tell({ kind: "frame", bytes: Uint8Array.from(content.subarray(0, length)) });
    else if ((error as NodeJS.ErrnoException).code !== "EIO") throw error; // EIO: the device is not up yet
    setTimeout(receive, error === null ? 0 : 10);
  });
}

function tell(message: FromChild): void {
  process.send?.(message);
}
