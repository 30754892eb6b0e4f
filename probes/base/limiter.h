/* SPDX-License-Identifier: GPL-2.0 */
/* Limits events to so many a second. The count begins anew with each second. */
#ifndef WEIR_LIMITER_H
#define WEIR_LIMITER_H

#include "base/options.h"

/*
 * Claims one of the `limit` turns of this second; false if none is left. `limiter` has the second in its upper half,
 * and the number of turns that were claimed in that second in its lower half.
 */
static __always_inline bool claim_turn_in(__u64 second, __u64 *limiter, __u32 limit)
{
	__u64 seen = *(volatile __u64 *)limiter;

	if (seen >> 32 != (__u32)second) {
		if (__sync_val_compare_and_swap(limiter, seen, second << 32 | 1) == seen)
			return limit > 0;
		seen = *(volatile __u64 *)limiter;
	}
	return (__u32)seen < limit && (__u32)__sync_fetch_and_add(limiter, 1) < limit;
}

/* The same, with the second taken from jiffies, which cost a packet almost nothing to read. */
static __always_inline bool claim_turn(__u64 *limiter, __u32 limit)
{
	return claim_turn_in(bpf_jiffies64() / (jiffies_per_second ?: 1), limiter, limit);
}

#endif
