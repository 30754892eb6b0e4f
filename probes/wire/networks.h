/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses and prefixes by the million, each a member of a numbered set. Bans are such a set, and so are those that rules name. */
#ifndef WEIR_WIRE_NETWORKS_H
#define WEIR_WIRE_NETWORKS_H

#include "common.h"

/* A membership is a byte: the number of the set, and the copies of the rules that it counts for. 0: none. */
enum weir_member {
	MEMBER_SET = LIMIT_SETS - 1, /* the bits of the number */
	MEMBER_IN_COPY_0 = 1 << 6,
	MEMBER_IN_COPY_1 = 1 << 7,
};

/*
 * IPv4 addresses and prefixes from 24 bits on: those of one /24 are in the line that a hash of its 24 bits names, or,
 * where that is full, in those behind it.
 */
struct network_line {
	__u32 address[6]; /* as a number */
	__u32 until[6];	  /* second of the boot clock, 0 for ever */
	__u8 length[6];	  /* of the IPv4 prefix; 0: free. Written last, so that it makes the rest count */
	__u8 member[6];	  /* enum weir_member */
	__u8 is_full;	  /* 1: more may be in the next line */
	__u8 reserved[3];
};

/* All other prefixes, by length. */
struct network_key {
	__u64 address[2]; /* as numbers, of an IPv4 address as ::ffff:a.b.c.d */
	__u32 length;	  /* in 128 bits */
	__u32 reserved;
};

/* The sets that such a prefix is in. */
struct network_sets {
	__u64 lasting[2]; /* by copy of the rules, a bit a set */
	__u32 until[6];	  /* those that end: when, as in struct network_line ... */
	__u8 member[6];	  /* ... and which */
	__u8 reserved[2];
};

/* Bit n of the whole: there are prefixes of n + 1 bits, in 128, that are not in lines. */
struct network_root {
	__u64 lengths[2];   /* of IPv6 */
	__u64 ipv4_lengths; /* of IPv4; the lower half would always be 0 */
	__u32 in_lines;	    /* 1: there is something in lines */
	__u32 reserved;
};

#endif
