/* SPDX-License-Identifier: GPL-2.0 */
/* Connections that this host forwards or translates: their ends, and the network namespaces of this host they lie in. */
#ifndef WEIR_WIRE_TRANSLATION_H
#define WEIR_WIRE_TRANSLATION_H

#include "common.h"

/* All zero: not known. */
struct ends {
	__u64 source_be[2];
	__u64 destination_be[2];
	__u16 source_port;
	__u16 destination_port;
	__u32 reserved;
};

/* An address in another network namespace, by the device that leads there. */
struct behind_key {
	__u64 address_be[2];
	__u32 ifindex;
	__u32 reserved;
};

/* Those that have it, by the numbers that the agent's own namespace gave them; negative ones follow. */
struct behind {
	__s32 namespaces[LIMIT_NAMESPACES];
};

/* Where those who come by a device mean to go, and what the last one's answer told: whether it got there. */
struct local_end {
	__u64 address_be[2];
	__u32 ifindex;
	__u16 port;
	__u16 protocol;
};

enum weir_led {
	LED_HERE = 1,
	LED_ELSEWHERE
};

#endif
