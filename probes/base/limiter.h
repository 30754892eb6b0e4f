/* SPDX-License-Identifier: GPL-2.0 */
/* So many a second: what comes after is held back until the next one begins. */
#ifndef WEIR_LIMITER_H
#define WEIR_LIMITER_H

#include "base/options.h"

/*
 * Claims one of the `limit` turns of this second; false if none is left. `limiter` holds the second in its upper half, and how
 * many were claimed in it in the lower one.
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

/* The same by the clock that costs a packet nothing to read. */
static __always_inline bool claim_turn(__u64 *limiter, __u32 limit)
{
	return claim_turn_in(bpf_jiffies64() / (jiffies_per_second ?: 1), limiter, limit);
}

#endif
