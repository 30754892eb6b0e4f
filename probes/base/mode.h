/* SPDX-License-Identifier: GPL-2.0 */
/* Detect or prevent. */
#ifndef WEIR_MODE_H
#define WEIR_MODE_H

#include "base/rule_set.h"

/*
 * Does what is blocked get dropped now? An agent that handed over, or lets go, named the moment from which on nothing is. It
 * needs nobody who is there at that moment.
 */
static __always_inline bool is_preventing(const struct control *root)
{
	__u64 release = *(volatile __u64 *)&root->release_jiffies;

	return *(volatile __u32 *)&root->mode == MODE_PREVENT && (!release || bpf_jiffies64() < release);
}

#endif
