/* SPDX-License-Identifier: GPL-2.0 */
/* Matchers and the tables that decide/search.h searches. */
#ifndef WEIR_WIRE_MATCHERS_H
#define WEIR_WIRE_MATCHERS_H

#include "common.h"

/* Fields that a matcher compares. A field without its bit matches any value. */
enum weir_match {
	MATCH_PROTOCOL = 1 << 0,
	MATCH_SOURCE_PORT = 1 << 1,
	MATCH_DESTINATION_PORT = 1 << 2,
	MATCH_MESSAGE = 1 << 3,
	MATCH_INTERFACE = 1 << 4,
	MATCH_SOURCE_SET = 1 << 5, /* source[0] is a mask of sets, of which one must contain the source */
	MATCH_DESTINATION_SET = 1 << 6,
};

enum weir_matcher_flag {
	MATCHER_LAST = 1 << 0, /* it is the last one of its list */
	MATCHER_BLOCKS = 1 << 1,
	MATCHER_STAGED = 1 << 2,	/* its rule blocks, and is not enforced */
	MATCHER_CONDITIONAL = 1 << 3,	/* its rule has conditions, which each packet of a flow asks */
	MATCHER_TIMED = 1 << 5,		/* its rule has a schedule or expires */
	MATCHER_OF_KIND = 1 << 6,	/* the local process must be of the rule's kind */
	MATCHER_OF_OTHER_KIND = 1 << 7, /* the local process must not be of the rule's other kind */
	MATCHER_DOUBTFUL = 1 << 4,	/* it matches unless an unknown field of the packet speaks against it */
};

/*
 * One alternative of a rule. For example, a rule with two sources and three ranges of ports has six matchers, which all
 * have the slot and the order of the rule. A matcher fills a cell (see decide/search.h). A range whose low end is above
 * its high end matches no known value, and may match an unknown one.
 */
struct matcher {
	__u64 source[2]; /* upper and lower half, as numbers; or a mask of sets, and 0: see MATCH_SOURCE_SET */
	__u64 destination[2];
	__u64 interface_groups; /* it matches if it shares a bit with the groups of the interface */
	union {
		__u16 source_port_low;
		__u16 message_low; /* for ICMP: the type in the upper byte, the code in the lower one */
	};
	union {
		__u16 source_port_high;
		__u16 message_high;
	};
	__u16 destination_port_low;
	__u16 destination_port_high;
	__u32 slot;
	__u32 order;	    /* of its rule: the matching rule with the lowest order wins */
	__u8 source_length; /* length of the prefix, in 128 bits */
	__u8 destination_length;
	__u8 protocol_low;
	__u8 protocol_high;
	__u8 directions; /* bit 0 ingress, bit 1 egress */
	__u8 flags;	 /* enum weir_matcher_flag */
	__u16 fields;	 /* enum weir_match */
};

/*
 * A table of matchers whose keys have the same form: which bits of the addresses, of the ports and of the protocol they
 * have.
 */
struct matcher_table {
	__u64 source_mask[2];
	__u64 destination_mask[2];
	__u32 port_mask; /* source in the upper half */
	__u32 protocol_mask;
	__u32 seed; /* start of the hash of its keys, different from that of other tables */
	__u32 best; /* the lowest order of its matchers */
	__u64 reserved[2];
};

struct bucket_entry {
	__u32 tag;  /* hash of a key; 0: the entry is free, and so are all after it */
	__u32 list; /* cell of the first matcher with such a key */
};

struct bucket {
	struct bucket_entry entries[8];
};

/* Says which tables may have a key with the value that a packet has in one field, a bit a table. */
struct pruner {
	__u64 always; /* tables that this field says nothing about */
	__u32 first;  /* first cell of its bitmaps, eight a cell; 0: it has none */
	__u32 shift;  /* shift from a hash of 32 bits to the number of a bitmap */
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

/*
 * The matchers of one family, for packets with known ports, or for packets with unknown ports. Cells count from the
 * first one of the part.
 */
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
	RULE_REJECT = 1 << 1, /* weir answers the senders of packets that it drops */
};

#endif
