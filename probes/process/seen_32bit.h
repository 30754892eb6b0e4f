/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether anybody makes 32-bit system calls on this 64-bit host. The tracepoints of single system calls do not see them. A program that
 * sees them runs at the end of every call of the host: user space attaches it once this says so.
 */
#ifndef WEIR_SEEN_32BIT_H
#define WEIR_SEEN_32BIT_H

#include "process/sender.h"

/* 0 -> 1 once such a program or call was seen */
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

/* The process runs this program, or has just started it. */
static __always_inline void note_32bit_program(struct task_struct *task)
{
	__u32 flag = bpf_core_field_exists(task->thread_info.status) ? X86_FLAG_32BIT : ARM64_FLAG_32BIT;

	note_32bit(BPF_CORE_READ(task, thread_info.flags) >> flag & 1);
}

/* The running process does something with a socket. A 64-bit program on x86 may do that by a 32-bit call, too. */
static __always_inline void note_32bit_call(void)
{
	note_32bit(!is_native_call());
}

#endif
