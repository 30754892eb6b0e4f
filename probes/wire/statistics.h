/* SPDX-License-Identifier: GPL-2.0 */
/* Statistics of the TCP connections of local processes, as their sockets have them. */
#ifndef WEIR_WIRE_STATISTICS_H
#define WEIR_WIRE_STATISTICS_H

#include "flows.h"

/*
 * A histogram. The first bucket of a histogram of times ends at 16 us, and each next one at twice the end of the one
 * before. The buckets of a histogram of numbers end at 0, 1, 2, 4, 8 and so on. The last bucket has no end.
 */
struct histogram {
	__u64 counts[LIMIT_HISTOGRAM_BUCKETS];
	__u64 sum; /* of all values; times are in microseconds */
};

/* Statistics of one CPU and direction. */
struct tcp_statistics {
	struct histogram round_trip;	  /* the last smoothed round-trip time of connections that have ended */
	struct histogram retransmissions; /* retransmitted segments of connections that have ended */
	struct histogram connecting;	  /* from the first SYN to the reply, of connections opened by this host */
	__u64 segments;			  /* sent by connections that have ended */
};

/* An address and port at which a TCP socket listens. */
struct listening_place {
	__u64 netns;	   /* cookie of its network namespace */
	__u64 local_be[2]; /* 0.0.0.0 or ::, if it listens at any address */
	__u32 port;
	__u32 reserved;
};

struct listening {
	__u64 cookie; /* 0 if several sockets listen there, because it is unknown which one accepts */
	__u64 sockets;
};

/* A TCP connection, at its end or while it is open. */
struct tcp_connection {
	__u64 cookie;
	__u64 netns; /* cookie of its network namespace */
	__u64 local_be[2];
	__u64 remote_be[2];
	struct owner owner;	   /* pid 0: no process was seen using it */
	__u32 round_trip_us;	   /* smoothed; 0 if it was not measured */
	__u32 least_round_trip_us; /* of the last minutes; 0 if it was not measured */
	__u32 segments;		   /* sent, including retransmissions */
	__u32 retransmissions;
	__u16 local_port;
	__u16 remote_port;
	__u8 direction; /* enum weir_direction of the opener */
	__u8 reserved[3];
};

#endif
