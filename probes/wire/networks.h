/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of addresses and prefixes, which may have millions of members. Bans are such a set, and so are the sets that
 * rules name.
 */
#ifndef WEIR_WIRE_NETWORKS_H
#define WEIR_WIRE_NETWORKS_H

#include "common.h"

/* A member is a byte: the number of its set, and the copies of the rules in which it counts. 0: no member. */
enum weir_member {
	MEMBER_SET = LIMIT_SETS - 1, /* the bits of the number of the set */
	MEMBER_IN_COPY_0 = 1 << 6,
	MEMBER_IN_COPY_1 = 1 << 7,
};

/*
 * A line of 64 bytes with IPv4 addresses, and prefixes of at least 24 bits. The line of a /24 follows from a hash of
 * its 24 bits. If it is full, more of them are in the next lines.
 */
struct network_line {
	__u32 address[6]; /* as a number */
	__u32 until[6];	  /* second of the boot clock at which it expires; 0: it does not expire */
	__u8 length[6];	  /* of the IPv4 prefix; 0: free. It is written last, and makes the entry valid */
	__u8 member[6];	  /* enum weir_member */
	__u8 is_full;	  /* 1: the next line may have more entries of this one */
	__u8 reserved[3];
};

/* The key of all other prefixes. */
struct network_key {
	__u64 address[2]; /* as numbers; an IPv4 address is ::ffff:a.b.c.d */
	__u32 length;	  /* of the prefix, in 128 bits */
	__u32 reserved;
};

/* The sets that have such a prefix as a member. */
struct network_sets {
	__u64 lasting[2]; /* sets in which it does not expire, by copy of the rules, a bit a set */
	__u32 until[6];	  /* when it expires in other sets, as in struct network_line ... */
	__u8 member[6];	  /* ... and which sets these are */
	__u8 reserved[2];
};

/*
 * Which lengths the prefixes have that are not in lines. Bit n of lengths[0] stands for n + 1 bits, in 128, and bit n
 * of lengths[1] for n + 65 bits.
 */
struct network_root {
	__u64 lengths[2];   /* of IPv6 prefixes */
	__u64 ipv4_lengths; /* as lengths[1], but of IPv4 prefixes, which all have more than 64 bits */
	__u32 in_lines;	    /* 1: there are members in lines */
	__u32 reserved;
};

#endif
