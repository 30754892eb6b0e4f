/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of the places in weir's kernel programs that can fail. They are atomic, because packets interrupt the system
 * calls of the same CPU.
 */
#ifndef WEIR_FAULTS_H
#define WEIR_FAULTS_H

#include "base/kernel.h"

/* enum weir_fault -> how often that place failed */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FAULT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} faults SEC(".maps");

static __always_inline void count_fault(__u32 place)
{
	__u64 *count = bpf_map_lookup_elem(&faults, &place);

	if (count)
		__sync_fetch_and_add(count, 1);
}

#endif
