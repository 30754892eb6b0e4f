/** A rule as a line for people. */

import type { Ports, RuleConfig } from "../../config/types.ts";

/** `block, enforced: tcp from 10.0.0.0/8 to 192.0.2.1 port 80, ingress on eth0` */
export function ruleText({ action, enforce, direction, interfaces = [], layer3 = {}, layer4 = {} }: RuleConfig): string {
  const icmp = (layer4.icmp ?? []).map(({ type, code }) => (code === undefined ? `${type}` : `${type}/${code}`));
  const flags = [...(layer4.flags?.set ?? []), ...(layer4.flags?.unset ?? []).map((flag) => `no ${flag}`)];
  const words = [
    layer4.protocol === undefined ? "anything" : String(layer4.protocol),
    ...worded("", icmp),
    ...worded("with ", flags),
    ...worded("", layer4.state ?? []),
    ...worded("lasting longer than ", [layer4.connection_duration?.longer_than].filter((text) => text !== undefined)),
    ...worded("lasting shorter than ", [layer4.connection_duration?.shorter_than].filter((text) => text !== undefined)),
    ...endText("from", layer3.source, layer4.source_ports),
    ...endText("to", layer3.destination, layer4.destination_ports),
  ];
  const where = [direction === "both" ? "" : direction, ...worded("on ", interfaces)].filter((part) => part !== "").join(" ");
  return `${action}${enforce && action === "block" ? ", enforced" : ""}: ${words.join(" ")}${where === "" ? "" : `, ${where}`}`;
}

function endText(which: string, networks: readonly string[] = [], ports: readonly Ports[] = []): string[] {
  if (networks.length + ports.length === 0) return [];
  return [which, networks.length === 0 ? "any" : networks.join(" "), ...worded("port ", ports)];
}

function worded(before: string, values: readonly (string | number)[]): string[] {
  return values.length === 0 ? [] : [before + values.join(" ")];
}
