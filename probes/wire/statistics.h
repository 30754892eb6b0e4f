/* SPDX-License-Identifier: GPL-2.0 */
/* How well the TCP connections of local processes go, as their sockets know it. */
#ifndef WEIR_WIRE_STATISTICS_H
#define WEIR_WIRE_STATISTICS_H

#include "flows.h"

/*
 * Of times: up to 16 us, and each next bucket reaches up to twice as far; the last one has no end. Of numbers: 0, 1, 2,
 * up to 4, up to 8, and so on.
 */
struct histogram {
	__u64 counts[LIMIT_HISTOGRAM_BUCKETS];
	__u64 sum; /* of times in microseconds */
};

/* Per CPU, by who opened the connections: enum weir_direction. */
struct tcp_statistics {
	struct histogram round_trip;	  /* of those that ended: as it was last, smoothed by the kernel */
	struct histogram retransmissions; /* segments, of those that ended */
	struct histogram
		connecting; /* from the first SYN until the other end answered; only of those opened from here */
	__u64 segments;	    /* sent by those that ended */
};

/* Where a TCP socket listens. */
struct listening_place {
	__u64 netns;	   /* cookie of its network namespace */
	__u64 local_be[2]; /* 0.0.0.0 or :: where it is any address */
	__u32 port;
	__u32 reserved;
};

struct listening {
	__u64 cookie; /* 0 where there were several at once: which of them would accept is not known */
	__u64 sockets;
};

/* A connection, as its socket tells at its end, or while it lives. */
struct tcp_connection {
	__u64 cookie;
	__u64 netns; /* cookie of its network namespace */
	__u64 local_be[2];
	__u64 remote_be[2];
	struct owner owner;	   /* pid 0: nobody was seen using it */
	__u32 round_trip_us;	   /* smoothed; 0 where none could be measured */
	__u32 least_round_trip_us; /* of the last minutes; 0 where none could be measured */
	__u32 segments;		   /* sent, those sent again included */
	__u32 retransmissions;
	__u16 local_port;
	__u16 remote_port;
	__u8 direction; /* enum weir_direction: who opened it */
	__u8 reserved[3];
};

#endif
