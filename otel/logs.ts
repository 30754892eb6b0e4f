/** Turns events and changes into log records with an event name, attributes, and a sentence for people. */

import { counted } from "../agent/values/count.ts";
import { ROOT_CONTEXT, SeverityNumber, type Context, type Logger } from "@opentelemetry/api";
import type { SocketEvent, VerdictEvent } from "../agent/observe/events/event.ts";
import type { Direction, Endpoint, Mode } from "../agent/values/traffic.ts";
import type { Health, HookState } from "../agent/observe/events/snapshot.ts";
import { DIRECTIONS, socketAttributes, verdictAttributes, type Attributes } from "./attributes.ts";
import { Budget } from "./budget.ts";
import type { DeliveryLedger } from "./delivery.ts";

/** At most this many detections a second become log records, because the collector's side pays for each of them. */
const LOG_BUDGET = 5000;

/** The other reports of weir, and their facts. */
export interface Changes {
  "weir.mode.changed": { mode: Mode; previous: Mode };
  "weir.rules.changed": { generation: number; loaded: number };
  "weir.bans.changed": { active: number };
  "weir.sets.changed": { set: string; members: number };
  "weir.attach.changed": { interface: string; direction: Direction; hook: HookState["hook"]; reason: string; unseen?: number };
  "weir.events.lost": { stage: string; count: number };
  "weir.config.rejected": { path: string; error: string };
  "weir.health.changed": { state: Health["state"]; reasons: string[] };
}

interface Telling {
  severity: "INFO" | "WARN" | "ERROR";
  body: string;
  attributes: Attributes;
}

const TELL: { [Name in keyof Changes]: (change: Changes[Name]) => Telling } = {
  "weir.mode.changed": ({ mode, previous }) => ({
    severity: "WARN",
    body: `The mode changed from ${previous} to ${mode}`,
    attributes: { "weir.mode": mode, "weir.mode.previous": previous },
  }),
  "weir.rules.changed": ({ generation, loaded }) => ({
    severity: "INFO",
    body: `Rules of generation ${generation} are in force: ${loaded} loaded`,
    attributes: { "weir.generation": generation, "weir.rules.loaded": loaded },
  }),
  "weir.bans.changed": ({ active }) => ({
    severity: "INFO",
    body: `${counted(active, "ban is", "bans are")} in force`,
    attributes: { "weir.bans.active": active },
  }),
  "weir.sets.changed": ({ set, members }) => ({
    severity: "INFO",
    body: `The set ${set} has ${counted(members, "member")}`,
    attributes: { "weir.set.name": set, "weir.set.members": members },
  }),
  "weir.attach.changed": (change) => ({
    severity: change.hook === "none" || change.unseen ? "WARN" : "INFO",
    body:
      change.hook === "none"
        ? `No program watches ${change.direction} on ${change.interface}: ${change.reason}`
        : `${change.hook} watches ${change.direction} on ${change.interface}: ${change.reason}${change.unseen ? `; ${counted(change.unseen, "packet")} had passed by then` : ""}`,
    attributes: {
      "network.interface.name": change.interface,
      "network.io.direction": DIRECTIONS[change.direction],
      "weir.hook": change.hook,
      "weir.hook.reason": change.reason,
      ...(change.unseen ? { "weir.packets.unseen": change.unseen } : {}),
    },
  }),
  "weir.events.lost": ({ stage, count }) => ({
    severity: "WARN",
    body: `${count} event${count === 1 ? " was" : "s were"} lost in ${stage}`,
    attributes: { "weir.stage": stage, "weir.events.lost": count },
  }),
  "weir.config.rejected": ({ path, error }) => ({
    severity: "ERROR",
    body: `${path} was refused and the configuration before it stays in force: ${error}`,
    attributes: { "file.path": path, "error.message": error },
  }),
  "weir.health.changed": ({ state, reasons }) => ({
    severity: state === "ok" ? "INFO" : "WARN",
    body: state === "ok" ? "weir is healthy again" : `weir is degraded: ${reasons.join("; ")}`,
    attributes: { "weir.health": state },
  }),
};

export class LogWriter {
  readonly #logger: Logger;
  readonly #ledger: DeliveryLedger;
  readonly #budget = new Budget(LOG_BUDGET);

  constructor(logger: Logger, ledger: DeliveryLedger) {
    this.#logger = logger;
    this.#ledger = ledger;
  }

  /** An allowed connection is not a log record: its span and the counters show it. */
  event(event: VerdictEvent, span: Context = ROOT_CONTEXT): void {
    if (event.type === "ALLOWED" || !this.#budget.take(true) || this.#ledger.turnsAway()) return;
    this.#logger.emit({
      eventName: event.type === "UNDECIDED" ? "weir.undecided" : "weir.detection",
      timestamp: event.time,
      severityNumber: SeverityNumber.WARN,
      severityText: "WARN",
      body: sentence(event),
      attributes: verdictAttributes(event),
      context: span,
    });
  }

  /** The event name is `weir.socket.listening` or similar. */
  socket(event: SocketEvent): void {
    if (!this.#budget.take(true) || this.#ledger.turnsAway()) return;
    const severity = WORTH_A_LOOK.has(event.type) || event.new ? "WARN" : "INFO";
    this.#logger.emit({
      eventName: `weir.socket.${event.type.toLowerCase()}`,
      timestamp: event.time,
      severityNumber: SeverityNumber[severity],
      severityText: severity,
      body: socketSentence(event),
      attributes: socketAttributes(event),
      context: ROOT_CONTEXT,
    });
  }

  /** Changes are few, so they are reported outside the budget. */
  changed<Name extends keyof Changes>(name: Name, change: Changes[Name]): void {
    const { severity, body, attributes } = TELL[name](change);
    this.#logger.emit({
      eventName: name,
      severityNumber: SeverityNumber[severity],
      severityText: severity,
      body,
      attributes,
      context: ROOT_CONTEXT,
    });
  }

  /** The number of records that the budget left out. */
  get leftOut(): number {
    return this.#budget.leftOut;
  }

  close(): void {
    this.#budget.close();
  }
}

const WORTH_A_LOOK: ReadonlySet<SocketEvent["type"]> = new Set([
  "CONNECT_FAILED",
  "BIND_FAILED",
  "RAW_SOCKET",
  "PACKET_SOCKET",
  "PACKET_BYPASS",
]);

function socketSentence(event: SocketEvent): string {
  const { protocol, local, remote, holder, reason, error, call } = event;
  const by = byWhom(event);
  const end = local === undefined ? "" : `${protocol} ${endpoint(local)}`;
  switch (event.type) {
    case "LISTENING":
      return `Listening on ${end}${event.new ? ", for the first time" : ""}${by}`;
    case "CONNECT_REFUSED":
      return `Connection ${end}${remote === undefined ? "" : ` > ${endpoint(remote)}`} was refused${by}`;
    case "CONNECT_FAILED":
      return `Connection ${end}${remote === undefined ? "" : ` > ${endpoint(remote)}`} failed${error === undefined ? "" : ` (${error})`}${by}`;
    case "BIND_FAILED": {
      const why = reason ?? error;
      const held = holder === undefined ? "" : `: ${holder.name}, pid ${holder.pid}`;
      return `${call === "listen" ? "Listening on" : "Binding"} ${end} failed${why === undefined ? "" : ` (${why}${held})`}${by}`;
    }
    case "RAW_SOCKET":
      return `A raw socket for ${protocol} was opened${by}`;
    case "PACKET_SOCKET":
      return `A packet socket was opened${by}`;
    case "PACKET_BYPASS":
      return bypassSentence(event, by);
  }
}

function bypassSentence({ bypass, outcome }: SocketEvent, by: string): string {
  const socket = bypass === "af_xdp" ? "An AF_XDP socket" : "A packet socket";
  switch (outcome) {
    case "refused":
      return `${socket} was refused to send past the egress rules${by}`;
    case "would_refuse":
      return `${socket} sends past the egress rules; prevent mode would refuse it${by}`;
    default:
      return `${socket} ${bypass === "unknown" ? "may send" : "sends"} past the egress rules${outcome === "found" ? ", and nobody saw it start" : ""}${by}`;
  }
}

function byWhom({ process }: Pick<VerdictEvent, "process">): string {
  return process === undefined ? "" : `, by ${process.name} (pid ${process.pid})`;
}

function sentence(event: VerdictEvent): string {
  const packet = `${event.protocol} ${endpoint(event.source)} > ${endpoint(event.destination)}, ${event.direction} on ${event.interface}`;
  const by = byWhom(event);
  if (event.type === "UNDECIDED") {
    return `${packet}${by}, could not be decided (${event.reason ?? "no reason given"}); ${event.rule.name} says ${event.rule.action}`;
  }
  return `Rule ${event.rule.name} ${event.type === "BLOCKED" ? "dropped" : "would drop"} ${packet}${by}`;
}

function endpoint({ address, port }: Endpoint): string {
  if (port === undefined) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
