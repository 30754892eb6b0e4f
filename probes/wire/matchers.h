/* SPDX-License-Identifier: GPL-2.0 */
/* What search.h searches. */
#ifndef WEIR_WIRE_MATCHERS_H
#define WEIR_WIRE_MATCHERS_H

#include "common.h"

/* Fields of a matcher that compare something; an absent bit means "any". */
enum weir_match {
	MATCH_PROTOCOL = 1 << 0,
	MATCH_SOURCE_PORT = 1 << 1,
	MATCH_DESTINATION_PORT = 1 << 2,
	MATCH_MESSAGE = 1 << 3,
	MATCH_INTERFACE = 1 << 4,
	MATCH_SOURCE_SET = 1 << 5, /* `source` is no address, but a mask of sets: see struct matcher */
	MATCH_DESTINATION_SET = 1 << 6,
};

enum weir_matcher_flag {
	MATCHER_LAST = 1 << 0, /* of its list */
	MATCHER_BLOCKS = 1 << 1,
	MATCHER_STAGED = 1 << 2,	/* blocks without being enforced */
	MATCHER_CONDITIONAL = 1 << 3,	/* its rule looks at each packet of a flow */
	MATCHER_TIMED = 1 << 5,		/* its rule holds at times only */
	MATCHER_OF_KIND = 1 << 6,	/* the local process is of the rule's kind */
	MATCHER_OF_OTHER_KIND = 1 << 7, /* it is not of the kind that the rule leaves out */
	MATCHER_DOUBTFUL = 1 << 4,	/* matches unless what is not known of the packet speaks against it */
};

/*
 * One alternative of a rule: a rule with two sources and three port ranges is six matchers, all naming the rule's slot
 * and its place in the order of rules. It fills a cell (see search.h). A range whose low end is above its high one holds
 * nothing that is known, and perhaps what is not.
 */
struct matcher {
	__u64 source[2]; /* upper and lower half, as numbers; or the sets, one of which holds it, and 0 */
	__u64 destination[2];
	__u64 interface_groups; /* matches when it shares a bit with the interface's groups */
	union {
		__u16 source_port_low;
		__u16 message_low; /* of ICMP, which has no ports: its type in the upper byte, its code in the lower */
	};
	union {
		__u16 source_port_high;
		__u16 message_high;
	};
	__u16 destination_port_low;
	__u16 destination_port_high;
	__u32 slot;
	__u32 order;	    /* of its rule: the lowest that matches wins */
	__u8 source_length; /* of the prefix, in 128 bits */
	__u8 destination_length;
	__u8 protocol_low;
	__u8 protocol_high;
	__u8 directions; /* bit 0 ingress, bit 1 egress */
	__u8 flags;	 /* enum weir_matcher_flag */
	__u16 fields;	 /* enum weir_match */
};

/* Matchers whose keys have one form: so many bits of each address, and of the ports, and the protocol or not. */
struct matcher_table {
	__u64 source_mask[2];
	__u64 destination_mask[2];
	__u32 port_mask; /* source in the upper half */
	__u32 protocol_mask;
	__u32 seed; /* tells its keys from those of other tables */
	__u32 best; /* lowest order of its matchers */
	__u64 reserved[2];
};

struct bucket_entry {
	__u32 tag;  /* hash of a key; 0: free, and nothing follows */
	__u32 list; /* cell of the first matcher with such a key */
};

struct bucket {
	struct bucket_entry entries[8];
};

/* What a packet's own value of one field leaves of the tables, a bit a table. */
struct pruner {
	__u64 always; /* tables that this field says nothing about */
	__u32 first;  /* cell of its bitmaps, eight a cell; 0: none */
	__u32 shift;  /* from a hash of 32 bits to the number of a bitmap */
};

enum weir_pruner_kind {
	PRUNER_SOURCE_COARSE,
	PRUNER_SOURCE_FINE,
	PRUNER_DESTINATION_COARSE,
	PRUNER_DESTINATION_FINE,
	PRUNER_SOURCE_PORT,
	PRUNER_DESTINATION_PORT,
	PRUNER_PROTOCOL,
	PRUNER_COUNT,
};

/* The matchers of one family, for packets whose ports are known, or for those whose are not. Cells count from the copy's first. */
struct matcher_index {
	__u32 table_count; /* 0: one list holds all matchers */
	__u32 first_table;
	__u32 list;
	__u32 first_bucket;
	__u32 bucket_mask;
	__u32 reserved[11];
	struct pruner pruners[8];
};

enum weir_index_kind {
	INDEX_IPV4,
	INDEX_IPV6,
	INDEX_IPV4_PORTLESS,
	INDEX_IPV6_PORTLESS,
	INDEX_COUNT
};

enum weir_rule_flag {
	RULE_ENFORCE = 1 << 0,
	RULE_REJECT = 1 << 1, /* the sender of what it drops is told */
};

#endif
