/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds out the kinds of each process. This happens when a process starts a program, or is forked, so that its first
 * packet finds the kinds. It does not wait for user space.
 */
#ifndef WEIR_IDENTIFY_H
#define WEIR_IDENTIFY_H

#include "process/patterns.h"

#define EXITING 0x4	   /* PF_EXITING */
#define OF_KERNEL 0x200000 /* PF_KTHREAD */
#define MOST_ANCESTORS 64

static long ancestor_step(__u32 step, struct identifying_context *context)
{
	struct identifying *at = context->at;
	struct task_struct *task = (struct task_struct *)at->ancestor;
	struct task_struct *leader = BPF_CORE_READ(task, real_parent, group_leader);
	__u32 pid = BPF_CORE_READ(leader, tgid), place = at->place & 1;
	const struct process_identity *parent;

	at->ancestor = (__u64)leader;
	if (!pid) {
		at->fit = FITS;
		return 1;
	}
	if (BPF_CORE_READ(leader, flags) & OF_KERNEL)
		return 0; /* a kernel thread runs no executable */
	parent = bpf_map_lookup_elem(&identities, &pid);
	if (!parent || parent->started_ns != BPF_CORE_READ(leader, start_boottime) ||
	    parent->by[place].edition != at->identity.by[place].edition)
		return 1;
	add_kinds(&at->identity.by[place].above, &parent->by[place].as_parent);
	return 0;
}

/* Adds up the kinds of the ancestors. If an ancestor is unknown, every kind is possible. */
static __always_inline void fill_above(struct identifying_context *context, struct known_kinds *above)
{
	struct identifying *at = context->at;

	at->ancestor = at->task;
	at->fit = NOT_YET;
	bpf_loop(MOST_ANCESTORS, ancestor_step, context, 0);
	if (at->fit != FITS)
		set_all(&above->possible, ~0ULL);
}

/*
 * Fills in the kinds of one edition for the process whose texts were read. Not static: see judge_inner in
 * decide/decide.h.
 */
__noinline int identify_by(__u32 which, __u32 place)
{
	struct identifying_context context = { .at = bpf_map_lookup_elem(&identifying, &which) };
	struct kind_edition *edition = bpf_map_lookup_elem(&kind_editions, &place);
	struct identifying *at = context.at;
	struct process_identity *before;
	struct process_kinds *found;

	if (!at || !edition)
		return 0;
	found = &at->identity.by[place & 1];
	found->edition = edition->number;
	if (!edition->number)
		return 0;
	at->place = place & 1;
	compare_all(&context, edition, found);
	start_with_others(&found->above, &edition->asked[ASPECT_PARENT]);
	if (!asks_for_any(&edition->asked[ASPECT_PARENT]))
		return 0;
	before = bpf_map_lookup_elem(&identities, &at->gone.pid);
	if (which == BY_HOOKS && before && before->started_ns == at->identity.started_ns &&
	    before->by[place & 1].edition == edition->number)
		found->above = before->by[place & 1].above; /* its parent may have ended since */
	else
		fill_above(&context, &found->above);
	return 0;
}

/* Does a rule ask for processes? */
static __always_inline bool is_identifying(void)
{
	__u32 first = 0, second = 1;
	struct kind_edition *one = bpf_map_lookup_elem(&kind_editions, &first);
	struct kind_edition *other = bpf_map_lookup_elem(&kind_editions, &second);

	return (one && one->number) || (other && other->number);
}

/* Keeps the kinds of the program that the process has run until now, for packets that it has sent. */
static __always_inline void set_aside(struct identifying *at, const struct process_identity *identity, __u32 pid)
{
	at->gone.started_ns = identity->started_ns;
	at->gone.executions = identity->executions;
	at->gone.pid = pid;
	bpf_map_update_elem(&identities_gone, &at->gone, identity, BPF_ANY);
}

/* Begins the identity of a process. */
static __always_inline void start_identity(struct identifying *at, struct task_struct *leader)
{
	at->task = (__u64)leader;
	at->gone.pid = BPF_CORE_READ(leader, tgid);
	at->identity.started_ns = BPF_CORE_READ(leader, start_boottime);
	at->identity.executions = (__u16)BPF_CORE_READ(leader, self_exec_id);
}

static __always_inline void store_identity(struct identifying *at)
{
	if (bpf_map_update_elem(&identities, &at->gone.pid, &at->identity, BPF_ANY))
		count_fault(FAULT_IDENTITY_INSERT);
}

/* Identifies the running process, which has just started a program, or forks. */
static __always_inline struct process_identity *identify_running(struct task_struct *task)
{
	__u32 which = BY_HOOKS, pid = task->tgid;
	struct identifying *at = bpf_map_lookup_elem(&identifying, &which);
	struct identifying_context context = { .at = at };
	struct process_identity *before;

	if (!at || !task->mm)
		return NULL;
	start_identity(at, task->group_leader);
	read_path(&context, task->mm);
	read_command(at, task->mm);
	identify_by(BY_HOOKS, 0);
	identify_by(BY_HOOKS, 1);
	before = bpf_map_lookup_elem(&identities, &pid);
	if (before)
		set_aside(at, before, pid);
	store_identity(at);
	return bpf_map_lookup_elem(&identities, &pid);
}

static __always_inline void identify_started(struct task_struct *task)
{
	if (is_identifying())
		identify_running(task);
}

/* Is the identity of the program that the process runs now, and of the editions in use? */
static __always_inline bool is_current(const struct process_identity *identity, struct task_struct *leader)
{
	__u32 first = 0, second = 1;
	struct kind_edition *one = bpf_map_lookup_elem(&kind_editions, &first);
	struct kind_edition *other = bpf_map_lookup_elem(&kind_editions, &second);

	return one && other && identity->by[0].edition == one->number && identity->by[1].edition == other->number &&
	       identity->started_ns == leader->start_boottime && identity->executions == (__u16)leader->self_exec_id;
}

/* Identifies a new process: it runs the same program as its parent, and has the parent as an ancestor. */
static __always_inline void identify_made(struct task_struct *parent, struct task_struct *child)
{
	__u32 which = BY_HOOKS, pid = parent->tgid, child_pid = child->tgid;
	struct process_identity *from;
	struct identifying *at;

	if (!is_identifying())
		return;
	from = bpf_map_lookup_elem(&identities, &pid);
	if (!from || !is_current(from, parent->group_leader))
		from = identify_running(parent);
	at = bpf_map_lookup_elem(&identifying, &which);
	if (!from || !at)
		return;
	at->identity = *from;
	at->identity.started_ns = child->start_boottime;
	at->identity.executions = (__u16)child->self_exec_id;
	add_kinds(&at->identity.by[0].above, &from->by[0].as_parent);
	add_kinds(&at->identity.by[1].above, &from->by[1].as_parent);
	at->gone.pid = child_pid;
	store_identity(at);
}

/* Forgets a process when its last thread ends. */
static __always_inline void forget_ended(struct task_struct *task)
{
	__u32 which = BY_HOOKS, pid = task->tgid;
	struct process_identity *identity;
	struct identifying *at;

	if (!is_identifying() || BPF_CORE_READ(task, signal, live.counter))
		return;
	identity = bpf_map_lookup_elem(&identities, &pid);
	at = bpf_map_lookup_elem(&identifying, &which);
	if (!identity || !at)
		return;
	set_aside(at, identity, pid);
	bpf_map_delete_elem(&identities, &pid);
}

static __always_inline bool asks_for_commands(void)
{
	__u32 first = 0, second = 1;
	struct kind_edition *one = bpf_map_lookup_elem(&kind_editions, &first);
	struct kind_edition *other = bpf_map_lookup_elem(&kind_editions, &second);

	return (one && asks_for_any(&one->asked[ASPECT_COMMAND])) ||
	       (other && asks_for_any(&other->asked[ASPECT_COMMAND]));
}

/*
 * Copies the command of a process that is not the running one. The process chooses where its command is in memory, and
 * can change that at any time. So the reader may have to wait in spite of all checks; user space then no longer waits
 * for this pass.
 */
static __always_inline void copy_command(struct identifying *at, struct task_struct *task)
{
	__u64 length = command_length(task->mm), kept = length > LIMIT_COMMAND ? LIMIT_COMMAND : length, start;

	if (!asks_for_commands()) {
		end_command(at, 0, true);
		return;
	}
	start = BPF_CORE_READ(task, mm, arg_start);
	if (!is_own_memory(task, start, kept) ||
	    bpf_copy_from_user_task(at->text + COMMAND_AT, kept, (void *)start, task, 0)) {
		count_fault(FAULT_COMMAND_UNREAD);
		kept = 0;
		length = LIMIT_COMMAND + 1;
	}
	end_command(at, kept, length > LIMIT_COMMAND);
}

#define TRIES 3

/*
 * Identifies a process that is older than the rules. It may start another program meanwhile, or end. If its first
 * thread has ended, this runs for each of the other threads.
 */
static __always_inline int identify_older(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 which = BY_ITERATOR + (ctx->meta->session_id & (PASSES - 1));
	struct identifying *at = bpf_map_lookup_elem(&identifying, &which);
	struct identifying_context context = { .at = at };

	if (!task || !at || !task->mm || (task->pid != task->tgid && task->group_leader->mm))
		return 0;
#pragma clang loop unroll(full)
	for (int try = 0; try < TRIES; try++) {
		start_identity(at, task->group_leader);
		read_path(&context, task->mm);
		copy_command(at, task);
		if (at->task != (__u64)task->group_leader)
			return 0; /* user space has given up this pass, and another pass uses the memory */
		identify_by(which, 0);
		identify_by(which, 1);
		store_identity(at);
		if (at->identity.executions == (__u16)BPF_CORE_READ(task, self_exec_id))
			break;
	}
	if (BPF_CORE_READ(task, flags) & EXITING && !BPF_CORE_READ(task, signal, live.counter))
		bpf_map_delete_elem(&identities, &at->gone.pid);
	return 0;
}

#endif
