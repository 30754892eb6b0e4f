/* SPDX-License-Identifier: GPL-2.0 */
/* What a process runs, in words: the path of its executable, and the command it was started with. */
#ifndef WEIR_PROGRAM_TEXTS_H
#define WEIR_PROGRAM_TEXTS_H

#include "counters.h"

/* What is compared lies behind each other: the path, whose end is at LIMIT_PATH, room for its longest part, the command. */
#define TEXT_ROOM 1024
#define COMMAND_AT 512

#define MOST_PATH_PARTS 64

/* All that finding out takes, because the stack has no room for it. */
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

#endif
