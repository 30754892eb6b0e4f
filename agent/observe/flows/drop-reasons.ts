/** Why the kernel drops a packet, in words: its own, which differ from version to version. */

import { readFileSync } from "node:fs";

import { findEnum } from "../../kernel/btf.ts";

const KERNEL_TYPES = "/sys/kernel/btf/vmlinux";
const PREFIX = "SKB_DROP_REASON_";

/** Who drops for reasons that begin so; for all others it is the stack. */
const BY: readonly (readonly [prefix: string, by: string])[] = [
  ["netfilter", "netfilter"],
  ["tc_", "tc"],
  ["xdp", "xdp"],
  ["qdisc_", "queue"],
  ["fq_", "queue"],
  ["cake_", "queue"],
  ["dualpi2_", "queue"],
  ["cpu_backlog", "queue"],
  ["bpf_cgroup", "bpf"],
  ["socket_filter", "bpf"],
  ["security_hook", "security"],
];

export class DropReasons {
  #names: ReadonlyMap<number, string> | undefined;

  /** As `no_socket`; `reason 4711` of what the kernel's own enum does not name. */
  name(reason: number): string {
    this.#names ??= readNames();
    return this.#names.get(reason) ?? `reason ${reason}`;
  }
}

export function whoDrops(reason: string): string {
  return BY.find(([prefix]) => reason.startsWith(prefix))?.[1] ?? "stack";
}

function readNames(): Map<number, string> {
  const reasons = findEnum(readFileSync(KERNEL_TYPES), "skb_drop_reason") ?? [];
  return new Map([...reasons].map(([name, value]) => [Number(value), name.slice(PREFIX.length).toLowerCase()]));
}
