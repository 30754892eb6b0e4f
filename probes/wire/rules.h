/* SPDX-License-Identifier: GPL-2.0 */
/* A rule set, but for its matchers; and the interfaces it knows. */
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

/* The part of a rule set that is not rules. One a copy. */
struct policy {
	__u32 generation;
	__u32 judges_invalid; /* 1: some rule asks for STATE_INVALID */
	__u32 front;	  /* cell, of this copy, where the front of the rules begins (see search.h); 0: there is none */
	__u32 asked_sets; /* MATCH_SOURCE_SET, MATCH_DESTINATION_SET: some matcher asks */
	__u32 kinds;	  /* 1 + the place of the kinds of processes that the rules tell apart; 0: none */
	__u32 refuses_bypass; /* 1: sockets may not begin to pass the egress hooks unseen */
	__u8 default_action;  /* enum weir_action */
	__u8 on_error[2];     /* enum weir_action by enum weir_direction */
	__u8 inspect_tunnels;
	__u32 events_per_second; /* limit a rule slot, for slots that set none */
	__u32 failsafe_prefix_count;
	__u32 management_port_count;
	__u16 management_ports[LIMIT_MANAGEMENT_PORTS];
	struct failsafe_session sessions[LIMIT_FAILSAFE_SESSIONS];
	struct failsafe_prefix failsafe_prefixes[LIMIT_FAILSAFE_PREFIXES];
};

/* How a packet stands to its connection. */
enum weir_state {
	STATE_NEW, /* nobody has answered yet */
	STATE_ESTABLISHED,
	STATE_RELATED, /* an ICMP error about the connection */
	STATE_INVALID, /* TCP that neither opens a connection nor belongs to one */
};

/* Of each of these days; one that ends before it begins goes over midnight. */
struct rule_span {
	__u16 days; /* bit 0 Monday; 0: no span */
	__u16 from; /* minutes of the day */
	__u16 to;
};

/* VLANs: each number is one more than an identifier, and 1 stands for no tag. Where `last` is 0, there is no range. */
struct rule_vlans {
	__u16 first;
	__u16 last;
};

/* What a slot does once a matcher has named it, and what it asks of each packet. One a copy. */
struct rule {
	__u8 action;		 /* enum weir_action */
	__u8 flags;		 /* enum weir_rule_flag */
	__u8 tcp_flags_mask;	 /* which flag bits are compared ... */
	__u8 tcp_flags_value;	 /* ... and with what */
	__u32 events_per_second; /* 0: the policy's */
	/* Conditions, each of which asks nothing where it is 0. */
	__u32 longer_than; /* seconds */
	__u32 shorter_than;
	__u8 states;				   /* bit n: enum weir_state n */
	__u8 rate_per_connection;		   /* 1: `rate` is one of connections, not of packets */
	__u8 rate_by;				   /* enum weir_meter */
	__u8 connections_by;			   /* enum weir_meter */
	__u32 expires;				   /* second of the boot clock */
	__u64 identity;				   /* as in struct meter_key */
	__u64 rate_interval;			   /* ns that one packet takes */
	__u64 rate_burst;			   /* ns that packets may come too early */
	struct rule_span schedule[LIMIT_SCHEDULE]; /* filled from the front */
	__u64 dscp;				   /* bit n: DSCP n is one of those that are asked for */
	struct rule_vlans vlans[LIMIT_VLANS];	   /* filled from the front */
	__u32 connections_over;
	__u16 kind;	  /* of processes, where a matcher asks for it ... */
	__u16 other_kind; /* ... and the kind that it leaves out */
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
	__u64 limiter; /* shard 0 only: second (high 32 bits) and events in it (low 32 bits) */
};

struct rule_counter {
	struct rule_counter_shard shards[LIMIT_COUNTER_SHARDS];
};

enum weir_interface_flag {
	INTERFACE_NO_ETHERNET = 1 << 0, /* frames start at the IP header */
	INTERFACE_LOOPBACK = 1 << 1,
	INTERFACE_UNKNOWN =
		1 << 2, /* only in struct packet: it is in no table, so that nobody knows what its frames begin with */
};

/* What a packet's interface means: see find_interface in observe.h. */
struct interface_entry {
	__u32 ifindex;
	__u16 slot;
	__u16 flags;	 /* enum weir_interface_flag */
	__u64 groups[2]; /* rule interface groups it is in, by copy */
};

#endif
