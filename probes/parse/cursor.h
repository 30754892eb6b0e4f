/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reader of frames. A parser takes its header: it gets a pointer to it, and the cursor moves behind it. The offset
 * of the cursor is in struct packet, for the reason that packet.h gives.
 */
#ifndef WEIR_CURSOR_H
#define WEIR_CURSOR_H

#include "base/packet.h"

/*
 * weir reads no header that starts behind this offset. The limit also bounds the offsets that the verifier has to
 * follow.
 */
#define CURSOR_LIMIT 2048

struct cursor {
	void *start;
	void *end; /* end of the linear part of the frame */
};

/* Returns the next bytes of the frame, and moves the cursor behind them; NULL if they are not there. */
static __always_inline void *take(const struct cursor *cursor, struct packet *packet, __u32 size)
{
	__u64 offset = packet->headers.offset;
	void *at;

	asm volatile("" : "+r"(offset));
	if (offset > CURSOR_LIMIT || offset + size > packet->headers.end)
		return NULL;
	at = cursor->start + offset;
	if (at + size > cursor->end)
		return NULL;
	packet->headers.offset = offset + size;
	return at;
}

/*
 * Returns why `take` failed: REASON_NOT_LINEAR if the packet has the bytes outside of the linear part, else `reason`.
 */
static __always_inline __u32 short_of(const struct packet *packet, __u32 size, __u32 reason)
{
	return packet->headers.offset + size <= packet->headers.end ? REASON_NOT_LINEAR : reason;
}

/* Ends the packet where its IP header says that it ends. The bytes behind that are padding. */
static __always_inline void cut_padding(struct packet *packet, __u32 start, __u32 length)
{
	__u32 room = packet->headers.end - start;

	packet->headers.missing = length > room ? length - room : 0;
	packet->headers.end = start + (length < room ? length : room);
}

#endif
