/** Names that the kernel's counters can have, as they are written in figures: those that never counted anything, too. */

import { FaultNames, ReasonNames, VerdictNames } from "../../generated/layout.ts";
import type { Verdict } from "../../values/traffic.ts";

/** Why a packet could not be decided. The first stands for no reason. */
export const UNDECIDED_REASONS: readonly string[] = ReasonNames.slice(1);
export const FAULTS: readonly string[] = FaultNames;
export const VERDICTS = VerdictNames as readonly Verdict[];
