/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reader of frames. A parser takes its header, which moves the cursor behind it, or is told why it
 * cannot. The offset is kept in struct packet (see there why).
 */
#ifndef WEIR_CURSOR_H
#define WEIR_CURSOR_H

#include "base/packet.h"

/* No header starts behind this; it also bounds what the verifier must imagine. */
#define CURSOR_LIMIT 2048

struct cursor {
	void *start;
	void *end; /* of the linear part */
};

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

/* Why `take` failed: the frame ends, or the bytes are there but not in the linear part. */
static __always_inline __u32 short_of(const struct packet *packet, __u32 size, __u32 reason)
{
	return packet->headers.offset + size <= packet->headers.end ? REASON_NOT_LINEAR : reason;
}

/* From here on the packet ends where its own length says; what follows is padding. */
static __always_inline void cut_padding(struct packet *packet, __u32 start, __u32 length)
{
	__u32 room = packet->headers.end - start;

	packet->headers.missing = length > room ? length - room : 0;
	packet->headers.end = start + (length < room ? length : room);
}

#endif
