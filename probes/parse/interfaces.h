/* SPDX-License-Identifier: GPL-2.0 */
/* The interfaces that weir watches, and which numbers and groups they have in the rules. */
#ifndef WEIR_INTERFACES_H
#define WEIR_INTERFACES_H

#include "base/kernel.h"

/* ifindex modulo LIMIT_INTERFACE_PLACES, or the place in `interfaces_apart` -> the interface; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LIMIT_INTERFACE_PLACES + LIMIT_INTERFACES_APART);
	__type(key, __u32);
	__type(value, struct interface_entry);
} interfaces SEC(".maps");

/*
 * ifindex of an interface whose first place is taken by another interface -> its place in `interfaces`; user space
 * fills it
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LIMIT_INTERFACES_APART);
	__type(key, __u32);
	__type(value, __u32);
} interfaces_apart SEC(".maps");

static __noinline struct interface_entry *find_interface_apart(__u32 ifindex)
{
	__u32 *place = bpf_map_lookup_elem(&interfaces_apart, &ifindex);
	struct interface_entry *entry = place ? bpf_map_lookup_elem(&interfaces, place) : NULL;

	return entry && entry->ifindex == ifindex ? entry : NULL;
}

/*
 * Returns NULL if weir does not know the interface. Two interfaces may share a first place: `interfaces_apart` has the
 * place of the later one.
 */
static __always_inline struct interface_entry *find_interface(__u32 ifindex)
{
	__u32 place = ifindex & (LIMIT_INTERFACE_PLACES - 1);
	struct interface_entry *entry = bpf_map_lookup_elem(&interfaces, &place);

	return entry && entry->ifindex == ifindex ? entry : find_interface_apart(ifindex);
}

#endif
