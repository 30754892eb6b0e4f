/* SPDX-License-Identifier: GPL-2.0 */
/* Keys of the rates and of the open connections that rules count. */
#ifndef WEIR_WIRE_METERS_H
#define WEIR_WIRE_METERS_H

#include "common.h"

/* How a rule counts: for each source, for each destination, or for the whole rule. */
enum weir_meter {
	METER_SOURCE,
	METER_DESTINATION,
	METER_RULE
};

/* A rule, and the address that it counts by. A rule that gets the slot of a former rule has another identity. */
struct meter_key {
	__u64 identity;	     /* of the rule, computed from its content */
	__u64 address_be[2]; /* of one end of the connection; 0 with METER_RULE */
};

#endif
