/* SPDX-License-Identifier: GPL-2.0 */
/* So many a second: what comes after is held back until the next one begins. */
#ifndef WEIR_LIMITER_H
#define WEIR_LIMITER_H

#include "base/options.h"

/* `limiter` holds the second in its upper half and how many were let through in it in the lower one. */
static __always_inline bool within(__u64 second, __u64 *limiter, __u32 limit)
{
	__u64 seen = *(volatile __u64 *)limiter;

	if (seen >> 32 != (__u32)second) {
		if (__sync_val_compare_and_swap(limiter, seen, second << 32 | 1) == seen)
			return limit > 0;
		seen = *(volatile __u64 *)limiter;
	}
	return (__u32)seen < limit && (__u32)__sync_fetch_and_add(limiter, 1) < limit;
}

/* By the clock that costs a packet nothing to read. */
static __always_inline bool within_second(__u64 *limiter, __u32 limit)
{
	return within(bpf_jiffies64() / (jiffies_per_second ?: 1), limiter, limit);
}

#endif
