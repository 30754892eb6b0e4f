/** Attaches to a device's traffic control: by a TCX link where the kernel has them (6.6), else by a clsact filter. */

import { closeSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { type Attachment, attachLink, createLink, LinkType, programFd } from "./attachment.ts";
import { errnoName, KernelError } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import { countFilters } from "./links.ts";
import { inNamespace } from "./namespace.ts";
import { type BpfProgram, programInfo } from "./program.ts";
import { netnsCookie } from "./sockets.ts";
import type { Device } from "./xdp.ts";

export type TcDirection = "ingress" | "egress";

const TCX = { ingress: 46, egress: 47 } as const;
const BPF_F_BEFORE = 8;

/** Attaches the program first of all on ingress and last on egress: nearest to the wire, where XDP would be. */
export function attachTcx(program: BpfProgram, device: Device, direction: TcDirection, pinDirectory?: string): Attachment {
  const what = `TCX ${direction} on ${device.name}`;
  return attachLink(
    {
      hook: "tcx",
      what,
      type: LinkType.TCX,
      pinName: `tcx-${direction}-${device.ifindex}`,
      updatable: true,
      alive: (info) => info.ifindex === device.ifindex,
      create(wanted) {
        const fd = createLink(wanted, device.ifindex, TCX[direction], direction === "ingress" ? BPF_F_BEFORE : 0);
        if (fd >= 0) return fd;
        const errno = errnoName(fd);
        throw errno === "EINVAL"
          ? new KernelError(`attach ${what}`, errno, { reason: "this kernel has no TCX (6.6 and later have); clsact does the same" })
          : new KernelError(`attach ${what}`, errno);
      },
    },
    program,
    pinDirectory,
  );
}

const POINTS = { ingress: 1, egress: 2 } as const;
const BPF_TC_F_REPLACE = 1;
/** "weir" in ASCII. No other tool picks this handle, so replacing the filter never replaces somebody else's. */
const HANDLE = 0x77656972;
const PRIORITY = 1;

/**
 * Attaches a clsact filter. It stays until it is removed, and it cannot be pinned. Directories among the pins note for a later
 * process which filters are weir's, and where weir made the qdisc: only there may it be removed.
 */
export function attachClsact(program: BpfProgram, device: Device, direction: TcDirection, pinDirectory?: string): Attachment {
  const filter = new ClsactFilter(device, direction, pinDirectory);
  try {
    filter.install(program);
    return filter;
  } catch (error) {
    filter.close();
    throw error;
  }
}

export interface LeftoverFilters {
  /** The names of the notes whose filters were removed. */
  removed: string[];
  /** The names of the notes in namespaces that were not found: they are gone, or cannot be reached from here. */
  unreachable: string[];
}

/**
 * Removes the filters that an earlier process noted in the directory, in whichever network namespace they are. Filters at `used`
 * paths stay.
 */
export function detachLeftoverFilters(pinDirectory: string, used: ReadonlySet<string | undefined> = new Set()): LeftoverFilters {
  const found: LeftoverFilters = { removed: [], unreachable: [] };
  if (!existsSync(pinDirectory)) return found;
  for (const name of readdirSync(pinDirectory)) {
    const [, direction, ifindex] = /^clsact-(ingress|egress)-(\d+)$/.exec(name) ?? [];
    const path = join(pinDirectory, name);
    if (ifindex === undefined || used.has(path)) continue;
    const filter = new ClsactFilter({ ifindex: Number(ifindex), name: `#${ifindex}` }, direction as TcDirection, pinDirectory);
    const reached = inNamespace(namespaceOf(path) ?? netnsCookie(), () => filter.detach());
    found[reached === undefined ? "unreachable" : "removed"].push(name);
  }
  return found;
}

class ClsactFilter implements Attachment {
  readonly hook = "clsact";
  readonly what: string;
  readonly pinPath: string | undefined;
  adopted = false;
  readonly #device: Device;
  readonly #direction: TcDirection;
  /** This directory exists while there is a qdisc that weir made. */
  readonly #qdiscNote: string | undefined;
  #madeQdisc = false;
  #programId = 0;
  /** The program that the process before had in this filter, until `keep`. */
  #before: number | undefined;

  constructor(device: Device, direction: TcDirection, pinDirectory: string | undefined) {
    this.what = `clsact ${direction} on ${device.name}`;
    this.#device = device;
    this.#direction = direction;
    this.pinPath = pinDirectory === undefined ? undefined : join(pinDirectory, `clsact-${direction}-${device.ifindex}`);
    this.#qdiscNote = pinDirectory === undefined ? undefined : join(pinDirectory, `clsact-qdisc-${device.ifindex}`);
  }

  install(program: BpfProgram): void {
    const created = libbpf().tcHookCreate(this.#hook(POINTS[this.#direction]));
    if (created < 0 && errnoName(created) !== "EEXIST") throw new KernelError(`attach ${this.what}`, created);
    if (created >= 0) {
      this.#madeQdisc = true;
      note(this.#qdiscNote);
    }
    const before = this.#installedProgram();
    this.adopted = before !== 0;
    if (this.adopted) this.#before = programFd(before);
    note(this.pinPath, netnsCookie());
    this.update(program);
  }

  update({ fd }: Pick<BpfProgram, "fd">): void {
    const result = libbpf().tcAttach(this.#hook(POINTS[this.#direction]), filterOptions({ program: fd, flags: BPF_TC_F_REPLACE }));
    if (result < 0) {
      throw errnoName(result) === "EINVAL"
        ? new KernelError(`attach ${this.what}`, result, {
            reason: `a filter of another kind has priority ${PRIORITY} there; look at it with tc filter show dev ${this.#device.name} ${this.#direction}`,
          })
        : new KernelError(`attach ${this.what}`, result);
    }
    this.#programId = programInfo(fd).id;
  }

  undo(): void {
    if (!this.adopted) return this.detach();
    if (this.#before !== undefined) this.update({ fd: this.#before });
    this.keep();
  }

  keep(): void {
    if (this.#before !== undefined) closeSync(this.#before);
    this.#before = undefined;
  }

  attached(): boolean {
    return this.#programId !== 0 && this.#installedProgram() === this.#programId;
  }

  detach(): void {
    this.keep();
    const result = libbpf().tcDetach(this.#hook(POINTS[this.#direction]), filterOptions({}));
    const errno = result < 0 ? errnoName(result) : "";
    // If the filter, the qdisc or the device is gone, nothing is left to do.
    if (!["", "ENOENT", "EINVAL", "ENODEV"].includes(errno)) throw new KernelError(`detach ${this.what}`, errno);
    this.#programId = 0;
    forget(this.pinPath);
    const ownsQdisc = this.#madeQdisc || (this.#qdiscNote !== undefined && existsSync(this.#qdiscNote));
    if (!ownsQdisc || (errno !== "ENODEV" && countFilters(this.#device.ifindex) > 0)) return;
    libbpf().tcHookDestroy(this.#hook(POINTS.ingress | POINTS.egress));
    this.#madeQdisc = false;
    forget(this.#qdiscNote);
  }

  close(): void {
    this.keep();
  }

  /** Returns the id of weir's program in the filter; 0 when there is no such filter. */
  #installedProgram(): number {
    const options = filterOptions({});
    return libbpf().tcQuery(this.#hook(POINTS[this.#direction]), options) < 0 ? 0 : options.readUInt32LE(16);
  }

  /** Writes a struct bpf_tc_hook. */
  #hook(points: number): Buffer {
    const hook = Buffer.alloc(24);
    hook.writeBigUInt64LE(24n, 0);
    hook.writeInt32LE(this.#device.ifindex, 8);
    hook.writeInt32LE(points, 12);
    return hook;
  }
}

const NAMESPACE = "netns-";

/** Makes a directory as the note, because the BPF file system has no plain files. The directory inside it names the namespace. */
function note(path: string | undefined, namespace?: bigint): void {
  if (path === undefined) return;
  forget(path);
  mkdirSync(namespace === undefined ? path : join(path, `${NAMESPACE}${namespace}`), { recursive: true, mode: 0o700 });
}

function forget(path: string | undefined): void {
  if (path !== undefined) rmSync(path, { recursive: true, force: true });
}

function namespaceOf(path: string): bigint | undefined {
  const name = readdirSync(path).find((name) => name.startsWith(NAMESPACE));
  return name === undefined ? undefined : BigInt(name.slice(NAMESPACE.length));
}

/** Writes a struct bpf_tc_opts. libbpf wants program and flags unset if nothing is attached. */
function filterOptions(wanted: { program?: number; flags?: number }): Buffer {
  const options = Buffer.alloc(32);
  options.writeBigUInt64LE(32n, 0);
  options.writeInt32LE(wanted.program ?? 0, 8);
  options.writeUInt32LE(wanted.flags ?? 0, 12);
  options.writeUInt32LE(HANDLE, 20);
  options.writeUInt32LE(PRIORITY, 24);
  return options;
}
