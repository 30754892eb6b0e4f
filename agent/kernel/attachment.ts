/**
 * A program where it works: at a device, a control group or a tracepoint. All but clsact filters are BPF links;
 * a pinned link goes on without this process, and the next one takes it over under the same name.
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
  /** What it is attached to, as `native XDP on eth0`. */
  readonly what: string;
  /** Where it is noted for the next process: a link's pin, or a filter's directory. Undefined when nothing is noted. */
  readonly pinPath: string | undefined;
  /** True when an earlier process had attached it. */
  readonly adopted: boolean;
  /** Puts another program in its place without a gap. */
  update(program: BpfProgram): void;
  /** Puts the program of an earlier process back without a gap, or ends the attachment if there was none. Impossible after `keep`. */
  undo(): void;
  /** Gives up the program of an earlier process: nothing will be undone. */
  keep(): void;
  /** False once the device is gone, or somebody else has detached it. */
  attached(): boolean;
  /** Ends it, and removes the pin. */
  detach(): void;
  /** Lets go of it; what is pinned goes on. */
  close(): void;
}

export const LinkType = { RAW_TRACEPOINT: 1, CGROUP: 3, XDP: 6, PERF_EVENT: 7, TCX: 11 } as const;

export interface LinkInfo {
  type: number;
  id: number;
  program: number;
  /** Of XDP and TCX links; 0 once the device is gone or the link was detached. */
  ifindex: number;
  /** Of cgroup links; 0n once the group is gone. */
  cgroup: bigint;
}

/** A loaded program, and where its section says that it belongs. */
export type Attachable = Pick<BpfProgram, "fd" | "section" | "attachType">;

/** How one kind of link is made. */
export interface LinkPlan {
  hook: Hook;
  what: string;
  type: number;
  /** The pin's file name, which says all that tells this link from others. */
  pinName: string;
  /** Whether the kernel can exchange the program of such a link. If not, a second link replaces the first. */
  updatable: boolean;
  /** Attaches; the answer is the link's descriptor. */
  create(program: Attachable): number;
  /** Whether a link found under the pin's name still is at the place that is meant. */
  alive(info: LinkInfo): boolean;
}

/** Attaches, or takes over what is pinned under the plan's name and gives it this program. */
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

/** A dead link under the name is removed: its device is gone, and nothing can bring it back. */
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
  /** The program of the process from which this link was taken over, until `keep`. */
  #before: number | undefined;
  #section = "";
  #attachType = 0;

  /** `before`: a descriptor of the program that a link had which is taken over. */
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
    // Ends it even where somebody else holds the link open. Tracing links know only the last descriptor's end.
    libbpf().linkDetach(this.#fd);
    if (this.pinPath !== undefined && existsSync(this.pinPath)) unlinkSync(this.pinPath);
    this.close();
  }

  close(): void {
    this.keep();
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** For a moment both programs run; the name changes hands in one step. */
  #replace(program: Attachable): void {
    const fd = this.#plan.create(program);
    try {
      if (this.#directory !== undefined) {
        const next = `${this.#plan.pinName}-next`;
        const path = join(this.#directory, next);
        if (existsSync(path)) unlinkSync(path); // left by a process that was killed right here
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

/** Opens a program of anybody's by its id, which a link tells. */
export function programFd(id: number): number {
  const fd = libbpf().programFdById(id);
  if (fd < 0) throw new KernelError(`open the program with the id ${id}`, fd);
  return fd;
}

/** bpf_link_create, with the error number negated when it fails. */
export function createLink(program: Attachable, target: number, attachType: number, flags: number): number {
  const options = Buffer.alloc(64);
  options.writeBigUInt64LE(BigInt(options.length), 0);
  options.writeUInt32LE(flags, 8);
  return libbpf().linkCreate(program.fd, target, attachType, flags === 0 ? null : options);
}

/** Names of the pinned links in a directory. */
export function pinnedLinks(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

/** Ends a pinned link by its name, whatever it is: for `detach`, and for what no configuration names any more. */
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
