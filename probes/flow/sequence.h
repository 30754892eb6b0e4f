/* SPDX-License-Identifier: GPL-2.0 */
/* The sequence numbers that a flow keeps of TCP: how far each end has sent, and how far it has acknowledged the other. */
#ifndef WEIR_SEQUENCE_H
#define WEIR_SEQUENCE_H

#include "parse/transport.h"

enum {
	OPENER_END,
	OTHER_END
};

/* A number further ahead than this is none of the connection's. */
#define FURTHEST (64 << 20)

/* Does it acknowledge something that the other end sent, and had not been acknowledged? */
static __always_inline bool is_fresh(const struct flow *flow, __u32 end, __u32 acknowledgement)
{
	__u32 fresh = acknowledgement - flow->acknowledged[end];

	return fresh && fresh <= flow->next[end ^ 1] - flow->acknowledged[end];
}

/* A number that is 0 is not known: of a flow that an older version of weir made, none is. */
static __always_inline void follow_numbers(const struct packet *packet, struct flow *flow, __u32 end)
{
	__u32 ahead = packet->headers.sequence_end - flow->next[end];

	if (ahead - 1 < FURTHEST || !flow->next[end])
		flow->next[end] = packet->headers.sequence_end;
	if (is_fresh(flow, end, packet->headers.acknowledgement) || !flow->acknowledged[end])
		flow->acknowledged[end] = packet->headers.acknowledgement;
}

/* The first segment of the other end that fits what the opener sent. */
static __always_inline void hear_other(const struct packet *packet, struct flow *flow)
{
	flow->next[OTHER_END] = packet->headers.sequence_end;
	flow->acknowledged[OTHER_END] = packet->headers.acknowledgement;
	flow->acknowledged[OPENER_END] = sequence_of(packet);
	flow->hop_limit[OTHER_END] = packet->headers.hop_limit;
	__sync_fetch_and_and(&flow->flags, ~FLOW_UNHEARD);
}

/* Is it of the numbers of this connection, as its other end knows them? */
static __always_inline bool fits(const struct packet *packet, const struct flow *flow, __u32 end)
{
	__u32 from = sequence_of(packet) - flow->next[end] + FURTHEST,
	      fresh = packet->headers.acknowledgement - flow->acknowledged[end];

	return from <= 2 * FURTHEST && fresh <= flow->next[end ^ 1] - flow->acknowledged[end];
}

#endif
