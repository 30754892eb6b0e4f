/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables that all programs share. User space creates each once, pins it, and hands it to every object
 * that names it. A program loads only those it uses.
 */
#ifndef WEIR_MAPS_H
#define WEIR_MAPS_H

#include "base/kernel.h"

/* 0 -> the root of the tables, and the mode. Mapped by user space: a flip is one store. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
} control SEC(".maps");

/* copy (0, 1) -> what a rule set says beside its rules */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct policy);
} policies SEC(".maps");

/* 64 bytes of what search.h searches: a matcher, a table, a bucket, eight bitmaps */
struct cell {
	__u64 words[8];
};

/* copy * cells_a_copy + cell; user space sizes it */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct cell);
} cells SEC(".maps");

/* copy * rule_slots + slot -> what the rule does; user space sizes it */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct rule);
} rules SEC(".maps");

/* slot -> counters of the rule; outlives both copies; user space sizes it */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rule_counter);
} rule_counters SEC(".maps");

/* ifindex modulo LIMIT_INTERFACE_PLACES, or the place that `interfaces_apart` names -> what the interface means */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LIMIT_INTERFACE_PLACES + LIMIT_INTERFACES_APART);
	__type(key, __u32);
	__type(value, struct interface_entry);
} interfaces SEC(".maps");

/* ifindex of an interface whose place another one has -> its place in `interfaces`; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LIMIT_INTERFACES_APART);
	__type(key, __u32);
	__type(value, __u32);
} interfaces_apart SEC(".maps");

/* interface slot -> packets and bytes by direction, transport and verdict */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LIMIT_INTERFACE_SLOTS);
	__type(key, __u32);
	__type(value, struct traffic);
} traffic SEC(".maps");

/* enum weir_reason -> packets that could not be decided */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASON_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} undecided SEC(".maps");

/* enum weir_answer -> packets */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ANSWER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} answers SEC(".maps");

/* 0 -> second and how many answers were sent in it: see limiter.h */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} answer_limiter SEC(".maps");

/* enum weir_fault -> how often that place failed */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FAULT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} faults SEC(".maps");

/* enum weir_flow_count -> flows inserted and deleted by the kernel side */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNT_FLOW_TABLES);
	__type(key, __u32);
	__type(value, struct flow_counter);
} flow_counters SEC(".maps");

/* 0 -> what is asked before any ban is looked up */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ban_root);
} ban_root SEC(".maps");

/* hash of an IPv4 /24 -> bans in it, all members of set 0; user space sizes it */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct network_line);
} ban_lines SEC(".maps");

/* prefix -> until when it is banned */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1048576);
	__type(key, struct network_key);
	__type(value, struct network_sets);
} ban_prefixes SEC(".maps");

/* The same for the sets that rules name. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct network_root);
} set_root SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct network_line);
} set_lines SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1048576);
	__type(key, struct network_key);
	__type(value, struct network_sets);
} set_prefixes SEC(".maps");

/* TCP connections whose opener acknowledged the answer of the other end */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 98304);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

/*
 * Connections of other protocols whose opener went on after the other end had answered. A forger can do that without seeing the
 * answer, so that they have room of their own: a flood of them evicts no TCP connection.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 30720);
	__type(key, struct flow_key);
	__type(value, struct flow);
} unproven_flows SEC(".maps");

/*
 * Connections that may be forged, so that a flood evicts nothing but itself: those opened from outside, and those opened from
 * here, which a flood from outside must not push out either.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct flow_key);
	__type(value, struct flow);
} openings_in SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow_key);
	__type(value, struct flow);
} openings_out SEC(".maps");

/*
 * Questions by ICMP and what answers them, by who asks. They have room of their own, and stay there: anyone can forge them, and
 * most hosts answer.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct flow_key);
	__type(value, struct flow);
} pings_in SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow_key);
	__type(value, struct flow);
} pings_out SEC(".maps");

/* A local TCP socket has a flow at each watched interface that its packets pass: two are enough for all but odd routes. */
#define FLOWS_OF_SOCKET 2

struct socket_place {
	__u64 cookie;
	__u32 place; /* below FLOWS_OF_SOCKET */
	__u32 reserved;
};

/* local TCP socket -> its flow: see registered.h */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct socket_place);
	__type(value, struct flow_key);
} socket_flows SEC(".maps");

/* ends of a SYN that passed -> its numbers: see syns.h */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ends);
	__type(value, struct syn);
} syns SEC(".maps");

/* 0 -> SYN+ACKs that were believed only because the agent had just started */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} believed SEC(".maps");

/* 0 -> 1 once a program that watches the states of TCP sockets has run */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} sockets_watched SEC(".maps");

/* connections that detect lets go on although they would be dropped: see blocked.h */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow_key);
	__type(value, struct flow);
} blocked_flows SEC(".maps");

#define BLOCKED_HINT_BITS 14

/* place that the hash of a connection's ends names -> more of that hash if it is likely to be in `blocked_flows`: see hints.h */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << BLOCKED_HINT_BITS);
	__type(key, __u32);
	__type(value, __u32);
} blocked_hints SEC(".maps");

/* who is counted for a rule -> when all that came so far is due: see rate.h */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct meter_key);
	__type(value, __u64);
} rates SEC(".maps");

/* who is counted for a rule -> how many connections are open: see connections.h */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct meter_key);
	__type(value, __s64);
} open_connections SEC(".maps");

#define EVENTS_SIZE (8 * 1024 * 1024)

/* records for user space, all struct event */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENTS_SIZE);
} events SEC(".maps");

/* 0 -> what became of the records */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_counter);
} event_counters SEC(".maps");

/* enum weir_event_type -> how often processes did that with sockets */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EVENT_COUNT);
	__type(key, __u32);
	__type(value, struct socket_counter);
} socket_counters SEC(".maps");

/* socket -> it was told to pass the egress hooks: see bypass.h */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u8);
} bypassing SEC(".maps");

/* 0 -> bit n: programs see how calls end that have the number n in enum weir_call; user space writes it */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} traced_calls SEC(".maps");

/* 0 -> 1 once a 32-bit program was seen on this 64-bit host */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} seen_32bit SEC(".maps");

/* error number -> how often the network told it to a socket */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LIMIT_SOCKET_ERRORS);
	__type(key, __u32);
	__type(value, __u64);
} socket_errors SEC(".maps");

/* socket cookie -> who made and who last used it */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct owner);
} owners SEC(".maps");

/* The same of TCP sockets that listen: many others would push one that is hardly asked for out of the owners. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct owner);
} listeners SEC(".maps");

/* where it listens -> which socket does */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct listening_place);
	__type(value, struct listening);
} listening_places SEC(".maps");

/* address behind a device -> the network namespaces of this host that have it; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct behind_key);
	__type(value, struct behind);
} behind_devices SEC(".maps");

/* where a tunnel device of this host takes packets out -> 1, or a port of its own -> enum tunnel_kind; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LIMIT_TUNNEL_ENDS);
	__type(key, struct tunnel_end);
	__type(value, __u32);
} tunnel_ends SEC(".maps");

/* address of this host -> 1; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LIMIT_OWN_ADDRESSES);
	__type(key, struct own_address);
	__type(value, __u32);
} own_addresses SEC(".maps");

/* local end -> enum weir_led */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct local_end);
	__type(value, __u8);
} local_ends SEC(".maps");

/* what others dropped -> how often: see drops.bpf.c */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct drop_key);
	__type(value, struct drop);
} drops SEC(".maps");

/* enum skb_drop_reason -> packets that others dropped */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LIMIT_DROP_REASONS);
	__type(key, __u32);
	__type(value, __u64);
} drop_reasons SEC(".maps");

/* 0 -> a program of weir's has just answered that the packet be dropped */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} own_drop SEC(".maps");

#endif
