/* SPDX-License-Identifier: GPL-2.0 */
/* Tells user space the clocks of the kernel, and which process it is itself. */
#ifndef WEIR_INQUIRIES_H
#define WEIR_INQUIRIES_H

#include "process/owners.h"

/* 0 -> jiffies, 1 -> CLOCK_MONOTONIC in ns, read one after the other, so that user space can convert jiffies */
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

/* 0 -> the process that has run weir_describe_caller last, as it is in `owners` */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct owner);
} caller SEC(".maps");

/* Notes the running process. In a pid namespace it has another number than here. */
static __always_inline void note_caller(void)
{
	__u32 zero = 0;
	struct owner *slot = bpf_map_lookup_elem(&caller, &zero);

	if (slot)
		describe_process(slot, bpf_get_current_task_btf());
}

#endif
