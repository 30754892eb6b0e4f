/* SPDX-License-Identifier: GPL-2.0 */
/* Records that user space looks for by itself, now and then: it is woken only before their ring is full. */
#ifndef WEIR_QUIET_H
#define WEIR_QUIET_H

#include "base/kernel.h"

static __always_inline void submit_quietly(void *ring, __u64 size, void *record)
{
	bool urgent = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > size / 2;

	bpf_ringbuf_submit(record, urgent ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

#endif
