/* SPDX-License-Identifier: GPL-2.0 */
/* The mode: detect or prevent. */
#ifndef WEIR_MODE_H
#define WEIR_MODE_H

#include "base/rule_set.h"

/*
 * Are blocked packets dropped now? When an agent stops, it sets `release_jiffies`, from which on nothing is dropped.
 * The kernel compares the clock itself, so that no agent has to run at that moment.
 */
static __always_inline bool is_preventing(const struct control *root)
{
	__u64 release = *(volatile __u64 *)&root->release_jiffies;

	return *(volatile __u32 *)&root->mode == MODE_PREVENT && (!release || bpf_jiffies64() < release);
}

#endif
