/* SPDX-License-Identifier: GPL-2.0 */
/* A rule set without its matchers, and the interfaces that it knows. */
#ifndef WEIR_WIRE_RULES_H
#define WEIR_WIRE_RULES_H

#include "bans.h"
#include "common.h"
#include "meters.h"

/* One TCP connection of an operator: the remote end and the local port. */
struct failsafe_session {
	__u64 address_be[2];
	__u16 remote_port;
	__u16 local_port;
	__u32 in_use;
};

/* Defaults, failsafes and limits of a rule set. Each copy of the tables has one. */
struct policy {
	__u32 generation;
	__u32 judges_invalid; /* 1: a rule asks for STATE_INVALID */
	__u32 front;	  /* cell of this copy at which the front begins (see decide/search.h); 0: there is no front */
	__u32 asked_sets; /* MATCH_SOURCE_SET, MATCH_DESTINATION_SET: which ends matchers compare with sets */
	__u32 kinds;	  /* 1 + the place of the edition of kinds; 0: no rule asks for processes */
	__u32 refuses_bypass; /* 1: in prevent mode, sockets cannot begin to bypass the egress hooks */
	__u8 default_action;  /* enum weir_action */
	__u8 on_error[2];     /* enum weir_action by enum weir_direction */
	__u8 inspect_tunnels;
	__u32 events_per_second; /* limit of each slot whose rule has no limit of its own */
	__u32 failsafe_prefix_count;
	__u32 management_port_count;
	__u16 management_ports[LIMIT_MANAGEMENT_PORTS];
	struct failsafe_session sessions[LIMIT_FAILSAFE_SESSIONS];
	struct failsafe_prefix failsafe_prefixes[LIMIT_FAILSAFE_PREFIXES];
};

/* The state of the connection of a packet, as rules ask for it. */
enum weir_state {
	STATE_NEW, /* the other end has not replied yet */
	STATE_ESTABLISHED,
	STATE_RELATED, /* an ICMP error about the connection */
	STATE_INVALID, /* TCP that neither opens a connection nor belongs to one */
};

/* A span of a schedule, on each of these days. A span that ends before it begins goes over midnight. */
struct rule_span {
	__u16 days; /* bit 0 Monday; 0: no span */
	__u16 from; /* minute of the day */
	__u16 to;
};

/*
 * A range of VLANs. Each number is one more than the identifier, and 1 means no tag. If `last` is 0, there is no range.
 */
struct rule_vlans {
	__u16 first;
	__u16 last;
};

/* The action of a rule, and its conditions on packets. Each copy of the tables has one for each slot. */
struct rule {
	__u8 action;		 /* enum weir_action */
	__u8 flags;		 /* enum weir_rule_flag */
	__u8 tcp_flags_mask;	 /* TCP flags that are compared ... */
	__u8 tcp_flags_value;	 /* ... and the values that they must have */
	__u32 events_per_second; /* 0: that of struct policy */
	/* Conditions. A condition that is 0 asks for nothing. */
	__u32 longer_than; /* age of the connection in seconds */
	__u32 shorter_than;
	__u8 states;				   /* bit n: state n of enum weir_state */
	__u8 rate_per_connection;		   /* 1: the rate counts connections, and not packets */
	__u8 rate_by;				   /* enum weir_meter */
	__u8 connections_by;			   /* enum weir_meter */
	__u32 expires;				   /* second of the boot clock; 0: never */
	__u64 identity;				   /* as in struct meter_key */
	__u64 rate_interval;			   /* ns between two packets at the rate */
	__u64 rate_burst;			   /* ns that packets may come early */
	struct rule_span schedule[LIMIT_SCHEDULE]; /* filled from its start */
	__u64 dscp;				   /* bit n: the rule matches DSCP n */
	struct rule_vlans vlans[LIMIT_VLANS];	   /* filled from its start */
	__u32 connections_over;
	__u16 kind;	  /* of the process, if the matcher has MATCHER_OF_KIND */
	__u16 other_kind; /* excluded kind, if the matcher has MATCHER_OF_OTHER_KIND */
};

/*
 * Counters of a rule. CPUs share a few shards, so that they seldom write the same cache line. They stay when the rules
 * change.
 */
struct rule_counter_shard {
	__u64 packets;
	__u64 bytes;
	__u64 flows;
	__u64 would_drop;
	__u64 dropped;
	__u64 events_suppressed;
	__u64 last_hit_jiffies;
	__u64 limiter; /* only in shard 0: as in base/limiter.h */
};

struct rule_counter {
	struct rule_counter_shard shards[LIMIT_COUNTER_SHARDS];
};

enum weir_interface_flag {
	INTERFACE_NO_ETHERNET = 1 << 0, /* its frames have no Ethernet header, and start at the IP header */
	INTERFACE_LOOPBACK = 1 << 1,
	INTERFACE_UNKNOWN =
		1 << 2, /* only in struct frame: weir does not know the interface, and not how its frames begin */
};

/* An interface that weir watches: see find_interface in parse/interfaces.h. */
struct interface_entry {
	__u32 ifindex;
	__u16 slot;
	__u16 flags;	 /* enum weir_interface_flag */
	__u64 groups[2]; /* groups of interfaces that rules name, by copy of the rules, a bit a group */
};

#endif
