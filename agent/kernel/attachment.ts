/**
 * A program that is attached to a device, a control group or a tracepoint. All attachments except clsact filters are BPF links. A
 * pinned link outlives this process, and the next process takes it over under the same name.
 */

import { closeSync, existsSync, readdirSync, renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";

import { errnoName, KernelError } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import { u32 } from "./maps.ts";
import { pin } from "./objects.ts";
import type { BpfProgram } from "./program.ts";

export type Hook = "xdp" | "tcx" | "clsact" | "cgroup" | "tp_btf" | "tracepoint";

export interface Attachment {
  readonly hook: Hook;
  /** The place of the attachment, such as `native XDP on eth0`. */
  readonly what: string;
  /**
   * The path where the attachment is noted for the next process: a link's pin, or a filter's directory. Undefined when nothing is
   * noted.
   */
  readonly pinPath: string | undefined;
  /** True if an earlier process had attached the program. */
  readonly adopted: boolean;
  /** Replaces the program by another one without a gap. */
  update(program: BpfProgram): void;
  /** Puts the program of an earlier process back without a gap, or detaches if there was none. It cannot be called after `keep`. */
  undo(): void;
  /** Releases the program of an earlier process. `undo` is impossible afterwards. */
  keep(): void;
  /** Returns false once the device is gone, or somebody else has detached the program. */
  attached(): boolean;
  /** Detaches the program and removes the pin. */
  detach(): void;
  /** Closes the descriptors. A pinned attachment goes on. */
  close(): void;
}

export const LinkType = { RAW_TRACEPOINT: 1, CGROUP: 3, XDP: 6, PERF_EVENT: 7, TCX: 11 } as const;

export interface LinkInfo {
  type: number;
  id: number;
  program: number;
  /** The device of an XDP or TCX link; 0 once the device is gone or the link was detached. */
  ifindex: number;
  /** The control group of a cgroup link; 0n once the group is gone. */
  cgroup: bigint;
}

/** A loaded program with its section, which says where it is attached. */
export type Attachable = Pick<BpfProgram, "fd" | "section" | "attachType">;

/** Describes how one kind of link is made. */
export interface LinkPlan {
  hook: Hook;
  what: string;
  type: number;
  /** The file name of the pin. It tells this link from all others. */
  pinName: string;
  /** Whether the kernel can replace the program of such a link. If not, a second link replaces the first. */
  updatable: boolean;
  /** Attaches the program and returns the descriptor of the link. */
  create(program: Attachable): number;
  /** Returns whether a link that was found under the pin's name is still attached to the intended place. */
  alive(info: LinkInfo): boolean;
}

/** Attaches the program. If a link is pinned under the plan's name, the program is put into that link instead. */
export function attachLink(plan: LinkPlan, program: BpfProgram, directory: string | undefined): Attachment {
  const found = directory === undefined ? undefined : openPin(join(directory, plan.pinName), plan);
  if (found !== undefined) {
    const link = new LinkAttachment(plan, found.fd, directory, found.program);
    try {
      link.update(program);
      return link;
    } catch (error) {
      link.close();
      throw error;
    }
  }
  const fd = plan.create(program);
  try {
    if (directory !== undefined) pin(fd, directory, plan.pinName);
    return new LinkAttachment(plan, fd, directory, undefined);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Opens the pinned link. A dead link is removed: its device is gone, and nothing can bring it back. */
function openPin(path: string, plan: LinkPlan): { fd: number; program: number } | undefined {
  const fd = libbpf().get(path);
  if (fd < 0) {
    if (errnoName(fd) === "ENOENT") return undefined;
    throw new KernelError(`take over ${path}`, fd);
  }
  try {
    const info = linkInfo(fd);
    if (info.type === plan.type && plan.alive(info)) return { fd, program: programFd(info.program) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  unlinkSync(path);
  return undefined;
}

class LinkAttachment implements Attachment {
  readonly adopted: boolean;
  readonly #plan: LinkPlan;
  readonly #directory: string | undefined;
  #fd: number;
  /** The program that the process before had in this link, until `keep`. */
  #before: number | undefined;
  #section = "";
  #attachType = 0;

  /** `before` is a descriptor of the program that an adopted link had. */
  constructor(plan: LinkPlan, fd: number, directory: string | undefined, before: number | undefined) {
    this.#plan = plan;
    this.#fd = fd;
    this.#directory = directory;
    this.#before = before;
    this.adopted = before !== undefined;
  }

  get hook(): Hook {
    return this.#plan.hook;
  }

  get what(): string {
    return this.#plan.what;
  }

  get pinPath(): string | undefined {
    return this.#directory === undefined ? undefined : join(this.#directory, this.#plan.pinName);
  }

  update(program: BpfProgram): void {
    ({ section: this.#section, attachType: this.#attachType } = program);
    this.#update(program);
  }

  undo(): void {
    if (!this.adopted) return this.detach();
    if (this.#before !== undefined) this.#update({ fd: this.#before, section: this.#section, attachType: this.#attachType });
    this.close();
  }

  keep(): void {
    if (this.#before !== undefined) closeSync(this.#before);
    this.#before = undefined;
  }

  #update(program: Attachable): void {
    if (!this.#plan.updatable) return this.#replace(program);
    const result = libbpf().linkUpdate(this.#fd, program.fd, null);
    if (result < 0) throw new KernelError(`exchange the program of ${this.what}`, result);
  }

  attached(): boolean {
    const info = linkInfo(this.#fd);
    return this.#plan.alive(info) && (this.pinPath === undefined || existsSync(this.pinPath));
  }

  detach(): void {
    // The link is detached even if somebody else holds it open. The kernel cannot detach a tracing link: it ends with its last
    // descriptor.
    libbpf().linkDetach(this.#fd);
    if (this.pinPath !== undefined && existsSync(this.pinPath)) unlinkSync(this.pinPath);
    this.close();
  }

  close(): void {
    this.keep();
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Attaches a second link and gives it the pin's name in one step. For a moment both programs run. */
  #replace(program: Attachable): void {
    const fd = this.#plan.create(program);
    try {
      if (this.#directory !== undefined) {
        const next = `${this.#plan.pinName}-next`;
        const path = join(this.#directory, next);
        if (existsSync(path)) unlinkSync(path); // a process that was killed right here left this pin behind
        pin(fd, this.#directory, next);
        renameSync(path, this.pinPath!);
      }
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(this.#fd);
    this.#fd = fd;
  }
}

export function linkInfo(fd: number): LinkInfo {
  const info = Buffer.alloc(48);
  const result = libbpf().info(fd, info, u32(info.length));
  if (result < 0) throw new KernelError("ask the kernel about a link", result);
  const type = info.readUInt32LE(0);
  return {
    type,
    id: info.readUInt32LE(4),
    program: info.readUInt32LE(8),
    ifindex: type === LinkType.XDP || type === LinkType.TCX ? info.readUInt32LE(16) : 0,
    cgroup: type === LinkType.CGROUP ? info.readBigUInt64LE(16) : 0n,
  };
}

/** Opens any program by its id, which a link reports. */
export function programFd(id: number): number {
  const fd = libbpf().programFdById(id);
  if (fd < 0) throw new KernelError(`open the program with the id ${id}`, fd);
  return fd;
}

/** Calls bpf_link_create. Returns the negated error number if it fails. */
export function createLink(program: Attachable, target: number, attachType: number, flags: number): number {
  const options = Buffer.alloc(64);
  options.writeBigUInt64LE(BigInt(options.length), 0);
  options.writeUInt32LE(flags, 8);
  return libbpf().linkCreate(program.fd, target, attachType, flags === 0 ? null : options);
}

/** Returns the names of the pinned links in a directory. */
export function pinnedLinks(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

/** Detaches a pinned link of any kind by its name. It serves `weir detach`, and links that no configuration names any more. */
export function detachPinned(directory: string, name: string): void {
  const path = join(directory, name);
  const fd = libbpf().get(path);
  if (fd < 0) {
    if (errnoName(fd) === "ENOENT") return;
    throw new KernelError(`detach ${path}`, fd);
  }
  libbpf().linkDetach(fd);
  unlinkSync(path);
  closeSync(fd);
}
