/** Opens a compiled BPF object, sets its options, gives it the tables that exist already, and loads it. */

import { chmodSync, closeSync, existsSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";

import koffi from "koffi";

import { parseBtf } from "./btf.ts";
import { adviceFor, errnoName, KernelError, missingBtf } from "./errors.ts";
import { type Heard, libbpf, type Libbpf, type Pointer, withMessages, withMessagesAside } from "./libbpf.ts";
import { BpfMap, mapInfo, MapType, type MapInfo } from "./maps.ts";
import { BpfProgram } from "./program.ts";
import { duplicate, lastErrno, libc } from "./syscall.ts";

export interface ObjectOptions {
  /** Values of `const volatile` variables, which the verifier treats as constants. */
  rodata?: Record<string, number | bigint>;
  /** Tables to share: if the object has a table of the same name, it uses this one instead of a new one. */
  reuse?: ReadonlyMap<string, BpfMap>;
  /** Tables are pinned in this folder under their names. A table that exists there is used again if its shape is the same. */
  pinDirectory?: string;
  maxEntries?: Record<string, number>;
  /** Returns false for a program that is not to be loaded. */
  autoload?: (name: string, section: string) => boolean;
}

export interface BpfObject {
  maps: Map<string, BpfMap>;
  programs: Map<string, BpfProgram>;
  /** Closes the descriptors. Everything pinned or attached goes on. The object that made a shared table closes it. */
  close(): void;
}

/** A pinned table has another shape, so that this version of weir cannot use it. */
export class PinMismatchError extends Error {
  override name = "PinMismatchError";
  readonly map: string;
  readonly path: string;

  constructor(map: string, path: string, found: Partial<MapInfo>, wanted: Partial<MapInfo>) {
    const differences = (Object.keys(wanted) as (keyof MapInfo)[])
      .filter((field) => found[field] !== wanted[field])
      .map((field) => `${field} ${found[field]} instead of ${wanted[field]}`);
    super(`the table ${map} pinned at ${path} was made by another version or with other limits (${differences.join(", ")})`);
    this.map = map;
    this.path = path;
  }
}

export function openObject(path: string, options: ObjectOptions = {}): BpfObject {
  const opened = prepare(path, options);
  try {
    expectLoaded(
      path,
      withMessages(() => libbpf().objectLoad(opened.object)),
    );
    return collect(opened, options);
  } finally {
    release(opened);
  }
}

/** Does the same in a thread of its own, because the verifier takes half a second. Only one runs at a time. */
export async function openObjectAside(path: string, options: ObjectOptions = {}): Promise<BpfObject> {
  const opened = prepare(path, options);
  try {
    expectLoaded(
      path,
      await withMessagesAside(
        () =>
          new Promise<number>((resolve, reject) => {
            libbpf().objectLoad.async(opened.object, (error, result) => (error ? reject(error) : resolve(result)));
          }),
      ),
    );
    return collect(opened, options);
  } finally {
    release(opened);
  }
}

/** An object that is open, with its options and tables set. */
interface Opened {
  object: Pointer;
  maps: Pointer[];
  programs: Pointer[];
  /** The names of the tables that `options.reuse` gave. */
  shared: Set<string>;
}

function prepare(path: string, options: ObjectOptions): Opened {
  const lib = libbpf();
  const { result: object, messages } = withMessages(() => lib.objectOpen(path, null));
  if (object === null) {
    const errno = errnoName(lastErrno());
    const reason = existsSync(path) ? adviceFor(errno) : "the file is missing; build the probes with `npm run setup`";
    throw new KernelError(`open the BPF object ${path}`, errno, { reason, log: messages });
  }
  try {
    const programs = selectPrograms(lib, object, options);
    const maps = [...each(lib.nextMap, object)];
    const shared = new Set(maps.filter((map) => prepareMap(lib, object, map, options)).map((map) => lib.mapName(map)));
    return { object, maps, programs, shared };
  } catch (error) {
    lib.objectClose(object);
    throw error;
  }
}

/** The descriptors were duplicated, so libbpf's object is not needed any more. */
function release({ object }: Opened): void {
  libbpf().objectClose(object);
}

function selectPrograms(lib: Libbpf, object: Pointer, options: ObjectOptions): Pointer[] {
  return [...each(lib.nextProgram, object)].filter((program) => {
    const wanted = options.autoload?.(lib.programName(program), lib.programSection(program)) ?? true;
    if (!wanted) lib.programSetAutoload(program, false);
    return wanted;
  });
}

/** Returns true if the table is one of `options.reuse`. */
function prepareMap(lib: Libbpf, object: Pointer, map: Pointer, options: ObjectOptions): boolean {
  const name = lib.mapName(map);
  if (lib.mapIsInternal(map)) {
    if (name.endsWith(".rodata")) setReadOnlyData(lib, object, map, options.rodata ?? {});
    return false;
  }
  // weir pins tables itself: a pin path in the source would escape the chosen directory.
  lib.mapSetPinPath(map, null);
  const entries = options.maxEntries?.[name];
  if (entries !== undefined) expectZero(`size the table ${name}`, lib.mapSetMaxEntries(map, entries));

  const existing = options.reuse?.get(name);
  if (existing !== undefined) {
    expectSameShape(name, "the running objects", existing.info, shapeOf(lib, map));
    expectZero(`share the table ${name}`, lib.mapReuse(map, existing.fd));
    return true;
  }
  if (options.pinDirectory === undefined) return false;
  const path = join(options.pinDirectory, name);
  const fd = lib.get(path);
  if (fd < 0) {
    if (errnoName(fd) !== "ENOENT") throw new KernelError(`open the table pinned at ${path}`, fd);
    return false;
  }
  try {
    expectSameShape(name, path, mapInfo(fd), shapeOf(lib, map));
    expectZero(`use the table pinned at ${path} again`, lib.mapReuse(map, fd));
  } finally {
    closeSync(fd);
  }
  return false;
}

type Shape = Omit<MapInfo, "id" | "btf" | "keyType" | "valueType">;

function shapeOf(lib: Libbpf, map: Pointer): Shape {
  return {
    type: lib.mapType(map),
    keySize: lib.mapKeySize(map),
    valueSize: lib.mapValueSize(map),
    maxEntries: lib.mapMaxEntries(map),
    flags: lib.mapFlags(map),
  };
}

function expectSameShape(name: string, path: string, found: Shape, wanted: Shape): void {
  // libbpf rounds a ring up to whole pages and a power of two when it creates it.
  const entries = wanted.type === MapType.RINGBUF ? ringSize(wanted.maxEntries) : wanted.maxEntries;
  const expected = { ...wanted, maxEntries: entries };
  const same = (Object.keys(expected) as (keyof Shape)[]).every((field) => found[field] === expected[field]);
  if (!same) throw new PinMismatchError(name, path, found, expected);
}

function ringSize(bytes: number): number {
  return Math.max(libc().pageSize(), 2 ** Math.ceil(Math.log2(bytes)));
}

function setReadOnlyData(lib: Libbpf, object: Pointer, map: Pointer, values: Record<string, number | bigint>): void {
  const size = new BigUint64Array(1);
  const raw = lib.btfRawData(lib.objectBtf(object), new Uint8Array(size.buffer));
  const section = parseBtf(Buffer.from(koffi.view(raw, Number(size[0])))).named("section", ".rodata");
  const start = lib.mapInitialValue(map, new Uint8Array(size.buffer));
  const data = new DataView(koffi.view(start, Number(size[0])));
  for (const [name, value] of Object.entries(values)) {
    const variable = section?.variables.find((candidate) => candidate.name === name);
    // An option that this object does not have is set in another object.
    if (variable === undefined) continue;
    switch (variable.size) {
      case 1:
        data.setUint8(variable.offset, Number(value));
        break;
      case 2:
        data.setUint16(variable.offset, Number(value), true);
        break;
      case 4:
        data.setUint32(variable.offset, Number(value), true);
        break;
      case 8:
        data.setBigUint64(variable.offset, BigInt(value), true);
        break;
      default:
        throw new RangeError(`the read-only variable ${name} has ${variable.size} bytes; only 1, 2, 4 and 8 can be set`);
    }
  }
}

function expectLoaded(path: string, { result, messages }: Heard<number>): void {
  if (result >= 0) return;
  const errno = errnoName(result);
  const rejected = /-- BEGIN PROG LOAD LOG --\n([^]*?)-- END PROG LOAD LOG --/.exec(messages);
  const program = /prog '([^']+)'/.exec(messages)?.[1];
  const operation = `load ${program === undefined ? "" : `the program ${program} of `}${basename(path)}`;
  if (rejected !== null) {
    // The verifier also says this about a helper that needs CAP_PERFMON.
    const forbidden = /(?:program of this type cannot use helper|unknown func) (bpf_\w+)/.exec(rejected[1]!)?.[1];
    if (forbidden !== undefined)
      throw new KernelError(operation, errno, {
        reason: `the kernel does not let it call ${forbidden}: ${adviceFor("EPERM")}`,
        log: messages,
      });
    const lines = rejected[1]!
      .trimEnd()
      .split("\n")
      .filter((line) => !/^(processed|verification time|stack depth)/.test(line));
    throw new KernelError(operation, errno, {
      reason: `the verifier refused it (${errno}): ${lines.slice(-3).join(" / ")}`,
      log: messages,
    });
  }
  const reason = missingBtf() ?? `${adviceFor(errno)}${messages === "" ? "" : `; libbpf says: ${lastLine(messages)}`}`;
  throw new KernelError(operation, errno, { reason, log: messages });
}

function collect({ maps, programs, shared }: Opened, options: ObjectOptions): BpfObject {
  const lib = libbpf();
  const object: BpfObject = {
    maps: new Map(),
    programs: new Map(),
    close() {
      for (const [name, map] of this.maps) if (!shared.has(name)) map.close();
      for (const program of this.programs.values()) program.close();
    },
  };
  try {
    for (const map of maps) {
      const name = lib.mapName(map);
      const reused = shared.has(name) ? options.reuse?.get(name) : undefined;
      object.maps.set(name, reused ?? new BpfMap(name, duplicate(lib.mapFd(map))));
      if (reused === undefined && options.pinDirectory !== undefined && !lib.mapIsInternal(map)) {
        pin(object.maps.get(name)!.fd, options.pinDirectory, name);
      }
    }
    for (const program of programs) {
      const name = lib.programName(program);
      object.programs.set(
        name,
        new BpfProgram({
          name,
          section: lib.programSection(program),
          type: lib.programType(program),
          attachType: lib.programAttachType(program),
          fd: duplicate(lib.programFd(program)),
        }),
      );
    }
    return object;
  } catch (error) {
    object.close();
    throw error;
  }
}

/** Returns whether the compiler made the table for its own data, so that objects do not share it. */
export function isInternal(name: string): boolean {
  return name.includes(".");
}

/** Pins a map, program or link under a name in the BPF file system, so that it outlives this process. */
export function pin(fd: number, directory: string, name: string): string {
  const path = join(directory, name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (existsSync(path)) return path;
  const result = libbpf().pin(fd, path);
  if (result < 0) {
    const errno = errnoName(result);
    const reason =
      errno === "EPERM" || errno === "EINVAL"
        ? `${directory} is not on a BPF file system; mount one: mount -t bpf bpf /sys/fs/bpf`
        : undefined;
    throw new KernelError(`pin ${path}`, errno, reason === undefined ? {} : { reason });
  }
  chmodSync(path, 0o600);
  return path;
}

function* each(next: (object: Pointer, after: Pointer) => Pointer, object: Pointer): Generator<Pointer> {
  for (let item = next(object, null); item !== null; item = next(object, item)) yield item;
}

function expectZero(operation: string, result: number): void {
  if (result < 0) throw new KernelError(operation, result);
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
