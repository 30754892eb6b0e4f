/* SPDX-License-Identifier: GPL-2.0 */
/* Limits, verdicts, reasons and faults, and the words that every packet reads. */
#ifndef WEIR_WIRE_COMMON_H
#define WEIR_WIRE_COMMON_H

#include <linux/types.h>

/* Sizes that the programs and user space share. This is an enum, because BTF contains enums, but no macros. */
enum weir_limit {
	LIMIT_SCHEDULE = 4,		/* spans of one rule */
	LIMIT_VLANS = 8,		/* ranges of one rule */
	LIMIT_CONDITIONS = 8,		/* conditional rules one flow may carry */
	LIMIT_RULES = 131072,		/* rule slots at most, the reserved ones included */
	LIMIT_TABLES = 64,		/* tables of one index of the classifier */
	LIMIT_LIST = 1024,		/* matchers that one key leads to */
	LIMIT_BUCKETS_PROBED = 4,	/* buckets that are probed one after the other before a key is missing */
	LIMIT_INTERFACE_PLACES = 16384, /* the first place of an interface is its ifindex modulo this */
	LIMIT_INTERFACES_APART = 16384, /* interfaces whose first place is taken by another interface */
	LIMIT_TUNNEL_ENDS = 4096,	/* ends of tunnel devices of this host */
	LIMIT_OWN_ADDRESSES = 16384,	/* addresses of this host */
	LIMIT_INTERFACE_SLOTS = 256,	/* interfaces with counters of their own; slot 0 is for all others */
	LIMIT_FAILSAFE_PREFIXES = 32,
	LIMIT_FAILSAFE_SESSIONS = 8,
	LIMIT_MANAGEMENT_PORTS = 16,
	LIMIT_EXTENSION_HEADERS = 8,
	LIMIT_VLAN_TAGS = 2,
	LIMIT_FRAGMENT_RANGES = 8,
	LIMIT_COUNTER_SHARDS = 4,
	LIMIT_BAN_EXCEPTIONS = 32,
	LIMIT_SETS = 64,		/* sets of addresses */
	LIMIT_NETWORK_LINES_PROBED = 8, /* lines that are probed one after the other */
	LIMIT_NETWORK_LENGTHS = 48,	/* lengths of prefixes of one family that are not in lines */
	LIMIT_DROP_REASONS =
		256, /* reasons of the kernel with counters of their own; the last one is for all larger numbers */
	LIMIT_NAMESPACES = 4, /* namespaces that have the same address behind the same device */
	LIMIT_HISTOGRAM_BUCKETS = 24,
	LIMIT_SOCKET_ERRORS =
		256, /* error numbers with counters of their own; the last one is for all larger numbers */
	LIMIT_ASKED_PROCESSES = 8,    /* whose calls are shown at once */
	LIMIT_PROGRAM_CALLS = 4096,   /* programs, calls and errors that are counted with each other */
	LIMIT_KINDS = 256,	      /* kinds of processes that one rule set can distinguish */
	LIMIT_PATTERNS = 1024,	      /* patterns of these kinds */
	LIMIT_PATH = 1024,	      /* bytes from the start of the path of an executable that are compared */
	LIMIT_COMMAND = 512,	      /* bytes from the start of a command that are compared */
	LIMIT_DROPS_A_SECOND = 10000, /* drops that are stored with their connection; the others are only counted */
};

/*
 * Constants of the hashes that the programs and user space compute alike. HASH_SCATTER is close to 2^32 divided by the
 * golden ratio, so that multiplying by it spreads a number over 32 bits. The other multipliers are arbitrary odd
 * numbers.
 */
enum weir_hash {
	HASH_SCATTER = 0x9e3779b1,
	HASH_BUCKET_SHIFT = 8, /* shift from the scattered tag of a key to its first bucket: see find_list */
	HASH_LINE_SHIFT =
		4, /* shift from 24 scattered bits of an IPv4 address to their first line: see sets_in_lines */
	HASH_IPV6 =
		0x85ebca77, /* multiplier of the upper half of 64 bits of an IPv6 address in a pruner: see first_bits */
	HASH_SOURCE_0 = 0x9e3779b1, /* multipliers of the words of a key: see key_tag */
	HASH_SOURCE_1 = 0x85ebca77,
	HASH_SOURCE_2 = 0xc2b2ae3d,
	HASH_SOURCE_3 = 0x27d4eb2f,
	HASH_DESTINATION_0 = 0x165667b1,
	HASH_DESTINATION_1 = 0xd3a2646d,
	HASH_DESTINATION_2 = 0xfd7046c5,
	HASH_DESTINATION_3 = 0xb55a4f09,
	HASH_PORTS = 0xcc9e2d51,
	HASH_PROTOCOL = 0x1b873593,
	HASH_FINISH_FIRST = 0x2c1b3c6d, /* see finish_hash */
	HASH_FINISH_SECOND = 0x297a2d39,
};

enum weir_mode {
	MODE_DETECT,
	MODE_PREVENT
};
enum weir_action {
	ACTION_ALLOW,
	ACTION_BLOCK
};
enum weir_direction {
	DIRECTION_INGRESS,
	DIRECTION_EGRESS
};

/* The verdict of a packet. Each packet has exactly one. */
enum weir_verdict {
	VERDICT_PASSED,
	VERDICT_DROPPED,
	VERDICT_WOULD_DROP, /* it passed in detect mode, and prevent mode would have dropped it */
	VERDICT_UNDECIDED,
	VERDICT_CARRIED, /* a carried packet of a blocked connection: it passed in detect mode */
	VERDICT_COUNT,
};

/* Groups of protocols in the traffic counters. */
enum weir_transport {
	TRANSPORT_TCP,
	TRANSPORT_UDP,
	TRANSPORT_ICMP,
	TRANSPORT_OTHER,
	TRANSPORT_COUNT
};

/* Slots for decisions that no rule makes. The rules of the operator start at SLOT_FIRST_RULE. */
enum weir_slot {
	SLOT_DEFAULT = 0,  /* defaults.action */
	SLOT_FAILSAFE = 1, /* absolute or management failsafe */
	SLOT_ON_ERROR = 2, /* undecided: defaults.on_error */
	SLOT_BAN = 3,	   /* the address is banned */
	SLOT_FIRST_RULE = 16,
	SLOT_NONE = 0xffffffff,
};

/* Reasons why a packet is undecided. Their names become the values of the attribute error.type. */
enum weir_reason {
	REASON_NONE,
	REASON_INTERFACE_UNKNOWN,
	REASON_ETHERNET_TRUNCATED,
	REASON_VLAN_DEPTH,
	REASON_VLAN_TRUNCATED,
	REASON_IPV4_TRUNCATED,
	REASON_IPV4_VERSION,
	REASON_IPV4_HEADER_LENGTH,
	REASON_IPV4_TOTAL_LENGTH,
	REASON_IPV6_TRUNCATED,
	REASON_IPV6_VERSION,
	REASON_IPV6_PAYLOAD_LENGTH,
	REASON_EXTENSION_TRUNCATED,
	REASON_EXTENSION_DEPTH,
	REASON_TCP_TRUNCATED,
	REASON_TCP_HEADER_LENGTH,
	REASON_UDP_TRUNCATED,
	REASON_UDP_LENGTH,
	REASON_ICMP_TRUNCATED,
	REASON_FRAGMENT_TINY,
	REASON_FRAGMENT_OVERLAP,
	REASON_FRAGMENT_NESTED,
	REASON_FRAGMENT_LENGTH,
	REASON_FRAGMENT_RANGES,
	REASON_FRAGMENT_WITHOUT_FIRST,
	REASON_OPENER_UNKNOWN,
	REASON_PROCESS_UNKNOWN,
	REASON_TUNNEL_TRUNCATED,
	REASON_TUNNEL_HEADER,
	REASON_TUNNEL_PAYLOAD,
	REASON_TUNNEL_DEPTH,
	REASON_NOT_LINEAR,
	REASON_COUNT,
};

/* How the sender of a dropped packet was answered. If its rule has `reject`, all values but ANSWER_NONE are counted. */
enum weir_answer {
	ANSWER_NONE,
	ANSWER_RESET,
	ANSWER_PROHIBITED,
	ANSWER_UNFIT,	   /* it must not be answered, such as a reset, an ICMP error or multicast */
	ANSWER_SUPPRESSED, /* the limit of answers per second was reached */
	ANSWER_FAILED,	   /* the packet could not be overwritten with the answer */
	ANSWER_COUNT,
};

/* Places in the kernel that can fail. Each has a counter of its own. */
enum weir_fault {
	FAULT_FLOW_INSERT,
	FAULT_OPENING_INSERT,
	FAULT_BLOCKED_INSERT,
	FAULT_FRAGMENT_INSERT,
	FAULT_OWNER_INSERT,
	FAULT_LISTENER_INSERT,
	FAULT_CGROUP_MADE,
	FAULT_PROGRAM_TOLD,
	FAULT_IDENTITY_INSERT,
	FAULT_COMMAND_UNREAD,
	FAULT_PATTERN_STEPS,
	FAULT_PULL,
	FAULT_INTERFACE_UNKNOWN,
	FAULT_CLASSIFY,
	FAULT_CONDITIONS_FULL,
	FAULT_RATE_INSERT,
	FAULT_RATE_RACE,
	FAULT_CONNECTION_INSERT,
	FAULT_DROP_INSERT,
	FAULT_LOCAL_END_INSERT,
	FAULT_CONNECTION_TOLD,
	FAULT_LISTENING_INSERT,
	FAULT_BINDING_INSERT,
	FAULT_SOCKET_FLOW_INSERT,
	FAULT_SYN_INSERT,
	FAULT_CONNECT_CALL_INSERT,
	FAULT_LISTEN_CALL_INSERT,
	FAULT_COUNT,
};

/* The words that every packet reads: which rule set is in force, whether there are bans, and, last of all, the mode. */
struct control {
	__u32 generation;   /* of the rule set; odd generations are in copy 1 of the tables, and even ones in copy 0 */
	__u32 mode;	    /* enum weir_mode */
	__u32 bans;	    /* enum weir_ban_flag */
	__u32 week_seconds; /* to add to the boot clock, for the seconds since Monday 00:00, local time */
	__u32 translates;   /* 1: netfilter may redirect packets that arrive: see flow/netfilter.h */
	__u32 tunnel_forms; /* bit n: there is a tunnel device of form n of enum weir_tunnel_form */
	__u64 release_jiffies; /* nothing is dropped from this time on, whatever the mode; 0: there is no such time */
	__u64 release_ns;      /* the same time on CLOCK_MONOTONIC, for user space */
	__u64 grace_jiffies;   /* until this time a SYN+ACK is believed without its SYN: see flow/syns.h */
	__u32 notes_arriving;  /* 1: some forwarded SYNs leave unseen, so that SYNs that arrive are noted, too */
	__u32 reserved;
};

#endif
