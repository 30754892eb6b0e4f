/** Writes compiled rules as the bytes of the tables. The offsets come from the type information of the kernel objects. */

import { endianness } from "node:os";
import { maskOf, parseAddress, type Network } from "../values/address.ts";
import { Action, FailsafePrefix, FailsafeSession, Policy, Rule as RuleLayout, RuleFlag } from "../generated/layout.ts";
import type { BootClock } from "./boot-clock.ts";
import type { Before } from "./compiled.ts";
import type { RuleBytes } from "./fields/field.ts";
import { WRITTEN_FIELDS } from "./fields/index.ts";
import type { ProcessConfig } from "./fields/process.ts";
import type { RuleConfig } from "./rule.ts";

/** The ends of a TCP connection by which an operator is connected. It always passes. */
export interface SessionEnds {
  remoteAddress: string;
  remotePort: number;
  localPort: number;
}

const LITTLE_ENDIAN = endianness() === "LE";

/** `front` is the cell where the front begins; 0 if there is none. */
export function packPolicy(
  { policy, kindsPlace, ...parts }: Pick<Before, "policy" | "front" | "file" | "kindsPlace">,
  generation: number,
  front: number,
  sessions: readonly SessionEnds[],
): Uint8Array {
  const { sessions: places, failsafe_prefixes: prefixes, management_ports: ports } = Policy;
  if (sessions.length > places.count) throw new RangeError(`${sessions.length} operator sessions, at most ${places.count} fit`);
  const bytes = new Uint8Array(Policy.size);
  const view = new DataView(bytes.buffer);
  view.setUint32(Policy.generation, generation, LITTLE_ENDIAN);
  view.setUint32(Policy.judges_invalid, parts.front.asksForInvalid || parts.file.asksForInvalid ? 1 : 0, LITTLE_ENDIAN);
  view.setUint32(Policy.front, front, LITTLE_ENDIAN);
  view.setUint32(Policy.asked_sets, parts.front.askedSets | parts.file.askedSets, LITTLE_ENDIAN);
  view.setUint32(Policy.kinds, kindsPlace === undefined ? 0 : 1 + kindsPlace, LITTLE_ENDIAN);
  view.setUint32(Policy.refuses_bypass, policy.refusesBypass ? 1 : 0, LITTLE_ENDIAN);
  bytes[Policy.default_action] = actionOf(policy.defaultAction);
  bytes.set([actionOf(policy.onError.ingress), actionOf(policy.onError.egress)], Policy.on_error.at);
  bytes[Policy.inspect_tunnels] = policy.inspectTunnels ? 1 : 0;
  view.setUint32(Policy.events_per_second, policy.eventsPerSecond, LITTLE_ENDIAN);
  view.setUint32(Policy.failsafe_prefix_count, policy.failsafe.length, LITTLE_ENDIAN);
  view.setUint32(Policy.management_port_count, policy.managementPorts.length, LITTLE_ENDIAN);
  for (const [index, port] of policy.managementPorts.entries()) view.setUint16(ports.at + index * ports.stride, port, LITTLE_ENDIAN);
  for (const [index, session] of sessions.entries()) {
    const at = places.at + index * places.stride;
    bytes.set(parseAddress(session.remoteAddress).bytes, at + FailsafeSession.address_be.at);
    view.setUint16(at + FailsafeSession.remote_port, session.remotePort, LITTLE_ENDIAN);
    view.setUint16(at + FailsafeSession.local_port, session.localPort, LITTLE_ENDIAN);
    view.setUint32(at + FailsafeSession.in_use, 1, LITTLE_ENDIAN);
  }
  for (const [index, network] of policy.failsafe.entries()) {
    packNetwork(bytes, prefixes.at + index * prefixes.stride, FailsafePrefix.address_be.at, FailsafePrefix.mask_be.at, network);
  }
  return bytes;
}

function packNetwork(bytes: Uint8Array, at: number, addressAt: number, maskAt: number, network: Network): void {
  bytes.set(network.address, at + addressAt);
  bytes.set(maskOf(network.length), at + maskAt);
}

/** The facts beside the rules that are needed to write them. */
export interface RuleGround {
  clock: BootClock;
  /** The fingerprint of each rule, in the order of the rules. */
  fingerprints: ArrayLike<number>;
  kindOf(process: ProcessConfig): number;
}

/** Writes the rules one after the other, in their order. */
export function packRules(rules: readonly RuleConfig[], ground: RuleGround): Uint8Array {
  const bytes = new Uint8Array(rules.length * RuleLayout.size);
  const writer = new Writer(new DataView(bytes.buffer), ground);
  for (const [index, rule] of rules.entries()) {
    const { action, enforce, reject = false } = rule;
    writer.begin(index);
    writer.setUint8(RuleLayout.action, actionOf(action));
    writer.setUint8(RuleLayout.flags, (enforce ? RuleFlag.ENFORCE : 0) | (reject ? RuleFlag.REJECT : 0));
    for (const field of WRITTEN_FIELDS) field.write?.(rule, writer);
  }
  return bytes;
}

/** Writes the struct of one rule after the other. */
class Writer implements RuleBytes {
  readonly #view: DataView;
  readonly #ground: RuleGround;
  readonly clock: BootClock;
  fingerprint = 0;
  #at = 0;

  constructor(view: DataView, ground: RuleGround) {
    this.#view = view;
    this.#ground = ground;
    this.clock = ground.clock;
  }

  begin(index: number): void {
    this.#at = index * RuleLayout.size;
    this.fingerprint = this.#ground.fingerprints[index]!;
  }

  kindOf(process: ProcessConfig): number {
    return this.#ground.kindOf(process);
  }

  setUint8(at: number, value: number): void {
    this.#view.setUint8(this.#at + at, value);
  }

  setUint16(at: number, value: number): void {
    this.#view.setUint16(this.#at + at, value, LITTLE_ENDIAN);
  }

  setUint32(at: number, value: number): void {
    this.#view.setUint32(this.#at + at, value, LITTLE_ENDIAN);
  }

  setUint64(at: number, value: bigint): void {
    this.#view.setBigUint64(this.#at + at, value, LITTLE_ENDIAN);
  }
}

function actionOf(action: "allow" | "block"): number {
  return action === "block" ? Action.BLOCK : Action.ALLOW;
}
