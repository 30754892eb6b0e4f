/* SPDX-License-Identifier: GPL-2.0 */
/* Reads the path of the executable of a process, and the command that it was started with. */
#ifndef WEIR_PROGRAM_TEXTS_H
#define WEIR_PROGRAM_TEXTS_H

#include "base/faults.h"
#include "base/kernel_task.h"

/*
 * The layout of `text`: the path, room for the longest part of a path, the command. The path is written from its end to
 * its start, and goes on at the end when it reaches the start of `text`. So a path that is too long loses its end.
 */
#define TEXT_ROOM 2048
#define COMMAND_AT 1536
#define PATH_END (1U << 30) /* larger than any path, and a multiple of LIMIT_PATH */

#define MOST_PATH_PARTS 4096

/* Memory for the identification of one process, because the stack has no room for it. */
struct identifying {
	char text[TEXT_ROOM];
	__u32 path_at;
	__u32 path_end;
	__u32 path_is_cut;
	__u32 command_end;
	__u32 command_is_cut;
	__u64 dentry;
	__u64 mount;

	__u32 place;			      /* of the edition */
	struct known_kinds fits[ASPECT_USER]; /* kinds that fit by executable, by command, and as a parent */
	__u64 task;
	__u64 ancestor;

	/* The state of the comparison with one pattern. */
	__u32 text_at;
	__u32 text_end;
	__u32 text_mask;
	__u32 text_is_cut;
	__u32 pattern_at;
	__u32 star_at;	    /* after the last `*` of the pattern; 0: there was none so far */
	__u32 star_text_at; /* the end of the characters that this `*` matches */
	__u32 fit;

	struct process_identity identity;
	struct program_run gone;
};

/* The result of a comparison. */
enum {
	NOT_YET,
	FITS,
	MAY_FIT,
	DOES_NOT_FIT
};

/*
 * Places in `identifying`: one for the hooks, and several for passes over all processes, which hooks interrupt. A pass
 * that user space has given up may still wait, and must not write into the memory of the next pass.
 */
#define PASSES 4
enum {
	BY_HOOKS,
	BY_ITERATOR
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BY_ITERATOR + PASSES);
	__type(key, __u32);
	__type(value, struct identifying);
} identifying SEC(".maps");

struct identifying_context {
	struct identifying *at;
	const struct process_pattern *pattern;
};

/* Writes a name in front of the path so far. */
static __always_inline void write_name(struct identifying *at, __u32 length, const void *name)
{
	__u32 start = (at->path_at - length) & (LIMIT_PATH - 1);

	bpf_probe_read_kernel(at->text + start, length & 255, name);
	if (start + length > LIMIT_PATH)
		bpf_probe_read_kernel(at->text, (start + length - LIMIT_PATH) & 255, at->text + LIMIT_PATH);
	at->path_at -= length;
}

static __always_inline void write_letter(struct identifying *at, char letter)
{
	at->path_at--;
	at->text[at->path_at & (LIMIT_PATH - 1)] = letter;
}

static long path_step(__u32 step, struct identifying_context *context)
{
	struct identifying *at = context->at;
	struct dentry *dentry = (struct dentry *)at->dentry, *parent;
	struct mount *mount = (struct mount *)at->mount;

	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *below = BPF_CORE_READ(mount, mnt_parent);

		if (below == mount)
			return 1;
		at->dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
		at->mount = (__u64)below;
		return 0;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	write_name(at, BPF_CORE_READ(dentry, d_name.len), BPF_CORE_READ(dentry, d_name.name));
	write_letter(at, '/');
	at->dentry = (__u64)parent;
	return parent == dentry; /* a file without a parent, such as one in memory */
}

/*
 * Can a user without rights have made this mount, and so have chosen the path? That is so in a user namespace, and if
 * the mount is detached.
 */
static __always_inline bool is_anybodys(const struct mount *mount)
{
	struct user_namespace *owner = BPF_CORE_READ(mount, mnt_ns, user_ns);

	return !owner || BPF_CORE_READ(owner, level);
}

/* Sets the end of the path, after its start was written. */
static __always_inline void end_path(struct identifying *at)
{
	at->path_is_cut = PATH_END - at->path_at > LIMIT_PATH;
	at->path_end = at->path_is_cut ? at->path_at + LIMIT_PATH : PATH_END;
}

/* Reads the path of the executable, from the root of its mounts. */
static __always_inline void read_path(struct identifying_context *context, struct mm_struct *memory)
{
	struct identifying *at = context->at;
	struct vfsmount *vfs = BPF_CORE_READ(memory, exe_file, f_path.mnt);
	struct mount *mount = (void *)vfs - bpf_core_field_offset(struct mount, mnt);

	at->path_at = PATH_END;
	at->dentry = (__u64)BPF_CORE_READ(memory, exe_file, f_path.dentry);
	at->mount = (__u64)mount;
	if (!vfs || bpf_loop(MOST_PATH_PARTS, path_step, context, 0) >= MOST_PATH_PARTS) {
		at->path_at = at->path_end = PATH_END;
		at->path_is_cut = true;
		return;
	}
	if (is_anybodys(mount))
		write_letter(at, '~');
	end_path(at);
}

/* Sets the length of the command in `text`. The NULs between its words stay, and count as spaces. */
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

struct memory_range {
	__u64 end;
	bool is_own;
};

static long look_at_piece(struct task_struct *task, struct vm_area_struct *piece, struct memory_range *range)
{
	range->is_own =
		!piece->vm_file && range->end <= piece->vm_end &&
		!(bpf_core_field_exists(piece->vm_userfaultfd_ctx.ctx) && BPF_CORE_READ(piece, vm_userfaultfd_ctx.ctx));
	return 0;
}

/*
 * Can this memory of another process be read without waiting for a process? A process can map a file of its own file
 * system there, or handle the page faults itself (userfaultfd). Then a reader waits as long as that process likes.
 */
static __always_inline bool is_own_memory(struct task_struct *task, __u64 start, __u64 length)
{
	struct memory_range range = { .end = start + length };

	return !bpf_find_vma(task, start, look_at_piece, &range, 0) && range.is_own;
}

/* Reads the command of the running process. */
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
