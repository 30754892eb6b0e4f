/** Names the reasons for which the kernel drops packets. The names are the kernel's own, which differ between versions. */

import { readFileSync } from "node:fs";

import { findEnum } from "../../kernel/btf.ts";

const KERNEL_TYPES = "/sys/kernel/btf/vmlinux";
const PREFIX = "SKB_DROP_REASON_";

export class DropReasons {
  #names: ReadonlyMap<number, string> | undefined;

  /** Returns a name such as `no_socket`, or `reason 4711` if the kernel's own enum has no name for it. */
  name(reason: number): string {
    this.#names ??= readNames();
    return this.#names.get(reason) ?? `reason ${reason}`;
  }
}

function readNames(): Map<number, string> {
  const reasons = findEnum(readFileSync(KERNEL_TYPES), "skb_drop_reason") ?? [];
  return new Map([...reasons].map(([name, value]) => [Number(value), name.slice(PREFIX.length).toLowerCase()]));
}
