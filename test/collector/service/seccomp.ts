/** The system call filter that systemd makes of a unit, as classic BPF. */

import { execFileSync } from "node:child_process";
import { constants } from "node:os";

import type { Confinement } from "./unit.ts";

const AUDIT_ARCH: Record<string, number> = { x64: 0xc000003e, arm64: 0xc00000b7 };
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const KILL = 0x80000000;
/** Codes of instructions. */
const LD = 0x20;
const JEQ = 0x15;
const JSET = 0x45;
const RET = 0x06;
/** Offsets in struct seccomp_data. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;
/** Flags of clone(2) that make namespaces. */
const CLONE_NEW = 0x7e020000;

export function filterOf({ calls, families, refusal }: Confinement): Buffer {
  const numbers = systemCalls();
  const number = (name: string): number => numbers.get(name)!;
  const refuse = (name: string): number => ERRNO | errno(name);
  const otherwise = refusal === undefined ? KILL : refuse(refusal);
  const allowed = namesIn(calls).flatMap((name) => numbers.get(name) ?? []);
  return Buffer.concat([
    load(ARCHITECTURE),
    jump(JEQ, AUDIT_ARCH[process.arch]!, 1, 0),
    answer(KILL),
    load(NUMBER),
    ...onEqual(number("socket"), [
      load(FIRST_ARGUMENT),
      ...families.flatMap((name) => onEqual(family(name), [answer(ALLOW)])),
      answer(refuse("EAFNOSUPPORT")),
    ]),
    ...onEqual(number("clone"), [load(FIRST_ARGUMENT), jump(JSET, CLONE_NEW, 1, 0), answer(ALLOW), answer(refuse("EPERM"))]),
    ...onEqual(number("clone3"), [answer(refuse("ENOSYS"))]), // whose flags no filter can see
    ...["unshare", "setns"].flatMap((name) => onEqual(number(name), [answer(refuse("EPERM"))])),
    ...[...new Set(allowed)].flatMap((call) => onEqual(call, [answer(ALLOW)])),
    answer(otherwise),
  ]);
}

function load(offset: number): Buffer {
  return instruction(LD, 0, 0, offset);
}

function answer(value: number): Buffer {
  return instruction(RET, 0, 0, value);
}

function jump(code: number, value: number, taken: number, not: number): Buffer {
  return instruction(code, taken, not, value);
}

function onEqual(value: number, then: Buffer[]): Buffer[] {
  return [jump(JEQ, value, 0, then.length), ...then];
}

/** struct sock_filter */
function instruction(code: number, taken: number, not: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(taken, 2);
  bytes.writeUInt8(not, 3);
  bytes.writeUInt32LE(value >>> 0, 4);
  return bytes;
}

/** The members of @groups, as the systemd of this machine has them. */
function namesIn(calls: readonly string[]): string[] {
  return calls.flatMap((name) => {
    if (!name.startsWith("@")) return [name];
    const lines = execFileSync("systemd-analyze", ["syscall-filter", "--no-pager", name], { encoding: "utf8" }).split("\n").slice(1);
    return namesIn(lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#")));
  });
}

function systemCalls(): Map<string, number> {
  const text = execFileSync("clang", ["-E", "-dM", "-include", "asm/unistd.h", "-x", "c", "/dev/null"], { encoding: "utf8" });
  const defined = new Map([...text.matchAll(/^#define (__NR\w+) (\w+)$/gm)].map(([, name, value]) => [name!, value!]));
  const valueOf = (text: string): number => (defined.has(text) ? valueOf(defined.get(text)!) : Number(text));
  return new Map([...defined.keys()].filter((name) => name.startsWith("__NR_")).map((name) => [name.slice("__NR_".length), valueOf(name)]));
}

const FAMILIES: Record<string, number> = { AF_UNIX: 1, AF_INET: 2, AF_INET6: 10, AF_NETLINK: 16, AF_PACKET: 17 };

function family(name: string): number {
  const value = FAMILIES[name];
  if (value === undefined) throw new RangeError(`the number of ${name} is not known here`);
  return value;
}

function errno(name: string): number {
  return (constants.errno as Record<string, number>)[name]!;
}
