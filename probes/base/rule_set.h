/* SPDX-License-Identifier: GPL-2.0 */
/* The rule set in force, as each packet finds it: the words of `control` name the copy of `policies` and `rules` that counts. */
#ifndef WEIR_RULE_SET_H
#define WEIR_RULE_SET_H

#include "base/kernel.h"

/* 0 -> the root of the tables, and the mode. Mapped by user space: a flip is one store. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
} control SEC(".maps");

/* copy (0, 1) -> what a rule set says beside its rules */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct policy);
} policies SEC(".maps");

/* copy * rule_slots + slot -> what the rule does; user space sizes it */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct rule);
} rules SEC(".maps");

#endif
