/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One packet as both hooks see it, in parts by who writes them. It is in per-CPU memory and not on the stack, which has
 * only 512 bytes for a whole chain of calls. The verifier forgets what a parser wrote there, so that the states that it
 * follows for each parser add up and do not multiply.
 */
#ifndef WEIR_PACKET_H
#define WEIR_PACKET_H

#include "base/tuple.h"

/* Facts that the parsers find out about a packet. */
enum packet_flag {
	PACKET_HAS_ADDRESSES = 1 << 0, /* source and destination are known */
	PACKET_HAS_PORTS = 1 << 1,     /* layer 4 is known as far as its protocol goes */
	PACKET_FIRST_FRAGMENT = 1 << 2,
	PACKET_LATER_FRAGMENT = 1 << 3,
	PACKET_LAST_FRAGMENT = 1 << 4,
	PACKET_ICMP_ERROR = 1 << 5,
	PACKET_NO_IP = 1 << 6,		 /* ARP, LLDP and the like, which no rule judges */
	PACKET_GSO = 1 << 7,		 /* the kernel has joined several packets: their length fields may be 0 */
	PACKET_FRAGMENT_HEADER = 1 << 8, /* an IPv6 fragment header was seen, even an atomic one */
	PACKET_QUOTES = 1 << 9,		 /* an ICMP error: `quoted` is the connection of the packet that it quotes */
	PACKET_IPV6 = 1 << 10,
	PACKET_PARTIAL = 1 << 11, /* inside a tunnel whose packet is a first fragment: its end is in another frame */
	PACKET_NO_PROTOCOL = 1 << 12, /* a later IPv6 fragment, whose own next header field is not believed */
	PACKET_ICMP_REPLY = 1 << 13,  /* an ICMP reply, such as an echo reply: it opens no connection */
	PACKET_QUOTED_IS_LOW =
		1 << 14, /* the source of the packet that an ICMP error quotes is the low end of `quoted` */
	PACKET_AT_DEVICE_PORT =
		1 << 15, /* UDP to the port of a tunnel device: only the failsafes look into the tunnel */
	PACKET_FRAGMENT = PACKET_FIRST_FRAGMENT | PACKET_LATER_FRAGMENT,
};

enum tunnel_kind {
	TUNNEL_NONE,
	TUNNEL_GRE,
	TUNNEL_IPIP,
	TUNNEL_VXLAN,
	TUNNEL_GENEVE
};

/*
 * The fields of the headers. The parsers write them, and the hook writes those that the kernel keeps outside of the
 * frame.
 */
struct headers {
	struct tuple tuple; /* as on the wire */
	__u64 offset;	    /* how far the parsers have come, from the start of the frame */
	__u32 flags;	    /* enum packet_flag */
	__u32 end;	    /* where the packet ends in the frame, without padding; not all of it may be linear */
	__u32 missing;	    /* bytes of a partial packet that are not in this frame */
	__u32 l3_offset;
	__u32 l4_offset;
	__u32 header_end;   /* end of the layer 4 header: each GSO segment repeats all bytes before it */
	__u32 sequence_end; /* TCP sequence number behind its last byte; SYN and FIN count as one each */
	__u32 acknowledgement;
	__u32 fragment_id;
	__u32 fragment_start;  /* place of the first byte of a fragment in its datagram */
	__u32 fragment_offset; /* where the bytes of a fragment start in the frame */
	__u32 inner_offset;
	__u32 inner_kind;     /* enum tunnel_kind of a tunnel header at inner_offset */
	__u32 inner_protocol; /* ethertype of the packet in the tunnel; 0 when the tunnel header says it */
	__u32 tunnel;	      /* as in struct flow_key */
	__u32 tunnel_high;
	__u16 vlan[LIMIT_VLAN_TAGS];
	__u8 vlan_count;
	__u8 dscp;
	__u8 tcp_flags;
	__u8 hop_limit;
};

/* Where the frame was seen, and how many packets it is on the wire. The hook writes it. */
struct frame {
	__u64 interface_groups; /* as in struct interface_entry, of the copy in force */
	__u32 ifindex;
	__u32 interface_slot;
	__u32 interface_flags; /* enum weir_interface_flag */
	__u32 direction;       /* enum weir_direction */
	__u32 wire_packets;
	__u32 wire_bytes;
};

/* The words of `control`. start_packet reads them once, so that all tables that a packet meets are of one rule set. */
struct rule_set {
	__u32 generation;
	__u32 copy;
	__u32 bans;	    /* enum weir_ban_flag */
	__u32 tunnel_forms; /* as in struct control */
	__u32 in_detect;    /* 1: the mode was detect */
};

/*
 * The part of the packet in its connection, and its relation to local sockets. This is in memory, because on the stack
 * the verifier would follow every combination of these values.
 */
struct role {
	bool source_is_low; /* the source is the low end of the flow's key */
	bool by_opener;
	bool unconfirmed;      /* the flow is in `openings_*` or `pings_*` */
	bool separate;	       /* a SYN that begins a connection beside the one of the flow, which goes on */
	bool opens;	       /* if the packet passes, it makes a flow */
	bool invalid;	       /* TCP of a connection that nobody has seen begin */
	bool trusted;	       /* a failsafe lets it pass whatever the rules say */
	bool carries_failsafe; /* a tunnel to this host around a packet that a failsafe lets pass: see carried.h */
	bool carried;	       /* prevent would never have met it: see blocked.h */
	bool offers;	       /* a SYN of the opener with new numbers: its connection may follow that of the flow */
	bool succeeds; /* the first packet of the opener after the handshake of a connection that follows the flow's */
	bool suspends; /* the flow is closed until the verdict says whether this packet's connection replaces it */
	bool replaces; /* the packet begins another connection than the flow's, which it may replace */
	bool translated;   /* netfilter has translated it: `untranslated` holds its addresses and ports from before */
	bool socket_known; /* `cookie` is the local socket, or 0 because there is none */
	bool receiver_uncertain; /* a local socket listens there, but netfilter may redirect the packet */
	bool redirected;	 /* netfilter redirects it, or may do so where no local socket listens */
} __attribute__((aligned(8)));

/* The connection of the packet, and its local socket. It is not cleared: each member is written before it is read. */
struct connection {
	struct flow_key key;
	__u32 hint; /* see hints.h */
	__u32 hint_place;
	struct tuple opener; /* ends of the connection from its opener's side; set before classification */
	struct tuple ended;  /* memory for the opener of another connection, which this packet ends */
	__u64 cookie;	     /* of the local socket: see socket.h */
	__u64 listener;	     /* cookie of the listener that accepted its socket, if no process was seen using that */
	struct ends untranslated; /* as the sender wrote them: see translation.h */
};

/*
 * Conditions of rules ask for these facts about a packet, beside its headers. note_circumstances (conditions.h) writes
 * them.
 */
struct circumstances {
	__u64 age;   /* of its connection, in jiffies */
	__u32 state; /* enum weir_state */
	bool by_opener;
	bool opens; /* if it passes, it makes a flow */
	__u8 tcp_flags;
};

/* The event about the packet: see settle.h. */
struct report {
	__u32 slot;
	__u8 type; /* enum weir_event_type */
	bool staged;
};

/* The state of the look-up of prefixes: see networks.h. */
struct prefix_walk {
	__u64 address[2]; /* as numbers */
	__u64 lengths[2]; /* that have not been looked up yet, as in struct network_root */
	struct network_key key;
	__u64 sets;
	__u32 any; /* 1: the look-up ends with the first set that is found */
};

/*
 * The state of classification: see search.h. The order of a rule is its place among all rules; the lowest order wins.
 */
struct search {
	__u64 source[2]; /* as numbers, as in struct matcher */
	__u64 destination[2];
	__u64 source_sets; /* sets that the source is in, a bit a set; only if a matcher asks for sets */
	__u64 destination_sets;
	__u64 tables;	  /* tables that have not been probed yet, a bit a table */
	__u32 first_cell; /* of the part of the rules that is searched */
	__u32 ports;
	__u32 protocol;
	__u32 first_table;
	__u32 first_bucket;
	__u32 bucket_mask;
	__u32 list;  /* cell of the matcher list that is compared */
	__u32 order; /* of the deciding rule */
	__u32 slot;
	__u32 blocks;
	__u32 staged_order; /* of the first staged match */
	__u32 staged_slot;
	__u32 doubtful_allow; /* order of the first allow rule that matches unless an unknown field speaks against it */
	__u32 doubtful_block; /* the same of block rules */
	__u32 condition_keys[LIMIT_CONDITIONS]; /* twice the order, plus 1 if it is unknown whether the rule matches */
	__u32 condition_overflow;		/* lowest order of a condition that found no room */
	struct prefix_walk walk;
	struct known_kinds kinds; /* of the local process, if rules ask for it: see kinds.h */
};

/* Each part has its writer. reset_packet (parse/frame.h) clears the first three parts whole. */
struct packet {
	struct outcome outcome; /* written by decide/, and read by user space, so that it comes first */
	struct headers headers; /* written by parse/ */
	struct role role;	/* written by flow/ and decide/ */
	struct frame frame;	/* written by the hook, as are the next two */
	struct rule_set rule_set;
	__u32 which;		      /* enum which: the place of this struct in `scratch` */
	struct flow_key quoted;	      /* written by parse/: the connection of the packet that an ICMP error quotes */
	struct connection connection; /* written by flow/ and decide/ */
	struct decision decision;     /* written by decide/, or copied from the flow */
	struct circumstances circumstances; /* written by decide/, as are the next two */
	struct report report;
	struct search search;
};

/* The argument of the callbacks of bpf_loop. */
struct packet_context {
	struct packet *packet;
};

/* Places in `scratch`. */
enum which {
	OUTER,
	INNER
};

/* enum which -> the packet that this CPU judges, or judged last */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct packet);
} scratch SEC(".maps");

/*
 * Returns this CPU's packet: the packet of the frame (OUTER), or the packet in its tunnel (INNER). Functions that are
 * not static take `which` and look the packet up. The verifier goes through such a function once, and not for every
 * state of its callers.
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

/* Is the packet dropped, or would it be dropped, or its connection, in prevent mode? Call this after the verdict. */
static __always_inline bool is_blocked(const struct packet *packet)
{
	return packet->outcome.verdict == VERDICT_DROPPED || packet->outcome.verdict == VERDICT_WOULD_DROP ||
	       packet->outcome.verdict == VERDICT_CARRIED;
}

#endif
