/* SPDX-License-Identifier: GPL-2.0 */
/* What everything else speaks in: limits, verdicts, reasons, and the root of all tables. */
#ifndef WEIR_WIRE_COMMON_H
#define WEIR_WIRE_COMMON_H

#include <linux/types.h>

/* Sizes both sides rely on. An enum, because BTF carries enums and not macros. */
enum weir_limit {
	LIMIT_SCHEDULE = 4,		/* spans of one rule */
	LIMIT_VLANS = 8,		/* ranges of one rule */
	LIMIT_CONDITIONS = 8,		/* conditional rules one flow may carry */
	LIMIT_RULES = 131072,		/* rule slots at most, the reserved ones included */
	LIMIT_TABLES = 64,		/* of one index */
	LIMIT_LIST = 1024,		/* matchers that one key leads to */
	LIMIT_BUCKETS_PROBED = 4,	/* in a row, before a key is missing */
	LIMIT_INTERFACE_PLACES = 16384, /* an interface is looked for by ifindex modulo this first */
	LIMIT_INTERFACES_APART = 16384, /* interfaces whose place another one has */
	LIMIT_TUNNEL_ENDS = 4096,	/* of tunnel devices of this host */
	LIMIT_OWN_ADDRESSES = 16384,	/* of this host */
	LIMIT_INTERFACE_SLOTS = 256,	/* interfaces counted on their own; slot 0 is "other" */
	LIMIT_FAILSAFE_PREFIXES = 32,
	LIMIT_FAILSAFE_SESSIONS = 8,
	LIMIT_MANAGEMENT_PORTS = 16,
	LIMIT_EXTENSION_HEADERS = 8,
	LIMIT_VLAN_TAGS = 2,
	LIMIT_FRAGMENT_RANGES = 8,
	LIMIT_COUNTER_SHARDS = 4,
	LIMIT_BAN_EXCEPTIONS = 32,
	LIMIT_SETS = 64,		/* of addresses */
	LIMIT_NETWORK_LINES_PROBED = 8, /* in a row */
	LIMIT_NETWORK_LENGTHS = 48,	/* of prefixes of one family that are not in lines */
	LIMIT_DROP_REASONS = 256,	/* of the kernel, counted each; the last is for all that are beyond */
	LIMIT_NAMESPACES = 4,		/* that have one address behind one device */
	LIMIT_HISTOGRAM_BUCKETS = 24,
	LIMIT_SOCKET_ERRORS = 256,    /* error numbers, counted each; the last is for all that are beyond */
	LIMIT_PROGRAM_CALLS = 4096,   /* programs, calls and errors that are counted with each other */
	LIMIT_KINDS = 256,	      /* of processes, that rules of one set tell apart */
	LIMIT_PATTERNS = 1024,	      /* texts of these kinds */
	LIMIT_PATH = 1024,	      /* of an executable, as far as it is compared: the start of it */
	LIMIT_COMMAND = 512,	      /* of a command, as far as it is compared: the start of it */
	LIMIT_DROPS_A_SECOND = 10000, /* told with their connections; the others are only counted */
};

/* The hashes that both sides compute. Multiplying by HASH_SCATTER spreads a number over 32 bits. */
enum weir_hash {
	HASH_SCATTER = 0x9e3779b1,
	HASH_BUCKET_SHIFT = 8,	/* from the tag of a key, scattered, to its first bucket: see find_list */
	HASH_LINE_SHIFT = 4,	/* from 24 bits of an IPv4 address, scattered, to their first line: see sets_in_lines */
	HASH_IPV6 = 0x85ebca77, /* of the upper half of 64 bits of an IPv6 address, in a pruner: see first_bits */
	HASH_SOURCE_0 = 0x9e3779b1, /* the words of a key: see key_tag */
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

/* What happened to a packet; the classes exclude each other. */
enum weir_verdict {
	VERDICT_PASSED,
	VERDICT_DROPPED,
	VERDICT_WOULD_DROP, /* it passed in detect, and prevent would have dropped it */
	VERDICT_UNDECIDED,
	VERDICT_CARRIED, /* it passed in detect, and prevent would never have met it: its connection would have been dropped before */
	VERDICT_COUNT,
};

/* How traffic counters group protocols. */
enum weir_transport {
	TRANSPORT_TCP,
	TRANSPORT_UDP,
	TRANSPORT_ICMP,
	TRANSPORT_OTHER,
	TRANSPORT_COUNT
};

/* Rule slots that stand for what no rule decided. Rules of the operator start at SLOT_FIRST_RULE. */
enum weir_slot {
	SLOT_DEFAULT = 0,  /* defaults.action */
	SLOT_FAILSAFE = 1, /* absolute or management failsafe */
	SLOT_ON_ERROR = 2, /* undecided: defaults.on_error */
	SLOT_BAN = 3,	   /* the address is banned */
	SLOT_FIRST_RULE = 16,
	SLOT_NONE = 0xffffffff,
};

/* Why a packet could not be decided. Names become the values of error.type. */
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

/* What the sender of a dropped packet was told. Where its rule wants that, all but "none" are counted. */
enum weir_answer {
	ANSWER_NONE,
	ANSWER_RESET,
	ANSWER_PROHIBITED,
	ANSWER_UNFIT,	   /* nothing may be said to it, as to a reset, an error, or a group */
	ANSWER_SUPPRESSED, /* more than so many a second */
	ANSWER_FAILED,	   /* it could not be rewritten */
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

/* The words every packet reads: the root of the rule tables, whether anybody is banned, and, last of all, the mode. */
struct control {
	__u32 generation;   /* odd and even generations live in copy 1 and copy 0 of the tables */
	__u32 mode;	    /* enum weir_mode */
	__u32 bans;	    /* enum weir_ban_flag */
	__u32 week_seconds; /* on top of those of the boot clock: since Monday 00:00, local time */
	__u32 translates;   /* netfilter may lead elsewhere what comes: see netfilter.h */
	__u32 tunnel_forms; /* bit n: a tunnel device leaves open what enum weir_tunnel_form says in n, TUNNEL_AT_PORT included */
	__u64 release_jiffies; /* nothing is dropped from then on, whatever the mode; 0: the mode holds for ever */
	__u64 release_ns;      /* the same moment on CLOCK_MONOTONIC, for user space */
	__u64 grace_jiffies; /* a SYN+ACK that nothing asked for is believed until then: its SYN may be older than the agent */
	__u32 notes_arriving; /* 1: not every SYN that this host forwards is seen leaving, so that those that come are noted, too */
	__u32 reserved;
};

#endif
