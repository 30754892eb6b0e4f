/* SPDX-License-Identifier: GPL-2.0 */
/* Maps of the kinds of processes (see wire/processes.h), and operations on sets of kinds. */
#ifndef WEIR_KIND_TABLES_H
#define WEIR_KIND_TABLES_H

#include "base/kernel.h"

#define KIND_WORDS (LIMIT_KINDS / 64)

/* place (0 or 1) -> an edition of the kinds */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct kind_edition);
} kind_editions SEC(".maps");

/* pid -> the kinds of the process; only while a rule asks for processes */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 131072);
	__type(key, __u32);
	__type(value, struct process_identity);
} identities SEC(".maps");

/* The same for processes that have ended, or run another program now, because a packet of theirs may come later. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct program_run);
	__type(value, struct process_identity);
} identities_gone SEC(".maps");

/* uid and place of the edition -> kinds whose user fits; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct kind_user);
	__type(value, struct kinds);
} kind_users SEC(".maps");

/* control group and place of the edition -> kinds whose workload fits; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct kind_group);
	__type(value, struct known_kinds);
} kind_groups SEC(".maps");

/* 0 -> the kinds of the process of a packet in a test run */
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

/* Starts with all kinds that do not ask for an aspect: they fit any process. */
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
