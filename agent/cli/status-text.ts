/** Writes the agent's state for `weir status` and the live view. */

import { printable } from "../values/quote.ts";
import type { Verdict } from "../values/traffic.ts";
import type { HookState, InterfaceState } from "../observe/events/snapshot.ts";
import type { Status, TrafficCell } from "../service/contract.ts";
import { bytes, duration, perSecond } from "./format.ts";
import { type Column, table } from "./table.ts";
import { terminalWidth } from "./terminal.ts";
import { count, counted } from "../values/count.ts";
import { sumByVerdict } from "../service/status.ts";

const VERDICTS: readonly [Verdict, string][] = [
  ["passed", "passed"],
  ["dropped", "dropped"],
  ["would_drop", "would drop"],
  ["carried", "carried"],
  ["undecided", "undecided"],
];
const MOST_CELLS = 20;

export function headline({ version, pid, uptime_s }: Status): string {
  return `weir ${printable(version)}, pid ${pid}, up ${duration(uptime_s)}`;
}

export function healthText({ health }: Status): string {
  return health.state === "ok" ? "ok" : `degraded: ${health.reasons.map((reason) => printable(reason, 200)).join("; ")}`;
}

export function rulesText({ rules, generation, bans }: Status): string {
  return `${count(rules.loaded)} loaded, ${count(rules.enforced)} enforced (generation ${generation})${bans === 0 ? "" : `; ${count(bans)} banned`}`;
}

export function eventsText({ counters: { events }, ring_fill, lost }: Status): string {
  const { emitted, received, pending, lost: inRing, suppressed } = events;
  const later = Object.entries(lost)
    .map(([stage, number]) => `, ${count(number)} lost in ${printable(stage)}`)
    .join("");
  return (
    `${count(emitted)} emitted = ${count(received)} received + ${count(pending)} pending + ${count(inRing)} lost; ` +
    `${count(suppressed)} held back by limits${later}; ring ${Math.round(ring_fill * 100)}% full`
  );
}

/** Describes whether telemetry arrives: one part for each different state. */
export function telemetryText({ telemetry }: Status): string {
  const parts = Object.values(telemetry).map(({ endpoint, state, error }) => {
    const { origin } = new URL(endpoint);
    if (state === "no_collector") return `no collector: ${printable(error ?? origin, 500)}`;
    return error === null ? `${state === "ok" ? "arrives at" : "not tried yet at"} ${printable(origin)}` : printable(error, 500);
  });
  return [...new Set(parts)].join("; ");
}

/** Describes whether system calls are traced, and what that costs on this host. */
export function systemCallText({ probes: { system_calls: calls } }: Status): string {
  const cost = calls.added_ns === undefined ? "" : `, ${count(calls.added_ns)} ns more for each system call`;
  if (calls.state === "on") return `traced at ${counted(calls.attached.length, "place")}${cost}`;
  return calls.reason === undefined ? "not traced" : `not traced: ${printable(calls.reason, 300)}`;
}

function hookText({ hook, mode }: HookState): string {
  return mode === "" ? hook : `${hook} ${mode}`;
}

export function interfaceTable(interfaces: readonly InterfaceState[], width = terminalWidth()): string[] {
  return table(
    interfaces,
    [
      { title: "INTERFACE", value: ({ name }) => name },
      { title: "INGRESS", value: ({ ingress }) => hookText(ingress) },
      { title: "EGRESS", value: ({ egress }) => hookText(egress) },
      { title: "WHY", value: whyText, narrow: "lines", least: 16, rank: 1 },
    ],
    width,
  );
}

/** Empty if there are none. */
export function bypassText({ packet_sockets: { policy, bypassing } }: Status): string {
  const sure = bypassing.qdisc + bypassing.af_xdp;
  const parts = [
    ...(sure === 0
      ? []
      : [
          `${counted(sure, "socket sends", "sockets send")} past the egress rules (${countsText({ qdisc: bypassing.qdisc, af_xdp: bypassing.af_xdp })})`,
        ]),
    ...(bypassing.unknown === 0 ? [] : [`${count(bypassing.unknown)} may do so`]),
  ];
  return parts.length === 0 ? "" : `${parts.join("; ")}; packet_sockets: ${policy}; see weir sockets --protocol packet`;
}

/** Lists the patterns for which no device is watched, one on each line. */
export function absentLines({ absent_interfaces }: Status): string[] {
  return absent_interfaces.map(
    ({ pattern, excluded, nearest }) =>
      `${printable(pattern)} of interfaces.include ${excluded ? "matches only devices that interfaces.exclude leaves out" : "matches no device"}${nearest === undefined ? "" : `; did you mean ${printable(nearest)}?`}`,
  );
}

function whyText({ ingress, egress, unseen }: InterfaceState): string {
  const passed = unseen.ingress + unseen.egress;
  const reasons = ingress.reason === egress.reason ? [ingress.reason] : [ingress.reason, egress.reason];
  return [...reasons, passed === 0 ? "" : `${counted(passed, "packet")} passed before it was watched`]
    .filter((reason) => reason !== "")
    .join("; ");
}

export function verdictTable({ counters, traffic }: Status, width = terminalWidth()): string[] {
  const packets = sumByVerdict(traffic, "packets_per_s");
  const rate = sumByVerdict(traffic, "bytes_per_s");
  const shown = VERDICTS.filter(([verdict]) => verdict !== "carried" || counters.packets.carried > 0);
  return table(
    shown,
    [
      { title: "VERDICT", value: ([, name]) => name },
      { title: "PACKETS", value: ([verdict]) => count(counters.packets[verdict]), right: true },
      { title: "BYTES", value: ([verdict]) => bytes(counters.bytes[verdict]), right: true },
      { title: "NOW", value: ([verdict]) => perSecond(packets[verdict]), right: true },
      { title: "", value: ([verdict]) => `${bytes(rate[verdict])}/s`, right: true },
    ],
    width,
  );
}

const TRAFFIC: Column<TrafficCell>[] = [
  { title: "INTERFACE", value: (cell) => cell.interface },
  { title: "DIRECTION", value: (cell) => cell.direction, brief: (cell) => (cell.direction === "ingress" ? "in" : "out") },
  { title: "PROTOCOL", value: (cell) => cell.transport },
  { title: "VERDICT", value: (cell) => cell.verdict.replace("_", " ") },
  { title: "PACKETS", value: (cell) => count(cell.packets), right: true },
  { title: "BYTES", value: (cell) => bytes(cell.bytes), right: true, rank: 2 },
  { title: "NOW", value: (cell) => perSecond(cell.packets_per_s), right: true },
  { title: "", value: (cell) => `${bytes(cell.bytes_per_s)}/s`, right: true, rank: 1 },
];

/** Lists the busiest interface first. */
export function trafficTable({ traffic }: Status): string[] {
  const busiest = traffic.toSorted((a, b) => b.packets_per_s - a.packets_per_s || b.packets - a.packets);
  const more = busiest.length - MOST_CELLS;
  return [...table(busiest.slice(0, MOST_CELLS), TRAFFIC), ...(more > 0 ? [`and ${more} more: weir status --json`] : [])];
}

/** Lists reasons and places with their counts; empty if there are none. */
export function countsText(counts: Record<string, number>): string {
  return Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, number]) => `${printable(name)} ${count(number)}`)
    .join(", ");
}
