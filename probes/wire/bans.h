/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses that always pass, and those that never do. */
#ifndef WEIR_WIRE_BANS_H
#define WEIR_WIRE_BANS_H

#include "common.h"

struct failsafe_prefix {
	__u64 address_be[2];
	__u64 mask_be[2];
};

enum weir_ban_flag {
	BAN_ADDRESSES = 1 << 0,		/* there are bans in `ban_lines` */
	BAN_PREFIXES = 1 << 1,		/* there are bans in `ban_prefixes` */
};

/*
 * Bans of IPv4 addresses and of prefixes from 24 bits on: those of one /24 are in the line that a hash of its 24 bits
 * names, or, where that is full, in those behind it.
 */
struct ban_line {
	__u32 address[7];	/* as a number */
	__u32 until[7];		/* second of the boot clock, 0 for ever */
	__u8 length[7];		/* of the IPv4 prefix; 0: free. Written last, so that it makes the rest count */
	__u8 is_full;		/* 1: more may be in the next line */
};

/* All other bans, by length. */
struct ban_key {
	__u64 address[2];	/* as numbers, of an IPv4 address as ::ffff:a.b.c.d */
	__u32 length;		/* in 128 bits */
	__u32 reserved;
};

struct ban {
	__u32 until;		/* as in struct ban_line */
	__u32 reserved;
};

struct ban_root {
	__u64 lengths[2];	/* bit n of the whole: prefixes of n + 1 bits, in 128, are in `ban_prefixes` */
	__u32 exception_count;
	__u32 reserved;
	struct failsafe_prefix exceptions[LIMIT_BAN_EXCEPTIONS];	/* never banned, whoever asks */
};

#endif
