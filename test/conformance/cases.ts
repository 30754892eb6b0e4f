/** All conformance cases. */

import type { Case } from "./case.ts";
import { BAN_CASES } from "./cases/bans.ts";
import { BLOCKED_CASES } from "./cases/blocked.ts";
import { CONDITION_CASES } from "./cases/conditions.ts";
import { CONNECTION_CASES } from "./cases/connections.ts";
import { DSCP_CASES } from "./cases/dscp.ts";
import { FAILSAFE_CASES } from "./cases/failsafe.ts";
import { FIELD_CASES } from "./cases/fields.ts";
import { FLOW_CASES } from "./cases/flows.ts";
import { FRAGMENT_CASES } from "./cases/fragments.ts";
import { ICMP_CASES } from "./cases/icmp.ts";
import { MALFORMED_CASES } from "./cases/malformed.ts";
import { RATE_CASES } from "./cases/rates.ts";
import { REJECT_CASES } from "./cases/rejects.ts";
import { RULE_CASES } from "./cases/rules.ts";
import { SEGMENT_CASES } from "./cases/segments.ts";
import { SET_CASES } from "./cases/sets.ts";
import { SHAPE_CASES } from "./cases/shapes.ts";
import { RELATION_CASES } from "./cases/relations.ts";
import { SYN_ACK_CASES } from "./cases/syn-ack.ts";
import { TIME_CASES } from "./cases/times.ts";
import { TUNNEL_CASES } from "./cases/tunnels.ts";
import { VLAN_CASES } from "./cases/vlan.ts";

export const CASES: readonly Case[] = [
  ...FIELD_CASES,
  ...RULE_CASES,
  ...FLOW_CASES,
  ...SYN_ACK_CASES,
  ...BLOCKED_CASES,
  ...CONDITION_CASES,
  ...DSCP_CASES,
  ...VLAN_CASES,
  ...RELATION_CASES,
  ...RATE_CASES,
  ...CONNECTION_CASES,
  ...SEGMENT_CASES,
  ...TIME_CASES,
  ...ICMP_CASES,
  ...SHAPE_CASES,
  ...MALFORMED_CASES,
  ...FRAGMENT_CASES,
  ...FAILSAFE_CASES,
  ...TUNNEL_CASES,
  ...BAN_CASES,
  ...SET_CASES,
  ...REJECT_CASES,
];
