/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses that always pass, and addresses that are banned. */
#ifndef WEIR_WIRE_BANS_H
#define WEIR_WIRE_BANS_H

#include "networks.h"

struct failsafe_prefix {
	__u64 address_be[2];
	__u64 mask_be[2];
};

enum weir_ban_flag {
	BAN_ADDRESSES = 1 << 0, /* there are bans of addresses, in `ban_lines` */
	BAN_PREFIXES = 1 << 1,	/* there are bans of prefixes, in `ban_prefixes` */
};

struct ban_root {
	struct network_root networks;
	__u32 exception_count;
	__u32 reserved;
	struct failsafe_prefix exceptions[LIMIT_BAN_EXCEPTIONS]; /* addresses that are never banned */
};

#endif
