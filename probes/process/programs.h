/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports which program each process runs, because a process may have ended when user space asks for it. User space is
 * not woken for these records: it reads them when it needs a name, and before the ring is full.
 */
#ifndef WEIR_PROGRAMS_H
#define WEIR_PROGRAMS_H

#include "base/quiet.h"
#include "process/identify.h"
#include "process/seen_32bit.h"

#define PROGRAMS_SIZE (4 * 1024 * 1024) /* room for 5,000 programs, in case that the agent is busy for a second */

/* programs that were started; all records are struct program_started */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PROGRAMS_SIZE);
} programs SEC(".maps");

static __always_inline struct program_started *reserve_program(struct task_struct *task, struct task_struct *parent)
{
	struct program_started *program = bpf_ringbuf_reserve(&programs, sizeof(*program), 0);
	struct task_struct *leader = parent->group_leader;

	if (!program) {
		count_fault(FAULT_PROGRAM_TOLD);
		return NULL;
	}
	program->pid = task->tgid;
	program->started_ns = task->start_boottime;
	program->executions = task->self_exec_id;
	program->parent_pid = leader->tgid;
	program->parent_started_ns = leader->start_boottime;
	program->parent_executions = leader->self_exec_id;
	program->arguments_length = 0;
	program->forked = false;
	program->reserved = 0;
	program->path[0] = 0;
	return program;
}

/* Reports the program that the process has just started. */
static __always_inline void report_executed(struct task_struct *task, struct linux_binprm *binary)
{
	struct program_started *program;
	struct mm_struct *memory = task->mm;
	__u64 length;

	identify_started(task);
	note_32bit_program(task);
	program = reserve_program(task, task->real_parent);
	if (!program)
		return;
	bpf_probe_read_kernel_str(program->path, sizeof(program->path), binary->interp);
	length = memory->arg_end - memory->arg_start;
	if (length > sizeof(program->arguments))
		length = sizeof(program->arguments);
	if (!bpf_probe_read_user(program->arguments, length, (void *)memory->arg_start))
		program->arguments_length = length;
	submit_quietly(&programs, PROGRAMS_SIZE, program);
}

/* Reports a new process, which runs the program of its parent. A new thread is no new process. */
static __always_inline void report_forked(struct task_struct *parent, struct task_struct *child)
{
	struct program_started *program;

	if (child->pid != child->tgid)
		return;
	identify_made(parent, child);
	program = reserve_program(child, parent);
	if (!program)
		return;
	program->forked = true;
	submit_quietly(&programs, PROGRAMS_SIZE, program);
}

/* pass, as in program_texts.h -> memory for one record */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PASSES);
	__type(key, __u32);
	__type(value, struct program_started);
} older_program SEC(".maps");

/* Writes the arguments of a process that is older than the agent. */
static __always_inline int report_older_program(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 which = ctx->meta->session_id & (PASSES - 1);
	struct program_started *program = bpf_map_lookup_elem(&older_program, &which);
	__u64 length, start;

	if (!task || !program || !task->mm || task->pid != task->tgid)
		return 0;
	note_32bit_program(task);
	length = command_length(task->mm);
	if (length > sizeof(program->arguments))
		length = sizeof(program->arguments);
	start = BPF_CORE_READ(task, mm, arg_start);
	program->pid = task->tgid;
	program->started_ns = task->start_boottime;
	program->executions = task->self_exec_id;
	if (!length || !is_own_memory(task, start, length))
		return 0;
	if (bpf_copy_from_user_task(program->arguments, length, (void *)start, task, 0))
		return 0;
	if (program->pid != task->tgid || program->executions != (__u16)task->self_exec_id)
		return 0; /* user space has given up this pass, or the process runs another program now */
	program->arguments_length = length;
	bpf_seq_write(ctx->meta->seq, program, sizeof(*program));
	return 0;
}

#endif
