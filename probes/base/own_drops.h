/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drops by weir itself on TC. tc.bpf.c notes each of them, so that drops.bpf.c does not count it as a drop by others.
 */
#ifndef WEIR_OWN_DROPS_H
#define WEIR_OWN_DROPS_H

#include "base/kernel_net.h"

/* 0 -> 1 if a program of weir has just dropped a packet on this CPU */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} own_drop SEC(".maps");

/* Notes a drop, just before the kernel reports it to drops.bpf.c. */
static __always_inline void note_own_drop(void)
{
	__u32 zero = 0, *own = bpf_map_lookup_elem(&own_drop, &zero);

	if (own)
		*own = 1;
}

/* Is the drop that the kernel reports the one that note_own_drop noted? If it is, the note is removed. */
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
