/** The parts of the kernel that drop packets. The prefix of a drop reason tells which part it is. */

/** The part that drops for reasons with this prefix. For all other reasons it is the stack. */
const BY = [
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
] as const;

export type Dropper = (typeof BY)[number][1] | "stack";

export const DROPPERS: readonly Dropper[] = [...new Set(BY.map(([, by]) => by)), "stack"];

export function whoDrops(reason: string): Dropper {
  return BY.find(([prefix]) => reason.startsWith(prefix))?.[1] ?? "stack";
}
