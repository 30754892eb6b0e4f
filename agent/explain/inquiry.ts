/** Asks the reference why a packet gets its verdict, and the kernel too, if possible. Both answers are compared. */

import { formatAddress, fromInteger } from "../values/address.ts";
import type { Mode } from "../values/traffic.ts";
import { type Explanation, explainVerdict, type RuleSet } from "../policy/explain-verdict.ts";
import { type Arrival, type Host, type Outcome, type Policy, Reference, type VerdictStep } from "../policy/reference.ts";
import { innerAtDevice } from "../policy/reference/tunnel-failsafe.ts";
import { Fragments } from "../policy/reference/fragments.ts";
import type { Packet } from "../policy/reference/packet.ts";
import { parseFrame, parseInner } from "../policy/reference/parse.ts";
import type { TestHook, KernelJudge } from "./kernel-judge.ts";

export interface Inquiry {
  /** Packets that are judged first, so that the connections are in the wanted state. */
  before?: Iterable<Arrival>;
  arrival: Arrival;
}

export type KernelAnswer = { asked: false; why: string } | ({ asked: true; hook: TestHook; agrees: boolean } & Outcome);

export interface InquiryResult extends Explanation {
  kernel: KernelAnswer;
}

/** The kernel judge that is asked beside the reference, or the reason why there is none. */
export type Kernel = { judge: KernelJudge; hook: TestHook } | { why: string };

export function inquire(set: RuleSet, host: Partial<Host>, { before = [], arrival }: Inquiry, kernel: Kernel): InquiryResult {
  const pair = new JudgePair(set.policy, host, kernel);
  // The mode is detect, in which packets after one that would be dropped still belong to its connection.
  pair.mode = "detect";
  for (const earlier of before) pair.judge(earlier);
  pair.mode = set.policy.mode;
  const { outcome, steps, kernel: answer } = pair.judge(arrival);
  return { ...explainVerdict(set, outcome, steps), kernel: answer };
}

export interface Judged {
  outcome: Outcome;
  steps: VerdictStep[];
  kernel: KernelAnswer;
}

/**
 * The reference and the kernel, each with connections of its own. A packet that one of them cannot judge makes it forget its
 * connections.
 */
export class JudgePair {
  readonly #reference: Reference;
  /** The bans of the host, which the reference reads as they are. */
  readonly #bans: string[];
  readonly #tunnels: Host["tunnels"];
  readonly #asked: Kernel;
  #kernel: Kernel;

  /** `now`: see Reference. */
  constructor(policy: Policy, host: Partial<Host>, kernel: Kernel, now?: () => number) {
    this.#bans = [...(host.bans ?? [])];
    this.#tunnels = host.tunnels ?? [];
    this.#reference = new Reference(policy, { ...host, bans: this.#bans }, now);
    this.#asked = this.#kernel = kernel;
    this.forget();
    this.mode = policy.mode;
  }

  /** Forgets all packets. */
  forget(): void {
    this.#reference.forget();
    this.#kernel = this.#asked;
    if ("judge" in this.#kernel) this.#kernel.judge.forget();
  }

  set mode(mode: Mode) {
    this.#reference.setMode(mode);
    if ("judge" in this.#kernel) this.#kernel.judge.mode = mode;
  }

  judge(arrival: Arrival): Judged {
    const steps: VerdictStep[] = [];
    const kernel = this.#askKernel(arrival);
    // There can be a million bans. Only the kernel knows who is banned, and both know what follows from it.
    if ("verdict" in kernel) this.#bans.push(...this.#bannedPeers(arrival, kernel));
    const outcome = this.#reference.judge(arrival, (step) => steps.push(step));
    return { outcome, steps, kernel: "verdict" in kernel ? { ...kernel, agrees: isSame(kernel, outcome) } : kernel };
  }

  /** The packet may have a ban that does not show in the verdict: a ban inside a tunnel only keeps the failsafes there from holding. */
  #bannedPeers(arrival: Arrival, { rule }: Outcome): string[] {
    const [outer, inner] = peersOf(arrival, this.#tunnels);
    const isInnerBanned =
      this.#tunnels.length > 0 && inner !== undefined && "judge" in this.#kernel && this.#kernel.judge.isBanned(inner, arrival.interface);
    return [...(rule === "ban" && outer !== undefined ? [outer] : []), ...(isInnerBanned ? [inner] : [])];
  }

  #askKernel(arrival: Arrival): Extract<KernelAnswer, { asked: false }> | (Outcome & { asked: true; hook: TestHook }) {
    if ("why" in this.#kernel) return { asked: false, why: this.#kernel.why };
    const { judge, hook } = this.#kernel;
    const why = judge.cannotTry(arrival);
    if (why !== undefined) {
      this.#kernel = { why };
      return { asked: false, why };
    }
    return { asked: true, hook: arrival.hook === "egress" ? "tc" : hook, ...judge.judge(arrival, hook) };
  }
}

/** Returns the other end of the packet, and that of the packet in its tunnel. */
function peersOf(arrival: Arrival, tunnels: Host["tunnels"]): [outer?: string, inner?: string] {
  const peerOf = ({ source, destination }: Packet): string => formatAddress(fromInteger(arrival.hook === "ingress" ? source : destination));
  const seen = parseFrame(arrival, new Fragments());
  if ("etherType" in seen || seen.packet === undefined) return [];
  const inner = seen.packet.transport?.inner ?? innerAtDevice(seen.packet, { tunnels });
  const carried = inner === undefined ? undefined : parseInner(seen.packet, inner, arrival, new Fragments());
  return carried !== undefined && "packet" in carried && carried.packet !== undefined
    ? [peerOf(seen.packet), peerOf(carried.packet)]
    : [peerOf(seen.packet)];
}

function isSame(one: Outcome, other: Outcome): boolean {
  return (
    one.verdict === other.verdict &&
    one.rule === other.rule &&
    one.staged === other.staged &&
    one.reason === other.reason &&
    one.answer === other.answer
  );
}
