/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Of which kinds a process is, by what it runs. It is found out when the process starts a program, or is made by another
 * one, so that its first packet finds it; nobody in user space is waited for. What cannot be found out is possible, and
 * not certain.
 */
#ifndef WEIR_IDENTIFY_H
#define WEIR_IDENTIFY_H

#include "counters.h"

#define KIND_WORDS (LIMIT_KINDS / 64)
#define PLACES 2
#define EXITING 0x4		/* PF_EXITING */

/* What is compared lies behind each other: the path, whose end is at LIMIT_PATH, room for its longest part, the command. */
#define TEXT_ROOM 1024
#define COMMAND_AT 512

/* Longer than any comparison that is not made to be long. */
#define PATTERN_STEPS 4096
#define MOST_PATH_PARTS 64
#define MOST_ANCESTORS 64

struct identifying {
	char text[TEXT_ROOM];
	__u32 path_at;
	__u32 path_is_cut;
	__u32 command_end;
	__u32 command_is_cut;
	__u64 dentry;
	__u64 mount;

	__u32 place;			/* of the edition */
	struct known_kinds fits[ASPECT_USER];	/* by executable, command, and as a parent */
	__u64 task;
	__u64 ancestor;

	/* The comparison at hand. */
	__u32 text_at;
	__u32 text_end;
	__u32 pattern_at;
	__u32 star_at;			/* behind the last star of the pattern; 0: none so far */
	__u32 star_text_at;		/* where what it stands for may end next */
	__u32 answer;

	struct process_identity identity;
	struct program_run gone;
};

enum { NOT_YET, FITS, DOES_NOT_FIT };

/* One for the hooks; and one for whoever goes through all processes, which hooks interrupt. */
enum { BY_HOOKS, BY_ITERATOR };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct identifying);
} identifying SEC(".maps");

/* place * LIMIT_PATTERNS + pattern */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PLACES * LIMIT_PATTERNS);
	__type(key, __u32);
	__type(value, struct process_pattern);
} process_patterns SEC(".maps");

struct identifying_context {
	struct identifying *at;
	const struct process_pattern *pattern;
};

static long path_step(__u32 step, struct identifying_context *context)
{
	struct identifying *at = context->at;
	struct dentry *dentry = (struct dentry *)at->dentry, *parent;
	struct mount *mount = (struct mount *)at->mount;
	__u32 length, end = at->path_at;

	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *below = BPF_CORE_READ(mount, mnt_parent);

		if (below == mount)
			return 1;
		at->dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
		at->mount = (__u64)below;
		return 0;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	length = BPF_CORE_READ(dentry, d_name.len);
	if (length + 1 > end) {
		at->path_is_cut = 1;
		return 1;
	}
	end -= length;
	bpf_probe_read_kernel(at->text + (end & (LIMIT_PATH - 1)), length & (LIMIT_PATH - 1),
			      BPF_CORE_READ(dentry, d_name.name));
	end--;
	at->text[end & (LIMIT_PATH - 1)] = '/';
	at->path_at = end;
	at->dentry = (__u64)parent;
	return parent == dentry;	/* a file that has no place among others, as one in memory */
}

/* The path of what a process runs, from the root of its mounts. */
static __always_inline void read_path(struct identifying_context *context, struct mm_struct *memory)
{
	struct identifying *at = context->at;
	struct vfsmount *mount = BPF_CORE_READ(memory, exe_file, f_path.mnt);

	at->path_at = LIMIT_PATH;
	at->path_is_cut = 0;
	at->dentry = (__u64)BPF_CORE_READ(memory, exe_file, f_path.dentry);
	at->mount = (__u64)mount - bpf_core_field_offset(struct mount, mnt);
	if (!mount || bpf_loop(MOST_PATH_PARTS, path_step, context, 0) >= MOST_PATH_PARTS)
		at->path_is_cut = 1;
}

/* Sets how long the command is that lies in the text. The NULs between its words, and behind them, are as they were. */
static __always_inline void end_command(struct identifying *at, __u64 length, bool is_cut)
{
	at->command_end = COMMAND_AT + (length && !is_cut ? length - 1 : length);
	at->command_is_cut = is_cut;
}

static __always_inline __u64 command_length(struct mm_struct *memory)
{
	__u64 start = BPF_CORE_READ(memory, arg_start), end = BPF_CORE_READ(memory, arg_end);

	return end > start ? end - start : 0;
}

/* Of the running process. */
static __always_inline void read_command(struct identifying *at, struct mm_struct *memory)
{
	__u64 length = command_length(memory), kept = length > LIMIT_COMMAND ? LIMIT_COMMAND : length;
	void *start = (void *)BPF_CORE_READ(memory, arg_start);

	if (bpf_probe_read_user(at->text + COMMAND_AT, kept, start)) {
		count_fault(FAULT_COMMAND_UNREAD);
		kept = 0;
		length = LIMIT_COMMAND + 1;
	}
	end_command(at, kept, length > LIMIT_COMMAND);
}

/* Goes one character on, or back to what the last star may stand for. */
static long compare_step(__u32 step, struct identifying_context *context)
{
	const struct process_pattern *pattern = context->pattern;
	struct identifying *at = context->at;
	__u32 place = at->pattern_at;
	char wanted = 0, got;

	if (place < pattern->length && place < PATTERN_TEXT)
		wanted = pattern->text[place];
	if (wanted == '*') {
		at->pattern_at = place + 1;
		at->star_at = place + 1;
		at->star_text_at = at->text_at;
		return 0;
	}
	if (at->text_at >= at->text_end) {
		at->answer = place == pattern->length ? FITS : DOES_NOT_FIT;
		return 1;
	}
	got = at->text[at->text_at & (TEXT_ROOM - 1)];
	if (wanted && (got == wanted || (!got && wanted == ' '))) {
		at->text_at++;
		at->pattern_at = place + 1;
		return 0;
	}
	if (!at->star_at) {
		at->answer = DOES_NOT_FIT;
		return 1;
	}
	at->star_text_at++;
	at->text_at = at->star_text_at;
	at->pattern_at = at->star_at;
	return 0;
}

static __always_inline void add_kind(struct kinds *kinds, __u16 kind)
{
	kinds->words[(kind >> 6) & (KIND_WORDS - 1)] |= 1ULL << (kind & 63);
}

/* Where a text is cut, a pattern fits for certain whose star stands for what is missing, too. */
static long pattern_step(__u32 number, struct identifying_context *context)
{
	struct identifying *at = context->at;
	__u32 index = (at->place & 1) * LIMIT_PATTERNS + number, aspect;
	const struct process_pattern *pattern = bpf_map_lookup_elem(&process_patterns, &index);
	bool is_command, is_cut;
	__u8 length;

	if (!pattern)
		return 1;
	aspect = pattern->aspect;
	length = pattern->length;
	if (aspect >= ASPECT_USER || !length || length > PATTERN_TEXT)
		return 0;
	is_command = aspect == ASPECT_COMMAND;
	is_cut = is_command ? at->command_is_cut : at->path_is_cut;
	context->pattern = pattern;
	at->text_at = is_command ? COMMAND_AT : at->path_at;
	at->text_end = is_command ? at->command_end : LIMIT_PATH;
	at->pattern_at = 0;
	at->star_at = 0;
	at->answer = NOT_YET;
	bpf_loop(PATTERN_STEPS, compare_step, context, 0);
	if (at->answer == NOT_YET)
		count_fault(FAULT_PATTERN_STEPS);
	if (at->answer == FITS && (!is_cut || pattern->is_open))
		add_kind(&at->fits[aspect].certain, pattern->kind);
	if (at->answer != DOES_NOT_FIT || is_cut)
		add_kind(&at->fits[aspect].possible, pattern->kind);
	return 0;
}

/* Kinds that do not ask are content with anything. */
static __always_inline void start_with_others(struct known_kinds *kinds, const struct kinds *asked)
{
#pragma clang loop unroll(full)
	for (int word = 0; word < KIND_WORDS; word++)
		kinds->certain.words[word] = kinds->possible.words[word] = ~asked->words[word];
}

static __always_inline void clear_kinds(struct known_kinds *kinds)
{
	__builtin_memset(kinds, 0, sizeof(*kinds));
}

static __always_inline void add_kinds(struct known_kinds *to, const struct known_kinds *more)
{
#pragma clang loop unroll(full)
	for (int word = 0; word < KIND_WORDS; word++) {
		to->certain.words[word] |= more->certain.words[word];
		to->possible.words[word] |= more->possible.words[word];
	}
}

static __always_inline void meet_kinds(struct known_kinds *to, const struct known_kinds *other)
{
#pragma clang loop unroll(full)
	for (int word = 0; word < KIND_WORDS; word++) {
		to->certain.words[word] &= other->certain.words[word];
		to->possible.words[word] &= other->possible.words[word];
	}
}

/* Compares the texts with all patterns of an edition. */
static __always_inline void compare_all(struct identifying_context *context, const struct kind_edition *edition,
					struct process_kinds *found)
{
	struct identifying *at = context->at;
	__u32 count = edition->pattern_count;

	start_with_others(&at->fits[ASPECT_EXECUTABLE], &edition->asked[ASPECT_EXECUTABLE]);
	start_with_others(&at->fits[ASPECT_COMMAND], &edition->asked[ASPECT_COMMAND]);
	clear_kinds(&at->fits[ASPECT_PARENT]);
	bpf_loop(count < LIMIT_PATTERNS ? count : LIMIT_PATTERNS, pattern_step, context, 0);
	found->edition = edition->number;
	found->own = at->fits[ASPECT_EXECUTABLE];
	meet_kinds(&found->own, &at->fits[ASPECT_COMMAND]);
	found->as_parent = at->fits[ASPECT_PARENT];
}

static long ancestor_step(__u32 step, struct identifying_context *context)
{
	struct identifying *at = context->at;
	struct task_struct *task = (struct task_struct *)at->ancestor;
	struct task_struct *leader = BPF_CORE_READ(task, real_parent, group_leader);
	__u32 pid = BPF_CORE_READ(leader, tgid), place = at->place & 1;
	const struct process_identity *parent;

	at->ancestor = (__u64)leader;
	if (!pid) {
		at->answer = FITS;
		return 1;
	}
	if (!BPF_CORE_READ(leader, mm))
		return 0;	/* of the kernel: it runs nothing that has a path */
	parent = bpf_map_lookup_elem(&identities, &pid);
	if (!parent || parent->started_ns != BPF_CORE_READ(leader, start_boottime) ||
	    parent->by[place].edition != at->identity.by[place].edition)
		return 1;
	add_kinds(&at->identity.by[place].above, &parent->by[place].as_parent);
	return 0;
}

/* Goes up from the process. If somebody on the way is not known, there may be all that rules ask for. */
static __always_inline void find_above(struct identifying_context *context, const struct kind_edition *edition,
				       struct known_kinds *above)
{
	struct identifying *at = context->at;

	at->ancestor = at->task;
	at->answer = NOT_YET;
	bpf_loop(MOST_ANCESTORS, ancestor_step, context, 0);
	if (at->answer != FITS)
#pragma clang loop unroll(full)
		for (int word = 0; word < KIND_WORDS; word++)
			above->possible.words[word] = ~0ULL;
}

static __always_inline bool asks_for_any(const struct kinds *asked)
{
	__u64 any = 0;

#pragma clang loop unroll(full)
	for (int word = 0; word < KIND_WORDS; word++)
		any |= asked->words[word];
	return any;
}

/* Fills in what one edition says of the process whose texts were read. Not static: see judge_inner. */
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
		found->above = before->by[place & 1].above;	/* it may have lost its parent since */
	else
		find_above(&context, edition, &found->above);
	return 0;
}

/* Do rules tell processes apart? */
static __always_inline bool is_identifying(void)
{
	__u32 first = 0, second = 1;
	struct kind_edition *one = bpf_map_lookup_elem(&kind_editions, &first);
	struct kind_edition *other = bpf_map_lookup_elem(&kind_editions, &second);

	return (one && one->number) || (other && other->number);
}

/* What it ran until now, or what it was, is kept for packets that are on their way. */
static __always_inline void set_aside(struct identifying *at, const struct process_identity *identity, __u32 pid)
{
	at->gone.started_ns = identity->started_ns;
	at->gone.executions = identity->executions;
	at->gone.pid = pid;
	bpf_map_update_elem(&identities_gone, &at->gone, identity, BPF_ANY);
}

/* The process and its texts, before anything is compared. */
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

/* The running process has just started a program, or makes another process. */
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

/* Does it say what is so of this run, by the editions that are in use? */
static __always_inline bool is_current(const struct process_identity *identity, struct task_struct *leader)
{
	__u32 first = 0, second = 1;
	struct kind_edition *one = bpf_map_lookup_elem(&kind_editions, &first);
	struct kind_edition *other = bpf_map_lookup_elem(&kind_editions, &second);

	return one && other && identity->by[0].edition == one->number && identity->by[1].edition == other->number &&
	       identity->started_ns == leader->start_boottime && identity->executions == (__u16)leader->self_exec_id;
}

/* What a process makes runs the same, and has it above itself. */
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

SEC("tp_btf/sched_process_exit")
int BPF_PROG(weir_exit, struct task_struct *task)
{
	__u32 which = BY_HOOKS, pid = task->tgid;
	struct process_identity *identity;
	struct identifying *at;

	if (!is_identifying() || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	identity = bpf_map_lookup_elem(&identities, &pid);
	at = bpf_map_lookup_elem(&identifying, &which);
	if (!identity || !at)
		return 0;
	set_aside(at, identity, pid);
	bpf_map_delete_elem(&identities, &pid);
	return 0;
}

#define TRIES 3

/* Each process once, for those that are older than the rules. It may start another program meanwhile, or end. */
SEC("iter.s/task")
int weir_identify_all(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 which = BY_ITERATOR;
	struct identifying *at = bpf_map_lookup_elem(&identifying, &which);
	struct identifying_context context = { .at = at };

	if (!task || !at || task->pid != task->tgid || !task->mm)
		return 0;
#pragma clang loop unroll(full)
	for (int try = 0; try < TRIES; try++) {
		__u64 length = command_length(task->mm), kept = length > LIMIT_COMMAND ? LIMIT_COMMAND : length;

		start_identity(at, task);
		read_path(&context, task->mm);
		if (bpf_copy_from_user_task(at->text + COMMAND_AT, kept, (void *)BPF_CORE_READ(task, mm, arg_start), task, 0)) {
			count_fault(FAULT_COMMAND_UNREAD);
			kept = 0;
			length = LIMIT_COMMAND + 1;
		}
		end_command(at, kept, length > LIMIT_COMMAND);
		identify_by(BY_ITERATOR, 0);
		identify_by(BY_ITERATOR, 1);
		store_identity(at);
		if (at->identity.executions == (__u16)BPF_CORE_READ(task, self_exec_id))
			break;
	}
	if (BPF_CORE_READ(task, flags) & EXITING && !BPF_CORE_READ(task, signal, live.counter))
		bpf_map_delete_elem(&identities, &at->gone.pid);
	return 0;
}

/* 0 -> a process that somebody describes, and of which kinds it is */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct described_process);
} described SEC(".maps");

SEC("syscall")
int weir_describe(void *ctx)
{
	__u32 which = BY_ITERATOR, zero = 0, place;
	struct identifying *at = bpf_map_lookup_elem(&identifying, &which);
	struct described_process *process = bpf_map_lookup_elem(&described, &zero);
	struct identifying_context context = { .at = at };
	struct kind_edition *edition;
	struct process_kinds *found;
	__u64 length;

	if (!at || !process)
		return 0;
	place = process->place & 1;
	edition = bpf_map_lookup_elem(&kind_editions, &place);
	if (!edition)
		return 0;
	bpf_probe_read_kernel(at->text, LIMIT_PATH, process->path);
	bpf_probe_read_kernel(at->text + COMMAND_AT, LIMIT_COMMAND, process->command);
	length = process->path_length;
	at->path_at = LIMIT_PATH - (length > LIMIT_PATH ? LIMIT_PATH : length);
	at->path_is_cut = length > LIMIT_PATH;
	length = process->command_length;
	end_command(at, length > LIMIT_COMMAND ? LIMIT_COMMAND : length, length > LIMIT_COMMAND);
	at->place = place;
	found = &at->identity.by[0];
	compare_all(&context, edition, found);
	process->own = found->own;
	process->as_parent = found->as_parent;
	return 0;
}

#endif
