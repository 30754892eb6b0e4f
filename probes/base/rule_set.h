/* SPDX-License-Identifier: GPL-2.0 */
/* The rule set in force. `control` says which copy of `policies` and `rules` a packet meets. */
#ifndef WEIR_RULE_SET_H
#define WEIR_RULE_SET_H

#include "base/kernel.h"

/*
 * 0 -> the generation of the rule set in force, and the mode. User space maps it into its memory and changes it by
 * single stores.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
} control SEC(".maps");

/* copy (0 or 1) -> defaults, failsafes and limits of the rule set */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct policy);
} policies SEC(".maps");

/* copy * rule_slots + slot -> action and conditions of the rule; user space sizes it */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct rule);
} rules SEC(".maps");

#endif
