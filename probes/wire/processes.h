/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What rules say of processes. Each different `process` that rules have is a kind, with a number. What a process is
 * called and who began it is compared when it starts a program, and not when it sends: a packet finds bits.
 */
#ifndef WEIR_WIRE_PROCESSES_H
#define WEIR_WIRE_PROCESSES_H

#include "common.h"

/* A bit a kind. */
struct kinds {
	__u64 words[LIMIT_KINDS / 64];
};

/* Kinds that something is of, and those that it may be of as far as it is known. */
struct known_kinds {
	struct kinds certain;
	struct kinds possible;
};

/* What kinds say something of. A process is of a kind that fits it in each of them. */
enum weir_aspect {
	ASPECT_EXECUTABLE,
	ASPECT_COMMAND,
	ASPECT_PARENT, /* the executable of some process above it */
	ASPECT_USER,
	ASPECT_WORKLOAD, /* its container, unit, pod or the pod's namespace */
	ASPECT_COUNT,
};

enum {
	PATTERN_TEXT = 240
};

/* One of the texts of which one must fit. `*` stands for any run of characters. */
struct process_pattern {
	__u16 kind;
	__u8 aspect; /* enum weir_aspect */
	__u8 length;
	__u32 is_end; /* its only star is at its start: what follows is the end of the text */
	__u32 reserved[2];
	char text[PATTERN_TEXT];
};

/* The kinds of one set of rules. There are two, so that one can be written while the other is in force. */
struct kind_edition {
	__u32 number; /* of the edition that is here; 0: none */
	__u32 pattern_count;
	struct kinds asked[ASPECT_COUNT]; /* kinds that say something of it */
};

/* What one edition says of a process. */
struct process_kinds {
	__u32 edition; /* number of it; what another edition said is over */
	__u32 reserved;
	struct known_kinds own;	      /* by executable and command */
	struct known_kinds above;     /* by those above it */
	struct known_kinds as_parent; /* what it adds to those it begins */
};

/* Of a process that runs. */
struct process_identity {
	__u64 started_ns; /* as in struct owner */
	__u32 executions;
	__u32 reserved;
	struct process_kinds by[2]; /* edition */
};

/* A program that a process ran: the key of those that are gone. */
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

/* A process as somebody describes it, and of which kinds it would be. */
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
