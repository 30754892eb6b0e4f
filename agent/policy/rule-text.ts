/** A rule as a line for people. */

import { connectionsOver } from "./connections.ts";
import { PROCESS_KEYS, type ProcessConfig, textsOf } from "./processes.ts";
import { parseOverRate } from "./rate.ts";
import type { Layer3Config, Layer4Config, NotConfig, Ports, RuleConfig } from "./rule.ts";

/** `block, enforced: tcp from 10.0.0.0/8 to 192.0.2.1 port 80, ingress on eth0, but not from 10.1.0.0/16` */
export function ruleText({ action, enforce, reject, direction, interfaces = [], schedule = [], expires, layer3 = {}, layer4 = {}, process, not }: RuleConfig): string {
  const words = [layer4.protocol === undefined ? "anything" : String(layer4.protocol), ...carriedText(layer3, layer4), ...processText(process)];
  const where = [direction === "both" ? "" : direction, ...worded("on ", interfaces)].filter((part) => part !== "").join(" ");
  const whole = `${action}${enforce && action === "block" ? `, enforced${reject ? ", rejecting" : ""}` : ""}: ${words.join(" ")}${where === "" ? "" : `, ${where}`}`;
  const spans = schedule.map(({ days, from, to }) => `${days.join(" ")} ${from}-${to}`);
  const times = [...(spans.length === 0 ? [] : [`, on ${spans.join(" or ")}`]), ...(expires === undefined ? [] : [`, until ${expires}`])].join("");
  return `${whole}${not === undefined ? "" : `, but not ${notText(not)}`}${times}`;
}

function notText({ interfaces = [], layer3 = {}, layer4 = {}, process }: NotConfig): string {
  return [...(layer4.protocol === undefined ? [] : [String(layer4.protocol)]), ...carriedText(layer3, layer4), ...processText(process), ...worded("on ", interfaces)].join(" ");
}

function carriedText(layer3: Layer3Config, layer4: Layer4Config): string[] {
  const icmp = (layer4.icmp ?? []).map(({ type, code }) => (code === undefined ? `${type}` : `${type}/${code}`));
  const flags = [...(layer4.flags?.set ?? []), ...(layer4.flags?.unset ?? []).map((flag) => `no ${flag}`)];
  const overRate = layer4.over_rate === undefined ? undefined : parseOverRate(layer4.over_rate);
  const connections = layer4.connections_over === undefined ? undefined : connectionsOver(layer4.connections_over);
  return [
    ...worded("", icmp),
    ...worded("with ", flags),
    ...worded("", layer4.state ?? []),
    ...worded("over ", overRate === undefined ? [] : [`${overRate.count} ${overRate.per}s in ${overRate.seconds}s by ${overRate.by}`]),
    ...worded("with over ", connections === undefined ? [] : [`${connections.count} others open by ${connections.by}`]),
    ...worded("lasting longer than ", [layer4.connection_duration?.longer_than].filter((text) => text !== undefined)),
    ...worded("lasting shorter than ", [layer4.connection_duration?.shorter_than].filter((text) => text !== undefined)),
    ...endText("from", layer3.source, layer4.source_ports),
    ...endText("to", layer3.destination, layer4.destination_ports),
  ];
}

function processText(process: ProcessConfig | undefined): string[] {
  const said = PROCESS_KEYS.map((key) => [key, textsOf(process, key)] as const).filter(([, texts]) => texts.length > 0);
  return worded("of ", said.map(([key, texts]) => `${key} ${texts.join("|")}`));
}

function endText(which: string, networks: readonly string[] = [], ports: readonly Ports[] = []): string[] {
  if (networks.length + ports.length === 0) return [];
  return [which, networks.length === 0 ? "any" : networks.join(" "), ...worded("port ", ports)];
}

function worded(before: string, values: readonly (string | number)[]): string[] {
  return values.length === 0 ? [] : [before + values.join(" ")];
}
