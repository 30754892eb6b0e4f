/* SPDX-License-Identifier: GPL-2.0 */
/* Drops of weir's own on TC. tc.bpf.c leaves word of them, so that drops.bpf.c does not count them as drops by others. */
#ifndef WEIR_OWN_DROPS_H
#define WEIR_OWN_DROPS_H

#include "base/kernel_net.h"

/* 0 -> a program of weir's has just answered that the packet be dropped */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} own_drop SEC(".maps");

/* The kernel is about to tell drops.bpf.c of it. */
static __always_inline void note_own_drop(void)
{
	__u32 zero = 0, *own = bpf_map_lookup_elem(&own_drop, &zero);

	if (own)
		*own = 1;
}

/* Takes note_own_drop's word (tc.bpf.c) for the packet at hand; false if another program drops it. */
static __always_inline bool claim_own_drop(__u32 reason)
{
	__u32 zero = 0, *own;

	if (reason != bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_TC_INGRESS) &&
	    reason != bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_TC_EGRESS))
		return false;
	own = bpf_map_lookup_elem(&own_drop, &zero);
	if (!own || !*own)
		return false;
	*own = 0;
	return true;
}

#endif
