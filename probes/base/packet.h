/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One packet as both hooks see it, filled by the parsers. It lives in per-CPU memory and not on the stack:
 * the verifier then forgets what a parser knew about it, so that parsers add up instead of multiplying.
 */
#ifndef WEIR_PACKET_H
#define WEIR_PACKET_H

#include "base/maps.h"

enum packet_flag {
	PACKET_HAS_ADDRESSES = 1 << 0, /* source and destination are known */
	PACKET_HAS_PORTS = 1 << 1,     /* layer 4 is known as far as its protocol goes */
	PACKET_FIRST_FRAGMENT = 1 << 2,
	PACKET_LATER_FRAGMENT = 1 << 3,
	PACKET_LAST_FRAGMENT = 1 << 4,
	PACKET_ICMP_ERROR = 1 << 5,
	PACKET_NO_IP = 1 << 6,		 /* ARP, LLDP and the like: not judged */
	PACKET_GSO = 1 << 7,		 /* length fields may be zero */
	PACKET_FRAGMENT_HEADER = 1 << 8, /* an IPv6 fragment header was seen, be it an atomic one */
	PACKET_RELATED = 1 << 9,	 /* of an ICMP error: `related` holds the connection it is about */
	PACKET_IPV6 = 1 << 10,
	PACKET_PARTIAL = 1 << 11,	/* carried by a first fragment: its end comes in another packet */
	PACKET_NO_PROTOCOL = 1 << 12,	/* a later IPv6 fragment, whose own word for it is not believed */
	PACKET_ICMP_ANSWER = 1 << 13,	/* belongs to a question, and opens nothing */
	PACKET_TRANSLATED = 1 << 14,	/* on its way through this host; `sent` is how it came */
	PACKET_DOUBTED = 1 << 15,	/* its receiver listens here, but it may be led elsewhere */
	PACKET_SOUGHT = 1 << 16,	/* `cookie` is known, or known to be of nobody */
	PACKET_LED = 1 << 17,		/* netfilter leads it elsewhere, or may where nobody listens here */
	PACKET_QUOTED_IS_LOW = 1 << 18, /* of an ICMP error: the sender of the packet that it quotes is the low end */
	PACKET_CARRIES_FAILSAFE = 1 << 19, /* a tunnel that ends here, around what always passes: see carried.h */
	PACKET_CARRIED = 1 << 20,	   /* prevent would never have met it: see blocked.h */
	/* How it stands to its flow. Here and not on the stack, because the verifier would follow every combination. */
	PACKET_OFFERS = 1 << 21, /* a SYN of the flow's opener that is none of the flow's: it may come to succeed it */
	PACKET_SUCCEEDS = 1 << 22, /* the opener goes on with a connection whose SYN the flow had noted */
	PACKET_AT_DEVICE_PORT =
		1 << 23,	   /* a tunnel by the port of a device of this host: only failsafes look into it */
	PACKET_SUSPENDS = 1 << 24, /* as it does, the flow is closed, until the verdict says whether it is replaced */
	PACKET_REPLACES = 1 << 25, /* a flow that it is no part of may stand in the place of its connection */
	PACKET_FRAGMENT = PACKET_FIRST_FRAGMENT | PACKET_LATER_FRAGMENT,
};

enum tunnel_kind {
	TUNNEL_NONE,
	TUNNEL_GRE,
	TUNNEL_IPIP,
	TUNNEL_VXLAN,
	TUNNEL_GENEVE
};

/* What rules compare: the packet's own fields, or those of the packet that opened its connection. */
struct tuple {
	__u64 source_be[2];
	__u64 destination_be[2];
	__u16 source_port;
	__u16 destination_port;
	__u8 protocol;
	__u8 direction;
	__u8 icmp_type;
	__u8 icmp_code;
};

/* Where classification stands: see search.h. Orders are those of rules; the lowest wins. */
struct search {
	__u64 source[2]; /* as numbers, as in struct matcher */
	__u64 destination[2];
	__u64 source_sets; /* that the address is in, where a matcher asks */
	__u64 destination_sets;
	__u64 tables;	  /* still to be probed, a bit each */
	__u32 first_cell; /* of the part of the rules at hand */
	__u32 ports;
	__u32 protocol;
	__u32 first_table;
	__u32 first_bucket;
	__u32 bucket_mask;
	__u32 list;  /* cell of the matcher list at hand */
	__u32 order; /* of the deciding rule */
	__u32 slot;
	__u32 blocks;
	__u32 staged_order; /* of the first staged match */
	__u32 staged_slot;
	__u32 doubtful_allow; /* of rules that match unless the unknown part speaks against it */
	__u32 doubtful_block;
	__u32 condition_keys[LIMIT_CONDITIONS]; /* twice the order, and 1 where it only perhaps matches */
	__u32 condition_overflow;		/* lowest that found no room */
};

/* What conditions ask of a packet beside its headers; set before they are walked. */
struct circumstances {
	__u64 age;   /* of its connection, in jiffies */
	__u32 state; /* enum weir_state */
	bool by_opener;
	bool opens; /* if it passes, it makes a flow */
	__u8 tcp_flags;
};

/* Where the look-up of prefixes stands: see networks.h. Here and not on the stack, which calls share. */
struct prefix_walk {
	__u64 address[2]; /* as numbers */
	__u64 lengths[2]; /* still to be asked for */
	struct network_key key;
	__u64 sets;
	__u32 any; /* one is enough */
};

struct packet {
	struct outcome outcome;

	/* Up to `direction`, reset_packet (observe.h) clears what a parser may leave unset. */
	struct tuple tuple; /* as on the wire */
	__u64 offset;	    /* of the parser, from the start of the frame */
	__u32 flags;	    /* enum packet_flag */
	__u32 missing;	    /* bytes of a partial packet that are not in this frame */
	__u32 l3_offset;
	__u32 l4_offset;
	__u32 header_end;     /* end of the layer 4 header: what each GSO segment repeats */
	__u32 fragment_start; /* place of its first byte in the datagram */
	__u32 tunnel;	      /* as in struct flow_key */
	__u32 tunnel_high;
	__u32 inner_kind;     /* enum tunnel_kind of a tunnel header at inner_offset */
	__u32 inner_protocol; /* ethertype of what is inside, 0 when the tunnel header says */
	__u16 vlan[LIMIT_VLAN_TAGS];
	__u8 vlan_count;
	__u8 dscp;
	__u8 tcp_flags;
	__u8 hop_limit;
	__u8 protocol;
	__u32 direction;

	__u32 frame_length; /* bytes that belong to the packet, as far as it is parsed; not all may be linear */
	__u32 wire_packets;
	__u32 wire_bytes;
	__u32 inner_offset;
	__u32 sequence_end; /* TCP sequence number behind its last byte; SYN and FIN count as one each */
	__u32 acknowledgement;
	__u32 fragment_id;
	__u32 fragment_offset; /* where its bytes start in the frame */

	__u32 which; /* enum which: where this struct is found again */
	__u32 ifindex;
	__u32 interface_slot;
	__u32 interface_flags;
	__u64 interface_groups;
	__u32 generation;
	__u32 copy;
	__u32 bans;	    /* anybody is banned */
	__u32 tunnel_forms; /* as in struct control */
	__u32 in_detect;    /* 1: the mode was detect when it came */

	struct flow_key key;	 /* of its connection */
	struct flow_key related; /* of the connection an ICMP error is about */
	__u32 hint;		 /* of its connection, and where it would be: see hints.h */
	__u32 hint_place;
	struct tuple opener; /* of the connection; set before classification */
	struct tuple ended;  /* room for the opener of another connection that ends by this packet */
	__u64 cookie;	     /* of the local socket: see socket.h */
	__u64 listener;	     /* cookie of the one that its sender came to, if nobody was seen using that */
	struct ends sent;    /* as its sender has it, where that is another way: see translation.h */
	/* How it stands to its connection. Here and not on the stack, where the verifier would tell all their values apart. */
	union {
		__u64 standing;
		struct {
			bool source_low;
			bool by_opener;
			bool one_way; /* the flow is not confirmed, and lives in `openings` or `pings` */
			bool apart; /* a SYN towards the opener: a connection of its own, which leaves the flow alone */
			bool opens; /* if it passes, it makes a flow */
			bool invalid; /* TCP of a connection that nobody knows to be one */
			bool trusted; /* the peer passes whatever the rules say */
		};
	};
	struct decision decision; /* what classification answered */
	struct {
		__u32 slot;
		__u8 type; /* enum weir_event_type */
		bool staged;
	} statement; /* that is told of it */
	struct circumstances circumstances;
	struct search search;
	struct prefix_walk walk;
	struct known_kinds kinds; /* of the local process, where rules ask: see kinds.h */
};

/* What bpf_loop hands on. */
struct packet_context {
	struct packet *packet;
};

enum which {
	OUTER,
	INNER
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct packet);
} scratch SEC(".maps");

/*
 * This CPU's packet: the frame's own (OUTER), or the one in its tunnel (INNER). Functions that are not static take
 * `which` and look it up: the verifier then goes through them once by themselves, and not again for every state
 * that a caller can be in.
 */
static __always_inline struct packet *packet_in_scratch(__u32 which)
{
	return bpf_map_lookup_elem(&scratch, &which);
}

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10
};

/* Is it dropped, or would prevent drop it, or never have met it? Known once there is a verdict. */
static __always_inline bool is_blocked(const struct packet *packet)
{
	return packet->outcome.verdict == VERDICT_DROPPED || packet->outcome.verdict == VERDICT_WOULD_DROP ||
	       packet->outcome.verdict == VERDICT_CARRIED;
}

/* An IPv4 address as ::ffff:a.b.c.d. */
static __always_inline void map_ipv4(__u64 out[2], __be32 address)
{
	out[0] = 0;
	out[1] = (__u64)address << 32 | bpf_htonl(0xffff);
}

static __always_inline bool is_mapped(const __u64 address[2])
{
	return !address[0] && (__u32)address[1] == bpf_htonl(0xffff);
}

static __always_inline void copy_ipv6(__u64 out[2], const void *address)
{
	const __u32 *words = address;

	out[0] = (__u64)words[1] << 32 | words[0];
	out[1] = (__u64)words[3] << 32 | words[2];
}

#endif
