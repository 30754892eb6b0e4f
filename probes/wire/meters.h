/* SPDX-License-Identifier: GPL-2.0 */
/* What rules count: packets of late, and open connections. */
#ifndef WEIR_WIRE_METERS_H
#define WEIR_WIRE_METERS_H

#include "common.h"

/* For whom a rule counts. */
enum weir_meter {
	METER_SOURCE,
	METER_DESTINATION,
	METER_RULE
};

/* Whoever is counted, for one rule. Another rule that gets the slot of a former one has another identity. */
struct meter_key {
	__u64 identity;	     /* of the rule: follows from what it says */
	__u64 address_be[2]; /* of one end of the connection; 0 for METER_RULE */
};

#endif
