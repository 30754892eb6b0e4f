/** The names that the kernel's counters can have, including those that never counted anything. */

import { FaultNames, ReasonNames, VerdictNames } from "../../generated/layout.ts";
import type { Verdict } from "../../values/traffic.ts";

/** The reasons why a packet is undecided. The first one stands for no reason. */
export const UNDECIDED_REASONS: readonly string[] = ReasonNames.slice(1);
export const FAULTS: readonly string[] = FaultNames;
export const VERDICTS = VerdictNames as readonly Verdict[];
