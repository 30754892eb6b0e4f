/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Compares the path and the command of a process with the patterns of rules. A kind that cannot be ruled out is
 * possible, but not certain.
 */
#ifndef WEIR_PATTERNS_H
#define WEIR_PATTERNS_H

#include "process/kind_tables.h"
#include "process/program_texts.h"

/* A comparison takes more steps only if somebody has chosen pattern and text for that. */
#define PATTERN_STEPS 4096

/* place of the edition * LIMIT_PATTERNS + number -> the pattern */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * LIMIT_PATTERNS);
	__type(key, __u32);
	__type(value, struct process_pattern);
} process_patterns SEC(".maps");

/* Compares one character. If it differs, goes back to the last `*`, which then matches one character more. */
static long compare_step(__u32 step, struct identifying_context *context)
{
	const struct process_pattern *pattern = context->pattern;
	struct identifying *at = context->at;
	__u32 place = at->pattern_at;
	char wanted = 0, got;

	if (place < pattern->length && place < PATTERN_TEXT)
		wanted = pattern->text[place];
	if (wanted == '*') {
		if (place + 1 == pattern->length) {
			at->fit = FITS;
			return 1;
		}
		at->pattern_at = place + 1;
		at->star_at = place + 1;
		at->star_text_at = at->text_at;
		return 0;
	}
	if (at->text_at >= at->text_end) {
		if (at->text_is_cut)
			at->fit = MAY_FIT;
		else
			at->fit = place == pattern->length ? FITS : DOES_NOT_FIT;
		return 1;
	}
	got = at->text[at->text_at & at->text_mask & (TEXT_ROOM - 1)];
	if (wanted && (got == wanted || (!got && wanted == ' '))) {
		at->text_at++;
		at->pattern_at = place + 1;
		return 0;
	}
	if (!at->star_at) {
		at->fit = DOES_NOT_FIT;
		return 1;
	}
	at->star_text_at++;
	at->text_at = at->star_text_at;
	at->pattern_at = at->star_at;
	return 0;
}

/*
 * Goes to the end of the text at once, for a pattern that is only compared with the end. Most patterns of executables
 * are of this form.
 */
static __always_inline void go_to_end(struct identifying *at, __u32 length)
{
	if (at->text_is_cut)
		at->fit = MAY_FIT;
	else if (at->text_end - at->text_at < length)
		at->fit = DOES_NOT_FIT;
	at->text_at = at->text_end - length;
	at->pattern_at = 1;
}

static long pattern_step(__u32 number, struct identifying_context *context)
{
	struct identifying *at = context->at;
	__u32 index = (at->place & 1) * LIMIT_PATTERNS + number, aspect;
	const struct process_pattern *pattern = bpf_map_lookup_elem(&process_patterns, &index);
	bool is_command;
	__u8 length;

	if (!pattern)
		return 1;
	aspect = pattern->aspect;
	length = pattern->length;
	if (aspect >= ASPECT_USER || !length || length > PATTERN_TEXT)
		return 0;
	is_command = aspect == ASPECT_COMMAND;
	context->pattern = pattern;
	at->text_at = is_command ? COMMAND_AT : at->path_at;
	at->text_end = is_command ? at->command_end : at->path_end;
	at->text_mask = is_command ? TEXT_ROOM - 1 : LIMIT_PATH - 1;
	at->text_is_cut = is_command ? at->command_is_cut : at->path_is_cut;
	at->pattern_at = 0;
	at->star_at = 0;
	at->fit = NOT_YET;
	if (pattern->is_end)
		go_to_end(at, length - 1);
	if (at->fit == NOT_YET)
		bpf_loop(PATTERN_STEPS, compare_step, context, 0);
	if (at->fit == NOT_YET)
		count_fault(FAULT_PATTERN_STEPS);
	if (at->fit == FITS)
		add_kind(&at->fits[aspect].certain, pattern->kind);
	if (at->fit != DOES_NOT_FIT)
		add_kind(&at->fits[aspect].possible, pattern->kind);
	return 0;
}

/* Compares path and command with all patterns of an edition. */
static __always_inline void compare_all(struct identifying_context *context, const struct kind_edition *edition,
					struct process_kinds *found)
{
	struct identifying *at = context->at;
	__u32 count = edition->pattern_count;

	start_with_others(&at->fits[ASPECT_EXECUTABLE], &edition->asked[ASPECT_EXECUTABLE]);
	start_with_others(&at->fits[ASPECT_COMMAND], &edition->asked[ASPECT_COMMAND]);
	set_all(&at->fits[ASPECT_PARENT].certain, 0);
	set_all(&at->fits[ASPECT_PARENT].possible, 0);
	bpf_loop(count < LIMIT_PATTERNS ? count : LIMIT_PATTERNS, pattern_step, context, 0);
	found->edition = edition->number;
	found->own = at->fits[ASPECT_EXECUTABLE];
	keep_common(&found->own, &at->fits[ASPECT_COMMAND]);
	found->as_parent = at->fits[ASPECT_PARENT];
}

/* 0 -> a process that user space describes, and the kinds that it would be of */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct described_process);
} described SEC(".maps");

/* Finds out the kinds of the process in `described`. */
static __always_inline int identify_described(void)
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
	at->path_at = PATH_END - (length > LIMIT_PATH ? 2 * LIMIT_PATH : length);
	end_path(at);
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
