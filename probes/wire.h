/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel programs and user space both read. This is the only definition of these shapes: set-up
 * builds the objects, reads their BTF and writes agent/generated/layout.ts from it.
 *
 * Byte order: a field named *_be is in network order, every other integer is in host order. An IPv4 address
 * is held as ::ffff:a.b.c.d, so that one comparison serves both families.
 */
#ifndef WEIR_WIRE_H
#define WEIR_WIRE_H

#include <linux/types.h>

/* Sizes both sides rely on. An enum, because BTF carries enums and not macros. */
enum weir_limit {
	LIMIT_CONDITIONS = 8,		/* conditional rules one flow may carry */
	LIMIT_RULES = 131072,		/* rule slots at most, the reserved ones included */
	LIMIT_TABLES = 64,		/* of one index */
	LIMIT_LIST = 1024,		/* matchers that one key leads to */
	LIMIT_BUCKETS_PROBED = 4,	/* in a row, before a key is missing */
	LIMIT_INTERFACE_ENTRIES = 16384,/* interface look-up by ifindex modulo this */
	LIMIT_INTERFACE_SLOTS = 256,	/* interfaces counted on their own; slot 0 is "other" */
	LIMIT_FAILSAFE_PREFIXES = 32,
	LIMIT_FAILSAFE_SESSIONS = 8,
	LIMIT_MANAGEMENT_PORTS = 16,
	LIMIT_EXTENSION_HEADERS = 8,
	LIMIT_VLAN_TAGS = 2,
	LIMIT_FRAGMENT_RANGES = 8,
	LIMIT_COUNTER_SHARDS = 4,
	LIMIT_BAN_EXCEPTIONS = 32,
	LIMIT_BAN_LINES_PROBED = 8,	/* in a row */
	LIMIT_BAN_LENGTHS = 16,		/* of prefixes that are not in lines */
};

enum weir_mode { MODE_DETECT, MODE_PREVENT };
enum weir_action { ACTION_ALLOW, ACTION_BLOCK };
enum weir_direction { DIRECTION_INGRESS, DIRECTION_EGRESS };

/* What happened to a packet; the classes exclude each other. */
enum weir_verdict { VERDICT_PASSED, VERDICT_DROPPED, VERDICT_WOULD_DROP, VERDICT_UNDECIDED, VERDICT_COUNT };

/* How traffic counters group protocols. */
enum weir_transport { TRANSPORT_TCP, TRANSPORT_UDP, TRANSPORT_ICMP, TRANSPORT_OTHER, TRANSPORT_COUNT };

/* Rule slots that stand for what no rule decided. Rules of the operator start at SLOT_FIRST_RULE. */
enum weir_slot {
	SLOT_DEFAULT = 0,	/* defaults.action */
	SLOT_FAILSAFE = 1,	/* absolute or management failsafe */
	SLOT_ON_ERROR = 2,	/* undecided: defaults.on_error */
	SLOT_BAN = 3,		/* the address is banned */
	SLOT_FIRST_RULE = 16,
	SLOT_NONE = 0xffffffff,
};

/* Why a packet could not be decided. Names become the values of error.type. */
enum weir_reason {
	REASON_NONE,
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
	REASON_TUNNEL_TRUNCATED,
	REASON_TUNNEL_HEADER,
	REASON_TUNNEL_DEPTH,
	REASON_NOT_LINEAR,
	REASON_COUNT,
};

/* Places in the kernel that can fail. Each has a counter of its own. */
enum weir_fault {
	FAULT_FLOW_INSERT,
	FAULT_OPENING_INSERT,
	FAULT_SHADOW_INSERT,
	FAULT_FRAGMENT_INSERT,
	FAULT_OWNER_INSERT,
	FAULT_BOUND_INSERT,
	FAULT_PULL,
	FAULT_INTERFACE_UNKNOWN,
	FAULT_CLASSIFY,
	FAULT_CONDITIONS_FULL,
	FAULT_COUNT,
};

/* What a flow event says. */
enum weir_event_type {
	EVENT_ALLOWED = 1,
	EVENT_DETECTED,
	EVENT_BLOCKED,
	EVENT_UNDECIDED,
	EVENT_CLOSED,		/* the connection ended; counters are final */
};

struct failsafe_prefix {
	__u64 address_be[2];
	__u64 mask_be[2];
};

enum weir_ban_flag {
	BAN_ADDRESSES = 1 << 0,		/* there are bans in `ban_lines` */
	BAN_PREFIXES = 1 << 1,		/* there are bans in `ban_prefixes` */
};

/* The words every packet reads: the root of the rule tables, whether anybody is banned, and, last of all, the mode. */
struct control {
	__u32 generation;	/* odd and even generations live in copy 1 and copy 0 of the tables */
	__u32 mode;		/* enum weir_mode */
	__u32 bans;		/* enum weir_ban_flag */
	__u32 reserved;
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

/* One TCP connection of an operator: the remote end and the local port. */
struct failsafe_session {
	__u64 address_be[2];
	__u16 remote_port;
	__u16 local_port;
	__u32 in_use;
};

/* The part of a rule set that is not rules. One a copy. */
struct policy {
	__u32 generation;
	__u32 reserved;
	__u8 default_action;		/* enum weir_action */
	__u8 on_error[2];		/* enum weir_action by enum weir_direction */
	__u8 inspect_tunnels;
	__u32 events_per_second;	/* limit a rule slot, for slots that set none */
	__u32 failsafe_prefix_count;
	__u32 management_port_count;
	__u16 management_ports[LIMIT_MANAGEMENT_PORTS];
	struct failsafe_session sessions[LIMIT_FAILSAFE_SESSIONS];
	struct failsafe_prefix failsafe_prefixes[LIMIT_FAILSAFE_PREFIXES];
};

/* Fields of a matcher that compare something; an absent bit means "any". */
enum weir_match {
	MATCH_PROTOCOL = 1 << 0,
	MATCH_SOURCE_PORT = 1 << 1,
	MATCH_DESTINATION_PORT = 1 << 2,
	MATCH_ICMP_TYPE = 1 << 3,
	MATCH_ICMP_CODE = 1 << 4,
	MATCH_INTERFACE = 1 << 5,
};

enum weir_matcher_flag {
	MATCHER_LAST = 1 << 0,		/* of its list */
	MATCHER_BLOCKS = 1 << 1,
	MATCHER_STAGED = 1 << 2,	/* blocks without being enforced */
	MATCHER_CONDITIONAL = 1 << 3,	/* its rule looks at each packet of a flow */
	MATCHER_DOUBTFUL = 1 << 4,	/* matches unless what is not known of the packet speaks against it */
};

/*
 * One alternative of a rule: a rule with two sources and three port ranges is six matchers, all naming the rule's slot
 * and its place in the order of rules. It fills a cell (see classify.h).
 */
struct matcher {
	__u64 source[2];		/* upper and lower half, as numbers */
	__u64 destination[2];
	__u64 interface_groups;		/* matches when it shares a bit with the interface's groups */
	__u16 source_port_low;
	__u16 source_port_high;
	__u16 destination_port_low;
	__u16 destination_port_high;
	__u32 slot;
	__u32 order;			/* of its rule: the lowest that matches wins */
	__u8 source_length;		/* of the prefix, in 128 bits */
	__u8 destination_length;
	__u8 protocol;
	__u8 directions;		/* bit 0 ingress, bit 1 egress */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 fields;			/* enum weir_match */
	__u8 flags;			/* enum weir_matcher_flag */
};

/* Matchers whose keys have one form: so many bits of each address, and of the ports, and the protocol or not. */
struct matcher_table {
	__u64 source_mask[2];
	__u64 destination_mask[2];
	__u32 port_mask;		/* source in the upper half */
	__u32 protocol_mask;
	__u32 seed;			/* tells its keys from those of other tables */
	__u32 best;			/* lowest order of its matchers */
	__u64 reserved[2];
};

struct bucket_entry {
	__u32 tag;			/* hash of a key; 0: free, and nothing follows */
	__u32 list;			/* cell of the first matcher with such a key */
};

struct bucket {
	struct bucket_entry entries[8];
};

/* What a packet's own value of one field leaves of the tables, a bit a table. */
struct pruner {
	__u64 always;			/* tables that this field says nothing about */
	__u32 first;			/* cell of its bitmaps, eight a cell; 0: none */
	__u32 shift;			/* from a hash of 32 bits to the number of a bitmap */
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
	__u32 table_count;		/* 0: one list holds all matchers */
	__u32 first_table;
	__u32 list;
	__u32 first_bucket;
	__u32 bucket_mask;
	__u32 reserved[11];
	struct pruner pruners[8];
};

enum weir_index_kind { INDEX_IPV4, INDEX_IPV6, INDEX_IPV4_PORTLESS, INDEX_IPV6_PORTLESS, INDEX_COUNT };

enum weir_rule_flag {
	RULE_ENFORCE = 1 << 0,
	RULE_TCP_FLAGS = 1 << 1,	/* conditional: judged for each packet of the flow */
};

/* What a slot does once a matcher has named it. One a copy. */
struct rule {
	__u8 action;			/* enum weir_action */
	__u8 flags;			/* enum weir_rule_flag */
	__u8 tcp_flags_mask;		/* which flag bits are compared ... */
	__u8 tcp_flags_value;		/* ... and with what */
	__u32 events_per_second;	/* 0: the policy's */
};

/* Counters of a rule slot, spread over a few cache lines; they outlive a change of the rules. */
struct rule_counter_shard {
	__u64 packets;
	__u64 bytes;
	__u64 flows;
	__u64 would_drop;
	__u64 dropped;
	__u64 events_suppressed;
	__u64 last_hit_jiffies;
	__u64 limiter;			/* shard 0 only: second (high 32 bits) and events in it (low 32 bits) */
};

struct rule_counter {
	struct rule_counter_shard shards[LIMIT_COUNTER_SHARDS];
};

enum weir_interface_flag {
	INTERFACE_NO_ETHERNET = 1 << 0,	/* frames start at the IP header */
	INTERFACE_LOOPBACK = 1 << 1,
};

/* What a packet's interface means, by ifindex modulo LIMIT_INTERFACE_ENTRIES. */
struct interface_entry {
	__u32 ifindex;
	__u16 slot;
	__u16 flags;			/* enum weir_interface_flag */
	__u64 groups[2];		/* rule interface groups it is in, by copy */
};

struct traffic_counter {
	__u64 packets;
	__u64 bytes;
};

/* Per CPU and interface slot. */
struct traffic {
	struct traffic_counter by[2 /* direction */][TRANSPORT_COUNT][VERDICT_COUNT];
};

/* A connection, both ends normalised: the end that compares lower is `low`. */
struct flow_key {
	__u64 low_be[2];
	__u64 high_be[2];
	__u16 ports[2];			/* of the low end, of the high end */
	__u32 ifindex;
	__u32 tunnel;			/* 0 outside a tunnel, else kind << 24 | identifier */
	__u16 vlan[2];			/* 0 none, else 0x1000 | id */
	__u16 what[2];			/* the protocol; of ICMP, which end asks: 1 low, 2 high */
	__u32 reserved;
};

/* What classification answers, and a flow keeps: see decide.h. */
struct decision {
	__u32 slot;			/* the deciding rule, or SLOT_DEFAULT, SLOT_FAILSAFE, SLOT_ON_ERROR */
	__u32 staged;			/* the first staged match before it, or SLOT_NONE */
	__u8 action;			/* enum weir_action of the deciding rule */
	__u8 reason;			/* enum weir_reason when the slot is SLOT_ON_ERROR */
	__u8 condition_count;
	__u8 staged_at;			/* how many conditions stood before the staged match */
	__u32 conditions[LIMIT_CONDITIONS];
};

enum weir_flow_flag {
	FLOW_OPENER_IS_LOW = 1 << 0,
	FLOW_CLOSED = 1 << 1,		/* both ends said FIN, or one said RST; EVENT_CLOSED was due then */
};

/* What each packet of a known connection touches comes first: it then lies in few cache lines. */
struct flow {
	__u64 seen_jiffies;
	__u64 packets[2];		/* by the opener, by the other end */
	__u64 bytes[2];
	__u32 generation;		/* of the decision; GENERATION_WRITING while one CPU writes it */
	__u32 flags;			/* enum weir_flow_flag */
	__u8 direction;			/* the opener's, on this interface */
	__u8 icmp_type;			/* of the packet that opened it */
	__u8 icmp_code;
	__u8 tcp_flags[2];		/* every flag seen, by the opener, by the other end */
	__u8 reserved[3];
	struct decision decision;
	__u64 opened_ns;		/* CLOCK_MONOTONIC */
	__u64 opened_jiffies;
	__u64 cookie;			/* of the local socket, 0 if unknown */
};

enum {
	GENERATION_NONE = 0,		/* no rule set has this one */
	GENERATION_WRITING = 0xffffffff,
};

enum weir_owner_flag {
	OWNER_INHERITED = 1 << 0,	/* of an accepted connection: the listener's owner, until accept returns */
};

/* Who made or last used a socket, by socket cookie. */
struct owner {
	__u64 started_ns;		/* of the thread group leader, on the boot clock */
	__u32 pid;			/* thread group, in the initial pid namespace */
	__u32 uid;
	__u32 flags;			/* enum weir_owner_flag */
	__u32 reserved;
	char command[16];		/* of the thread group leader */
};

/* A local port in use, for packets that have no socket yet. */
struct bound_key {
	__u64 netns_cookie;
	__u16 port;
	__u8 protocol;
	__u8 reserved[5];
};

/*
 * The one record of the ring buffer. Its size is fixed, so that the ring's positions count records:
 * received = consumer position / record size, pending = (producer - consumer) / record size.
 */
struct event {
	__u64 time_ns;			/* CLOCK_MONOTONIC */
	__u64 source_be[2];		/* of the opener */
	__u64 destination_be[2];
	__u64 opened_ns;
	__u64 packets[2];
	__u64 bytes[2];
	__u64 cookie;
	__u64 owner_started_ns;
	__u32 generation;
	__u32 slot;			/* the rule this event is about */
	__u32 ifindex;
	__u32 tunnel;
	__u32 pid;
	__u32 uid;
	__u16 source_port;
	__u16 destination_port;
	__u16 vlan[2];
	__u8 type;			/* enum weir_event_type */
	__u8 verdict;			/* enum weir_verdict of the packet */
	__u8 direction;			/* the opener's */
	__u8 protocol;
	__u8 reason;			/* enum weir_reason */
	__u8 staged;			/* 1: the rule is staged, the packet was judged by a later one */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 tcp_flags[2];
	__u8 owner_flags;
	__u8 reserved[5];
	char command[16];
};

/*
 * What became of the packet this CPU judged last: the head of each element of `scratch` (0 the frame's own packet,
 * 1 the one in its tunnel). User space reads it after a test run.
 */
struct outcome {
	__u32 slot;			/* the deciding rule */
	__u32 staged;			/* the first staged match before it, or SLOT_NONE */
	__u32 action;			/* enum weir_action */
	__u32 verdict;			/* enum weir_verdict */
	__u32 reason;			/* enum weir_reason */
	__u32 tunnelled;		/* 1: a packet inside was judged, too */
};

/* Per CPU. live = inserted - deleted - evicted, so evictions follow from what is live. */
struct flow_counter {
	__u64 inserted;
	__u64 deleted;
};

/* Per CPU. emitted = what the limiter let through; lost = of those, what found the ring full. */
struct event_counter {
	__u64 emitted;
	__u64 lost;
	__u64 suppressed;
};

#endif
