/** What a rule asks of each packet, as the kernel's struct rule holds it: from what is written to its bytes. */

import { secondsOf } from "../../config/duration.ts";
import { type ConnectionState, TCP_FLAGS, type TcpFlag } from "../../config/names.ts";
import type { RuleConfig } from "../../config/types.ts";
import { Rule as Layout, RuleFlag, State } from "../generated/layout.ts";

export interface Conditions {
  /** Flag bits that are compared, and with what. */
  tcpFlags?: { mask: number; value: number };
  /** Bits by the number of the state. */
  states?: number;
  /** Seconds. */
  longerThan?: number;
  shorterThan?: number;
}

const STATES: Record<ConnectionState, number> = { new: State.NEW, established: State.ESTABLISHED, related: State.RELATED, invalid: State.INVALID };

/** undefined where the rule asks for nothing of the kind. */
export function conditionsOf({ layer4 = {} }: RuleConfig): Conditions | undefined {
  const { flags, state = [], connection_duration: { longer_than, shorter_than } = {} } = layer4;
  const conditions: Conditions = {
    ...(flags === undefined ? {} : { tcpFlags: flagBits(flags) }),
    ...(state.length === 0 ? {} : { states: state.reduce((bits, name) => bits | (1 << STATES[name]), 0) }),
    ...(longer_than === undefined ? {} : { longerThan: secondsOf(longer_than) }),
    ...(shorter_than === undefined ? {} : { shorterThan: secondsOf(shorter_than) }),
  };
  return Object.keys(conditions).length === 0 ? undefined : conditions;
}

export function asksForInvalid({ layer4 }: RuleConfig): boolean {
  return layer4?.state?.includes("invalid") === true;
}

/** Which bits of the flag byte are compared, and with what. */
function flagBits({ set = [], unset = [] }: { set?: readonly TcpFlag[]; unset?: readonly TcpFlag[] }): { mask: number; value: number } {
  const bits = (names: readonly TcpFlag[]): number => names.reduce((all, name) => all | TCP_FLAGS[name], 0);
  return { mask: bits(set) | bits(unset), value: bits(set) };
}

/** Writes them into the bytes of a rule, which begin at `at`. Returns bits of enum weir_rule_flag. */
export function packConditions({ tcpFlags, states = 0, longerThan, shorterThan }: Conditions, view: DataView, at: number, littleEndian: boolean): number {
  view.setUint8(at + Layout.tcp_flags_mask, tcpFlags?.mask ?? 0);
  view.setUint8(at + Layout.tcp_flags_value, tcpFlags?.value ?? 0);
  view.setUint32(at + Layout.states, states, littleEndian);
  view.setUint32(at + Layout.longer_than, longerThan ?? 0, littleEndian);
  view.setUint32(at + Layout.shorter_than, shorterThan ?? 0, littleEndian);
  return (
    (tcpFlags === undefined ? 0 : RuleFlag.TCP_FLAGS) | //
    (longerThan === undefined ? 0 : RuleFlag.LONGER_THAN) |
    (shorterThan === undefined ? 0 : RuleFlag.SHORTER_THAN)
  );
}
