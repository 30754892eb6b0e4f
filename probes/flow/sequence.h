/* SPDX-License-Identifier: GPL-2.0 */
/* TCP sequence numbers of a flow: how far each end has sent, and how far it has acknowledged the other end. */
#ifndef WEIR_SEQUENCE_H
#define WEIR_SEQUENCE_H

#include "parse/transport.h"

/* The ends of a flow, as indexes of its arrays. */
enum {
	OPENER_END,
	OTHER_END
};

/* A number further ahead than this does not belong to the connection. */
#define FURTHEST (64 << 20)

/* Does this number acknowledge bytes that the other end has sent, and that were not acknowledged before? */
static __always_inline bool is_new_acknowledgement(const struct flow *flow, __u32 end, __u32 acknowledgement)
{
	__u32 fresh = acknowledgement - flow->acknowledged[end];

	return fresh && fresh <= flow->next[end ^ 1] - flow->acknowledged[end];
}

/*
 * Advances the numbers of one end. A number that is 0 is not known: a flow of an older version of weir has no numbers.
 */
static __always_inline void follow_numbers(const struct packet *packet, struct flow *flow, __u32 end)
{
	__u32 ahead = packet->headers.sequence_end - flow->next[end];

	if (ahead - 1 < FURTHEST || !flow->next[end])
		flow->next[end] = packet->headers.sequence_end;
	if (is_new_acknowledgement(flow, end, packet->headers.acknowledgement) || !flow->acknowledged[end])
		flow->acknowledged[end] = packet->headers.acknowledgement;
}

/* Notes the numbers of the first segment of the other end that fits the numbers of the opener. */
static __always_inline void note_first_reply(const struct packet *packet, struct flow *flow)
{
	flow->next[OTHER_END] = packet->headers.sequence_end;
	flow->acknowledged[OTHER_END] = packet->headers.acknowledgement;
	flow->acknowledged[OPENER_END] = sequence_of(packet);
	flow->hop_limit[OTHER_END] = packet->headers.hop_limit;
	__sync_fetch_and_and(&flow->flags, ~FLOW_REPLY_UNSEEN);
}

/* Does the segment have numbers that its receiver would accept for this connection? */
static __always_inline bool has_fitting_numbers(const struct packet *packet, const struct flow *flow, __u32 end)
{
	__u32 from = sequence_of(packet) - flow->next[end] + FURTHEST,
	      fresh = packet->headers.acknowledgement - flow->acknowledged[end];

	return from <= 2 * FURTHEST && fresh <= flow->next[end ^ 1] - flow->acknowledged[end];
}

#endif
