/** The calls into the C library and the kernel that neither Node nor libbpf 1.1 offers. */

import koffi from "koffi";

import { KernelError } from "./errors.ts";
import type { Memory, Pointer } from "./libbpf.ts";

export const PROT_READ = 1;
export const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffffffffffffffffn;
const F_DUPFD_CLOEXEC = 1030;

export type Libc = ReturnType<typeof declare>;

let loaded: Libc | undefined;

export function libc(): Libc {
  return (loaded ??= declare());
}

function declare() {
  const library = koffi.load("libc.so.6");
  const define = <F>(definition: string): F => library.func(definition) as unknown as F;
  return {
    mmap: define<(at: null, length: number, protection: number, flags: number, fd: number, offset: number) => bigint>(
      "uintptr_t mmap(void *at, size_t length, int protection, int flags, int fd, long offset)",
    ),
    munmap: define<(at: bigint, length: number) => number>("int munmap(uintptr_t at, size_t length)"),
    pageSize: define<() => number>("int getpagesize(void)"),
    getppid: define<() => number>("int getppid(void)"),
    fcntl: define<(fd: number, command: number, argument: number) => number>("int fcntl(int fd, int command, long argument)"),
    ioctl: define<(fd: number, request: number, argument: Memory) => number>("int ioctl(int fd, unsigned long request, void *argument)"),
    socket: define<(family: number, type: number, protocol: number) => number>("int socket(int family, int type, int protocol)"),
    bind: define<(fd: number, address: Uint8Array, length: number) => number>("int bind(int fd, void *address, uint32_t length)"),
    send: define<(fd: number, data: Uint8Array, length: number, flags: number) => number>(
      "long send(int fd, void *data, size_t length, int flags)",
    ),
    sendto: define<(fd: number, data: Uint8Array, length: number, flags: number, address: Uint8Array, addressLength: number) => number>(
      "long sendto(int fd, void *data, size_t length, int flags, void *address, uint32_t address_length)",
    ),
    recv: define<(fd: number, data: Uint8Array, length: number, flags: number) => number>(
      "long recv(int fd, void *data, size_t length, int flags)",
    ),
    setsockopt: define<(fd: number, level: number, name: number, value: Uint8Array, length: number) => number>(
      "int setsockopt(int fd, int level, int name, void *value, uint32_t length)",
    ),
    getsockopt: define<(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array) => number>(
      "int getsockopt(int fd, int level, int name, void *value, void *length)",
    ),
    mount: define<(source: string, target: string, type: string, flags: number, data: null) => number>(
      "int mount(const char *source, const char *target, const char *type, unsigned long flags, void *data)",
    ),
    openByHandleAt: define<(mount: number, handle: Uint8Array, flags: number) => number>(
      "int open_by_handle_at(int mount, void *handle, int flags)",
    ),
    exit: define<(code: number) => never>("void _exit(int code)"),
    umount: define<(target: string, flags: number) => number>("int umount2(const char *target, int flags)"),
  };
}

/** The numbers of system calls for which older C libraries have no function. The last three are the same on all machines. */
export const syscallNumber = {
  perf_event_open: process.arch === "arm64" ? 241 : 298,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
} as const;

type Argument = number | string | Memory;

/** Makes a system call by its number. Numbers are passed as 64-bit values, everything else by its address. */
export function systemCall(number: number, ...values: Argument[]): number {
  const types = values.map((value) => (typeof value === "number" ? "int64_t" : typeof value === "string" ? "const char *" : "void *"));
  const definition = `long syscall(long number${types.map((type, index) => `, ${type} a${index}`).join("")})`;
  let call = systemCalls.get(definition);
  if (call === undefined) systemCalls.set(definition, (call = koffi.load("libc.so.6").func(definition) as unknown as SystemCall));
  return Number(call(number, ...values));
}

type SystemCall = (number: number, ...values: Argument[]) => number;
const systemCalls = new Map<string, SystemCall>();

/** Ends the process at once. Node's own way out waits for its threads, one of which may wait for a file system for ever. */
export function endProcess(code: number): never {
  return libc().exit(code);
}

/** Returns the error number that the last call left behind; read it at once. */
export function lastErrno(): number {
  return koffi.errno();
}

/** Returns the result of a C call. Throws a KernelError if it is -1, which is how such a call says that it failed and set errno. */
export function check(operation: string, result: number): number {
  if (result < 0) throw new KernelError(operation, lastErrno());
  return result;
}

export function duplicate(fd: number): number {
  return check("duplicate a descriptor", libc().fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

/** Memory mapped from a descriptor, without a copy. It must not be touched after `unmap`. */
export interface Mapping {
  buffer: ArrayBuffer;
  unmap(): void;
}

export function mapMemory(operation: string, fd: number, length: number, protection: number, offset = 0): Mapping {
  const address = libc().mmap(null, length, protection, MAP_SHARED, fd, offset);
  if (BigInt(address) === MAP_FAILED) throw new KernelError(operation, lastErrno());
  return {
    buffer: koffi.view(address as Pointer, length),
    unmap: () => void libc().munmap(address, length),
  };
}
