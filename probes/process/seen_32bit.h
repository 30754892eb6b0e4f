/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes whether a process makes 32-bit system calls on this 64-bit host. The tracepoints of single system calls do not
 * see them. The program that sees them runs at the end of every call of the host, so that user space attaches it only
 * when there are such calls.
 */
#ifndef WEIR_SEEN_32BIT_H
#define WEIR_SEEN_32BIT_H

#include "process/sender.h"

/* 0 -> 1 once a 32-bit program or call was seen */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} seen_32bit SEC(".maps");

static __always_inline void note_32bit(bool is_32bit)
{
	__u32 zero = 0, *seen;

	if (!is_32bit)
		return;
	seen = bpf_map_lookup_elem(&seen_32bit, &zero);
	if (seen && !*seen)
		*seen = 1;
}

/* Notes whether the program that the process runs is a 32-bit one. */
static __always_inline void note_32bit_program(struct task_struct *task)
{
	__u32 flag = bpf_core_field_exists(task->thread_info.status) ? X86_FLAG_32BIT : ARM64_FLAG_32BIT;

	note_32bit(BPF_CORE_READ(task, thread_info.flags) >> flag & 1);
}

/* Notes whether the running process is in a 32-bit call. A 64-bit program on x86 can make such a call, too. */
static __always_inline void note_32bit_call(void)
{
	note_32bit(!is_native_call());
}

#endif
