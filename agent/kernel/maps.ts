/** A BPF map by its descriptor. Keys and values are bytes; their layout is in agent/generated/layout.ts. */

import { closeSync, readFileSync } from "node:fs";

import { errnoName, KernelError } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import { libc, mapMemory, type Mapping, PROT_READ, PROT_WRITE } from "./syscall.ts";

export const MapType = {
  HASH: 1,
  ARRAY: 2,
  PERCPU_HASH: 5,
  PERCPU_ARRAY: 6,
  LRU_HASH: 9,
  LRU_PERCPU_HASH: 10,
  PERCPU_CGROUP_STORAGE: 21,
  RINGBUF: 27,
} as const;
const PER_CPU: ReadonlySet<number> = new Set([
  MapType.PERCPU_HASH,
  MapType.PERCPU_ARRAY,
  MapType.LRU_PERCPU_HASH,
  MapType.PERCPU_CGROUP_STORAGE,
]);

export const BPF_ANY = 0;
export const BPF_NOEXIST = 1;

export interface MapInfo {
  type: number;
  id: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  flags: number;
  /** The id of the map's BTF; 0 where it has none. The two members below are type ids in it. */
  btf: number;
  keyType: number;
  valueType: number;
}

export interface Entries {
  /** `count` keys after each other, each of the map's key size. */
  keys: Buffer;
  /** `count` values after each other, each of `valueBytes` bytes. */
  values: Buffer;
  count: number;
}

export class BpfMap {
  readonly name: string;
  readonly fd: number;
  readonly info: MapInfo;
  /** The bytes of one value as user space sees it. A per-CPU map has one value, rounded up to 8 bytes, for each possible CPU. */
  readonly valueBytes: number;
  #mapping: Mapping | undefined;

  /** Takes the descriptor over: `close` closes it. */
  constructor(name: string, fd: number) {
    this.name = name;
    this.fd = fd;
    this.info = mapInfo(fd);
    this.valueBytes = this.perCpu ? roundUp(this.info.valueSize, 8) * libbpf().possibleCpus() : this.info.valueSize;
  }

  get perCpu(): boolean {
    return PER_CPU.has(this.info.type);
  }

  lookup(key: Uint8Array): Buffer | undefined {
    const value = Buffer.allocUnsafe(this.valueBytes);
    return this.lookupInto(key, value) ? value : undefined;
  }

  /** Does the same as `lookup` without an allocation. Returns false when there is no such key. */
  lookupInto(key: Uint8Array, value: Uint8Array): boolean {
    this.#expect("key", key, this.info.keySize);
    this.#expect("value", value, this.valueBytes);
    const result = libbpf().lookup(this.fd, key, value);
    return this.#found("read", result);
  }

  update(key: Uint8Array, value: Uint8Array, flags = 0): void {
    this.#expect("key", key, this.info.keySize);
    this.#expect("value", value, this.valueBytes);
    const result = libbpf().update(this.fd, key, value, flags);
    if (result < 0) throw this.#error("write", result);
  }

  /** Inserts a new key. Returns false when the key exists already; its value then stays. */
  insert(key: Uint8Array, value: Uint8Array): boolean {
    this.#expect("key", key, this.info.keySize);
    this.#expect("value", value, this.valueBytes);
    const result = libbpf().update(this.fd, key, value, BPF_NOEXIST);
    if (result < 0 && errnoName(result) !== "EEXIST") throw this.#error("write", result);
    return result >= 0;
  }

  /** Returns false when there was no such key. */
  delete(key: Uint8Array): boolean {
    this.#expect("key", key, this.info.keySize);
    return this.#found("delete from", libbpf().delete(this.fd, key));
  }

  /** Returns the key after `key`, or the first one if `key` is left out; undefined at the end. */
  nextKey(key?: Uint8Array): Buffer | undefined {
    const next = Buffer.allocUnsafe(this.info.keySize);
    return this.#found("walk", libbpf().nextKey(this.fd, key ?? null, next)) ? next : undefined;
  }

  /** Writes `count` entries with one system call. */
  updateBatch(keys: Uint8Array, values: Uint8Array, count: number): void {
    this.#expect("keys", keys, this.info.keySize * count);
    this.#expect("values", values, this.valueBytes * count);
    if (count === 0) return;
    const result = libbpf().updateBatch(this.fd, keys, values, u32(count), null);
    if (result < 0) throw this.#error("write", result);
  }

  /**
   * Yields every entry, some thousand at a time. Hash maps are walked bucket by bucket, so entries added or removed meanwhile may
   * be missed, but no entry is yielded twice because another one changed. With `remove`, the entries that were read are deleted.
   * The buffers are used again for the next batch.
   */
  *batches(options: { size?: number; remove?: boolean } = {}): Generator<Entries> {
    const call = options.remove ? libbpf().lookupAndDeleteBatch : libbpf().lookupBatch;
    const cursor = Buffer.alloc(Math.max(this.info.keySize, 4));
    const count = new Uint32Array(1);
    let size = Math.min(options.size ?? 4096, this.info.maxEntries);
    let keys = Buffer.allocUnsafe(size * this.info.keySize);
    let values = Buffer.allocUnsafe(size * this.valueBytes);
    for (let first = true; ; ) {
      count[0] = size;
      const result = call(this.fd, first ? null : cursor, cursor, keys, values, new Uint8Array(count.buffer), null);
      const errno = result < 0 ? errnoName(result) : "";
      if (errno === "ENOSPC") {
        // One bucket of the hash holds more entries than fit into the buffer.
        size *= 2;
        keys = Buffer.allocUnsafe(size * this.info.keySize);
        values = Buffer.allocUnsafe(size * this.valueBytes);
        continue;
      }
      if (errno === "EINTR" || errno === "EAGAIN") continue;
      if (errno !== "" && errno !== "ENOENT") throw this.#error("read", result);
      if (count[0] > 0) yield { keys, values, count: count[0] };
      if (errno === "ENOENT") return;
      first = false;
    }
  }

  /** Yields the entries that `batches` reads, one by one. The buffers are used again: copy what you keep. */
  *entries(): Generator<{ key: Buffer; value: Buffer }> {
    const [keySize, valueSize] = [this.info.keySize, this.valueBytes];
    for (const { keys, values, count } of this.batches()) {
      for (let i = 0; i < count; i++)
        yield { key: keys.subarray(i * keySize, (i + 1) * keySize), value: values.subarray(i * valueSize, (i + 1) * valueSize) };
    }
  }

  /**
   * Maps the whole array as memory shared with the kernel; the map needs BPF_F_MMAPABLE. Elements are `elementStride` bytes
   * apart. The array is mapped once and stays mapped until the map is closed.
   */
  mmap(): ArrayBuffer {
    const length = roundUp(this.elementStride * this.info.maxEntries, libc().pageSize());
    this.#mapping ??= mapMemory(`map the table ${this.name} into memory`, this.fd, length, PROT_READ | PROT_WRITE);
    return this.#mapping.buffer;
  }

  get elementStride(): number {
    return roundUp(this.info.valueSize, 8);
  }

  /** Returns the bytes of kernel memory that the map is charged for. */
  memory(): number {
    const match = /^memlock:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${this.fd}`, "utf8"));
    return match === null ? 0 : Number(match[1]);
  }

  close(): void {
    this.#mapping?.unmap();
    this.#mapping = undefined;
    closeSync(this.fd);
  }

  #found(verb: string, result: number): boolean {
    if (result >= 0) return true;
    if (errnoName(result) === "ENOENT") return false;
    throw this.#error(verb, result);
  }

  #error(verb: string, result: number): KernelError {
    const errno = errnoName(result);
    if (errno === "E2BIG") {
      return new KernelError(`${verb} the table ${this.name}`, errno, { reason: `it is full (${this.info.maxEntries} entries)` });
    }
    return new KernelError(`${verb} the table ${this.name}`, errno);
  }

  #expect(what: string, bytes: Uint8Array, length: number): void {
    if (bytes.byteLength !== length)
      throw new RangeError(`table ${this.name}: a ${what} of ${bytes.byteLength} bytes where ${length} are needed`);
  }
}

export function mapInfo(fd: number): MapInfo {
  const info = Buffer.alloc(88);
  const result = libbpf().info(fd, info, u32(info.length));
  if (result < 0) throw new KernelError("ask the kernel about a table", result);
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    keySize: info.readUInt32LE(8),
    valueSize: info.readUInt32LE(12),
    maxEntries: info.readUInt32LE(16),
    flags: info.readUInt32LE(20),
    btf: info.readUInt32LE(64),
    keyType: info.readUInt32LE(68),
    valueType: info.readUInt32LE(72),
  };
}

/** Writes a u32 in host order as bytes: the key of an array, or a number that C takes by pointer. */
export function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
