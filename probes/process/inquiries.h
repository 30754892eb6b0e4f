/* SPDX-License-Identifier: GPL-2.0 */
/* Answers to user space about the kernel's clocks, and about the process that asks. */
#ifndef WEIR_INQUIRIES_H
#define WEIR_INQUIRIES_H

#include "process/owners.h"

/* The two clocks of flows and events, side by side, for user space to tell jiffies from seconds. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} clocks SEC(".maps");

static __always_inline void note_clocks(void)
{
	__u32 jiffies = 0, monotonic = 1;
	__u64 *slot = bpf_map_lookup_elem(&clocks, &jiffies);

	if (slot)
		*slot = bpf_jiffies64();
	slot = bpf_map_lookup_elem(&clocks, &monotonic);
	if (slot)
		*slot = bpf_ktime_get_ns();
}

/* The process that ran weir_describe_caller last: user space learns by it which process of these tables it is itself. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct owner);
} caller SEC(".maps");

/* A pid namespace would give the process another number. */
static __always_inline void note_caller(void)
{
	__u32 zero = 0;
	struct owner *slot = bpf_map_lookup_elem(&caller, &zero);

	if (slot)
		describe_process(slot, bpf_get_current_task_btf());
}

#endif
