/* SPDX-License-Identifier: GPL-2.0 */
/* Arithmetic that BPF has no instruction for. */
#ifndef WEIR_BITS_H
#define WEIR_BITS_H

#include "base/kernel.h"

/* Returns the position of the lowest bit that is set; `bits` must not be 0. */
static __always_inline __u32 lowest_bit(__u64 bits)
{
	/*
	 * The multiplier is a de Bruijn sequence: it moves another number into the upper six bits for each position of
	 * one set bit.
	 */
	static const __u8 place[64] = {
		0,  1,	2,  53, 3,  7,	54, 27, 4,  38, 41, 8,	34, 55, 48, 28, 62, 5,	39, 46, 44, 42,
		22, 9,	24, 35, 59, 56, 49, 18, 29, 11, 63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21,
		23, 58, 17, 10, 51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
	};

	return place[(bits & -bits) * 0x022fdd63cc95386dULL >> 58];
}

/* Returns how many bits the number takes; 0 for 0. */
static __always_inline __u32 bits_of(__u64 number)
{
	__u32 bits = 0;

#pragma clang loop unroll(full)
	for (__u32 step = 32; step; step /= 2) {
		if (number >> step) {
			number >>= step;
			bits += step;
		}
	}
	return bits + !!number;
}

/* Half of an address as a number, which can be shifted and masked by a prefix length. */
static __always_inline __u64 number_of(__u64 word_be)
{
	return bpf_be64_to_cpu(word_be);
}

#endif
