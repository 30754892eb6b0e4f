/* SPDX-License-Identifier: GPL-2.0 */
/* Internet checksums (RFC 1071). */
#ifndef WEIR_CHECKSUM_H
#define WEIR_CHECKSUM_H

#include "parse/transport.h"

/* bpf_csum_diff sums up at most this many bytes in one call. */
#define CHECKSUM_CHUNK 512

/*
 * Is the size in this range? The two barriers keep clang from joining both comparisons into one, from which the
 * verifier before Linux 6.2 learns neither bound.
 */
static __always_inline bool is_within(__u64 *size, __u64 least, __u64 most)
{
	asm volatile("" : "+r"(*size));
	if (*size > most)
		return false;
	asm volatile("" : "+r"(*size));
	return *size >= least;
}

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static __always_inline __u64 sum_of(void *at, __u32 size)
{
	return (__u32)bpf_csum_diff(NULL, 0, at, size, 0);
}

#endif
