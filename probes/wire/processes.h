/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Conditions of rules on processes. Each different `process` condition is a kind, and has a number. The program and the
 * parents of a process are compared when it starts the program, and not when it sends: a packet finds only bits.
 */
#ifndef WEIR_WIRE_PROCESSES_H
#define WEIR_WIRE_PROCESSES_H

#include "common.h"

/* A set of kinds, a bit a kind. */
struct kinds {
	__u64 words[LIMIT_KINDS / 64];
};

/* Kinds that a process certainly is of, and kinds that it may be of. */
struct known_kinds {
	struct kinds certain;
	struct kinds possible;
};

/* Aspects of a process that kinds ask for. A process is of a kind if it fits in each aspect. */
enum weir_aspect {
	ASPECT_EXECUTABLE,
	ASPECT_COMMAND,
	ASPECT_PARENT, /* the executable of an ancestor */
	ASPECT_USER,
	ASPECT_WORKLOAD, /* its container, unit, pod, or the namespace of its pod */
	ASPECT_COUNT,
};

enum {
	PATTERN_TEXT = 240
};

/* A pattern of a kind and aspect, of which one has to match. `*` matches any number of characters. */
struct process_pattern {
	__u16 kind;
	__u8 aspect; /* enum weir_aspect */
	__u8 length;
	__u32 is_end; /* 1: its only `*` is at its start, so that it matches the end of a text */
	__u32 reserved[2];
	char text[PATTERN_TEXT];
};

/* The kinds of one rule set. There are two editions, so that one can be written while the other is in force. */
struct kind_edition {
	__u32 number; /* of the edition; 0: there is none */
	__u32 pattern_count;
	struct kinds asked[ASPECT_COUNT]; /* kinds that ask for the aspect */
};

/* The kinds of a process in one edition. */
struct process_kinds {
	__u32 edition; /* its number; with another number these kinds are not valid */
	__u32 reserved;
	struct known_kinds own;	      /* by executable and command */
	struct known_kinds above;     /* by its ancestors */
	struct known_kinds as_parent; /* kinds that it adds to `above` of its descendants */
};

/* The kinds of a process that runs. */
struct process_identity {
	__u64 started_ns; /* as in struct owner */
	__u32 executions;
	__u32 reserved;
	struct process_kinds by[2]; /* place of the edition */
};

/* The key of a program that a process has run before, or that has ended. */
struct program_run {
	__u64 started_ns;
	__u32 pid;
	__u32 executions;
};

struct kind_user {
	__u32 place; /* of the edition */
	__u32 uid;
};

struct kind_group {
	__u64 cgroup;
	__u32 place; /* of the edition */
	__u32 reserved;
};

/* A process that user space describes, such as in a policy test, and the kinds that it would be of. */
struct described_process {
	__u32 place; /* of the edition */
	__u32 path_length;
	__u32 command_length;
	__u32 reserved;
	char path[LIMIT_PATH];
	char command[LIMIT_COMMAND];
	struct known_kinds own;
	struct known_kinds as_parent;
};

#endif
