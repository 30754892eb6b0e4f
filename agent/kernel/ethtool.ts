/** Asks by the ethtool ioctl for a device's driver and for the offloads that are on. */

import { closeSync } from "node:fs";

import koffi from "koffi";

import { KernelError } from "./errors.ts";
import { cString } from "./program.ts";
import { check, lastErrno, libc } from "./syscall.ts";

const SIOCETHTOOL = 0x8946;
const GET_DRIVER = 0x3;
const GET_STRINGS = 0x1b;
const GET_STRING_COUNT = 0x37;
const GET_FEATURES = 0x3a;
const FEATURE_STRINGS = 4;
const STRING = 32;
const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;

/** Returns the driver, such as `virtio_net` or `veth`; undefined when the device does not tell. */
export function driverName(device: string): string | undefined {
  const answer = ask(device, Buffer.alloc(196), GET_DRIVER);
  return answer === undefined ? undefined : cString(answer.subarray(4, 4 + STRING));
}

/** Returns the features that are on, with the names that `ethtool -k` uses: `rx-gro-hw`, `rx-lro`, `tx-tcp-segmentation`, ... */
export function activeFeatures(device: string): Set<string> {
  const question = Buffer.alloc(16 + 4);
  question.writeBigUInt64LE(1n << BigInt(FEATURE_STRINGS), 8);
  const count = ask(device, question, GET_STRING_COUNT)?.readUInt32LE(16) ?? 0;

  const strings = Buffer.alloc(12 + count * STRING);
  strings.writeUInt32LE(FEATURE_STRINGS, 4);
  strings.writeUInt32LE(count, 8);
  const blocks = Math.ceil(count / 32);
  const features = Buffer.alloc(8 + blocks * 16);
  features.writeUInt32LE(blocks, 4);
  if (count === 0 || ask(device, strings, GET_STRINGS) === undefined || ask(device, features, GET_FEATURES) === undefined) return new Set();

  const active = new Set<string>();
  for (let i = 0; i < count; i++) {
    // A block is four words: available, requested, active, never changed.
    const word = features.readUInt32LE(8 + (i >>> 5) * 16 + 8);
    if (word & (1 << (i & 31))) active.add(cString(strings.subarray(12 + i * STRING, 12 + (i + 1) * STRING)));
  }
  return active;
}

/** Returns undefined for a device whose driver does not know the command. */
function ask(device: string, data: Buffer, command: number): Buffer | undefined {
  const operation = `ask ${device} about its driver`;
  const fd = check(operation, libc().socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0));
  try {
    data.writeUInt32LE(command, 0);
    const request = Buffer.alloc(40);
    request.write(device, 0, 15, "latin1");
    request.writeBigUInt64LE(koffi.address(data), 16);
    if (libc().ioctl(fd, SIOCETHTOOL, request) >= 0) return data;
    const error = new KernelError(operation, lastErrno());
    if (error.errno === "EOPNOTSUPP" || error.errno === "ENOTSUP") return undefined;
    throw error;
  } finally {
    closeSync(fd);
  }
}
