/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel knows of kinds of processes (see wire/processes.h), and how sets of kinds are reckoned with. */
#ifndef WEIR_KIND_TABLES_H
#define WEIR_KIND_TABLES_H

#include "base/kernel.h"

#define KIND_WORDS (LIMIT_KINDS / 64)

/* place -> an edition of what rules say of processes */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct kind_edition);
} kind_editions SEC(".maps");

/* process -> of which kinds it is. Only while rules tell any apart */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, __u32);
	__type(value, struct process_identity);
} identities SEC(".maps");

/* The same of those that have ended, or run another program now: a packet of theirs may still be on its way. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct program_run);
	__type(value, struct process_identity);
} identities_gone SEC(".maps");

/* user -> kinds that it fits */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct kind_user);
	__type(value, struct kinds);
} kind_users SEC(".maps");

/* control group -> kinds that it fits */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct kind_group);
	__type(value, struct known_kinds);
} kind_groups SEC(".maps");

/* 0 -> the kinds that a test run takes the packet's process to be of */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct known_kinds);
} supposed_kinds SEC(".maps");

static __always_inline bool has_kind(const struct kinds *kinds, __u16 kind)
{
	return kinds->words[(kind >> 6) & (KIND_WORDS - 1)] >> (kind & 63) & 1;
}

static __always_inline void add_kind(struct kinds *kinds, __u16 kind)
{
	kinds->words[(kind >> 6) & (KIND_WORDS - 1)] |= 1ULL << (kind & 63);
}

static __always_inline void set_all(struct kinds *kinds, __u64 bits)
{
#pragma clang loop unroll(full)
	for (int word = 0; word < KIND_WORDS; word++)
		kinds->words[word] = bits;
}

/* Kinds that do not ask are content with anything. */
static __always_inline void start_with_others(struct known_kinds *kinds, const struct kinds *asked)
{
#pragma clang loop unroll(full)
	for (int word = 0; word < KIND_WORDS; word++)
		kinds->certain.words[word] = kinds->possible.words[word] = ~asked->words[word];
}

static __always_inline void add_kinds(struct known_kinds *to, const struct known_kinds *more)
{
#pragma clang loop unroll(full)
	for (int word = 0; word < KIND_WORDS; word++) {
		to->certain.words[word] |= more->certain.words[word];
		to->possible.words[word] |= more->possible.words[word];
	}
}

static __always_inline void keep_common(struct known_kinds *kinds, const struct known_kinds *others)
{
#pragma clang loop unroll(full)
	for (int word = 0; word < KIND_WORDS; word++) {
		kinds->certain.words[word] &= others->certain.words[word];
		kinds->possible.words[word] &= others->possible.words[word];
	}
}

static __always_inline bool asks_for_any(const struct kinds *asked)
{
	__u64 any = 0;

#pragma clang loop unroll(full)
	for (int word = 0; word < KIND_WORDS; word++)
		any |= asked->words[word];
	return any;
}

#endif
