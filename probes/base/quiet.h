/* SPDX-License-Identifier: GPL-2.0 */
/* Rings that user space reads at intervals. It is woken only when a ring becomes full. */
#ifndef WEIR_QUIET_H
#define WEIR_QUIET_H

#include "base/kernel.h"

/* Submits a record, and wakes user space only if more than half of the ring is used. */
static __always_inline void submit_quietly(void *ring, __u64 size, void *record)
{
	bool urgent = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > size / 2;

	bpf_ringbuf_submit(record, urgent ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

#endif
