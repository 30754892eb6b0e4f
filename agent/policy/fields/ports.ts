/** The parts that the fields `layer4.source_ports` and `layer4.destination_ports` share. */

import { type Format, misreading, type Schema } from "../../values/json-schema.ts";
import { parsePorts, readPorts } from "../../values/ports.ts";
import { meansAny } from "../../values/meant.ts";
import { quote } from "../../values/quote.ts";
import { explainSetName, orSet, setNamed } from "../named-sets.ts";
import type { Ports, RuleConfig } from "../rule.ts";
import { type Range, rangesOutside } from "../spans.ts";
import { ALL_16_BITS, ANY, known, type NameResolver, type Want } from "./field.ts";

export const PORT_OPERATORS = { port: "is this port", range: "lies in it, both ends included", set: "is in this set" };

export const PORT_LIST: Schema = {
  type: "array",
  items: { type: ["integer", "string"], minimum: 0, maximum: 65535, format: "ports_or_set" },
};

export const PORT_FORMATS: Readonly<Record<string, Format>> = {
  ports_or_set(value, sets) {
    if (meansAny(value)) return { error: `${quote(value)} is not a port; leave the list out to match any` };
    const name = setNamed(value);
    return name === undefined ? orSet(misreading(readPorts(value)), value, sets) : explainSetName(name);
  },
};

export const PROTOCOLS_WITH_PORTS = ["tcp", "udp"];

export function wantPort(value: Ports, end: "source" | "destination"): Want {
  const text = String(value);
  const set = setNamed(value);
  if (set !== undefined) return { operator: "set", text, holds: ({ ports, sets }) => known(ports, (of) => sets.hasPort(set, of[end])) };
  const [low, high = low] = text.split("-").map(Number) as [number, number?];
  return {
    operator: text.includes("-") ? "range" : "port",
    text,
    holds: ({ ports }) => known(ports, (of) => of[end] >= low && of[end] <= high),
  };
}

export function portsOf(
  { layer4, not }: RuleConfig,
  end: "source_ports" | "destination_ports",
  resolver: NameResolver,
  left: string | undefined,
): readonly (Range | undefined)[] {
  const list = resolver.portsOf(layer4?.[end] ?? []).map(parsePorts);
  if (left === `layer4.${end}`)
    return rangesOutside(list.length === 0 ? ALL_16_BITS : list, resolver.portsOf(not?.layer4?.[end] ?? []).map(parsePorts));
  return list.length === 0 ? ANY : list;
}
