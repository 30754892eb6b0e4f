/** Puts questions about connections to the rules in force, and counts the packets that rules count. */

import type { Mode } from "../../values/traffic.ts";
import type { Counted, SetView, Subject } from "../subject.ts";
import type { Arrival, Host } from "./arrival.ts";
import { isManagement } from "./failsafe.ts";
import { FAILSAFE, type Judgement, type Meeting, type VerdictStep } from "./judgement.ts";
import { connectionsKey, Meters } from "./meters.ts";
import type { Opener } from "./opener.ts";
import type { Packet, Reason } from "./packet.ts";
import type { Relation } from "./relation.ts";
import { askAboutInvalid, askRules, conditionsOn, prepareRules } from "./rules.ts";
import type { Decision, Policy, PreparedRules, Question } from "./rules.ts";
import { viewSets } from "./sets.ts";

/** The relation of a packet that is no part of a known connection. */
export const UNRELATED: Relation = { state: "new", age: 0, settled: [] };

export interface QuestionOptions {
  policy: Policy;
  host: Host;
  /** Returns the time in milliseconds since the epoch. */
  now: () => number;
  /** Returns how many open connections count under this key. */
  openFor: (key: string) => number;
}

export class Questions {
  policy: Policy;
  /** This number changes whenever connections have to ask the rules again. */
  generation = 1;
  onStep: (step: VerdictStep) => void = () => {};
  readonly #options: QuestionOptions;
  #rules: PreparedRules;
  #sets: SetView;
  #meters = new Meters();

  constructor(options: QuestionOptions) {
    this.#options = options;
    this.policy = options.policy;
    this.#rules = prepareRules(options.policy);
    this.#sets = viewSets(options.policy, options.host);
  }

  get now(): number {
    return this.#options.now();
  }

  get detects(): boolean {
    return this.policy.mode === "detect";
  }

  setMode(mode: Mode): void {
    this.policy = { ...this.policy, mode };
  }

  replace(policy: Policy): void {
    this.policy = policy;
    this.#rules = prepareRules(policy);
    this.#sets = viewSets(policy, this.#options.host);
    this.generation++;
  }

  forgetCounts(): void {
    this.#meters = new Meters();
  }

  /** Asks the rules about a packet of this opener's connection. */
  ask(opener: Opener, tcpFlags: number | null, relation: Relation, meeting: Meeting): Judgement {
    if (this.isManaged(opener, meeting)) return this.pass("management");
    const question = this.#questionOf(opener, tcpFlags, relation, meeting);
    const { action, rule, staged } = this.#askRules(question);
    if (action === undefined) return { ...this.undecided("process_unknown", meeting.arrival), staged };
    relation.opens?.push(...[...question.counted].filter(([, { settled }]) => settled).map(([name]) => name));
    return { action, rule, staged, reason: null };
  }

  /**
   * Asks the rules about a SYN that would open the connection now, without counting it. `held` is the rule that blocked the
   * connection: it still holds, whatever its rate is by now. Returns undefined if the connection would pass as management.
   */
  askAgain(opener: Opener, tcpFlags: number | null, held: string | undefined, meeting: Meeting): Judgement | undefined {
    if (this.isManaged(opener, meeting)) return undefined;
    const question = this.#questionOf(opener, tcpFlags, { ...UNRELATED, opens: [] }, meeting, true);
    const { action, rule } = this.#askRules({ ...question, held });
    if (action === undefined) return this.undecided("process_unknown", { ...meeting.arrival, hook: opener.direction });
    return { action, rule, staged: null, reason: null };
  }

  /** Asks about a TCP packet of no connection as if its sender had opened one. Only rules with the state `invalid` can answer. */
  askInvalid(sender: Opener, tcpFlags: number | null, meeting: Meeting): Judgement {
    const question = this.#questionOf(sender, tcpFlags, { ...UNRELATED, state: "invalid" }, meeting);
    const answer = askAboutInvalid(this.#rules, question);
    if (answer === undefined) return this.undecided("opener_unknown", meeting.arrival);
    this.onStep({ asked: question.subject, answer });
    if (answer.action === undefined) return { ...this.undecided("opener_unknown", meeting.arrival), staged: answer.staged };
    return { ...answer, action: answer.action, reason: null };
  }

  /** Asks about a later fragment whose first was not seen. Ports, messages and flags are unknown; for IPv6 the protocol, too. */
  askWithoutTransport(packet: Packet, arrival: Arrival): Judgement {
    const counted = new Map<string, Counted>();
    const subject: Subject = {
      direction: arrival.hook,
      interface: arrival.interface,
      source: packet.source,
      destination: packet.destination,
      protocol: packet.headerProtocol ?? undefined,
      ports: undefined,
      icmp: undefined,
      tcpFlags: undefined,
      state: undefined,
      vlan: undefined,
      dscp: undefined, // a rule that asks each packet is in doubt about a connection that is not known
      age: undefined,
      process: arrival.process,
      sets: this.#sets,
      now: this.now,
      counted,
    };
    const answer = this.#askRules({ subject, counted });
    if (answer.action === undefined) return this.undecided("fragment_without_first", arrival);
    return { ...answer, action: answer.action, reason: null };
  }

  /** Returns the keys under which rules with `connections_over` count a connection as it is judged now. */
  countsOf(opener: Opener, meeting: Meeting): string[] {
    if (this.isManaged(opener, meeting)) return [];
    const { subject } = this.#questionOf(opener, null, UNRELATED, meeting);
    return conditionsOn(this.#rules, subject)
      .map((rule) => connectionsKey(rule, opener.conversation))
      .filter((key) => key !== undefined);
  }

  isManaged({ conversation, direction }: Opener, { arrival, inTunnel }: Meeting): boolean {
    return !inTunnel && isManagement(conversation, direction === "ingress", arrival.local !== false, this.policy);
  }

  pass(as: Extract<VerdictStep, { passedAs: unknown }>["passedAs"], judgement = FAILSAFE): Judgement {
    this.onStep({ passedAs: as });
    return judgement;
  }

  undecided(reason: Reason, { hook }: Arrival): Judgement {
    return { action: this.policy.defaults.on_error[hook], rule: "on_error", staged: null, reason };
  }

  #questionOf(
    { conversation, direction, isSender }: Opener,
    tcpFlags: number | null,
    { state, age, settled, opens }: Relation,
    { arrival, vlan, dscp }: Meeting,
    isSupposed = false,
  ): Question {
    const counted = new Map<string, Counted>(settled.map((rule) => [rule, { settled: true }]));
    const subject: Subject = {
      ...conversation,
      direction,
      interface: arrival.interface,
      tcpFlags: isSender ? tcpFlags : null,
      state,
      vlan,
      dscp,
      age,
      counted,
      process: arrival.process,
      sets: this.#sets,
      now: this.now,
    };
    const packet = {
      opener: conversation,
      byOpener: isSender,
      opens: opens !== undefined,
      isSupposed,
      openFor: this.#options.openFor,
      now: this.now,
    };
    return { subject, counted, count: (rule) => this.#meters.ask(rule, packet) };
  }

  #askRules(question: Question): Decision {
    const answer = askRules(this.#rules, this.policy.defaults.action, question);
    this.onStep({ asked: question.subject, answer });
    return answer;
  }
}
