/** The field `layer4.source_ports`: the port of the end that opened the connection. */

import type { Range } from "../spans.ts";
import { BOTH_WAYS, expansion, type Field, shown, worded } from "./field.ts";
import { numbers } from "./option-text.ts";
import { PORT_FORMATS, PORT_LIST, PORT_OPERATORS, portsOf, PROTOCOLS_WITH_PORTS, wantPort } from "./ports.ts";

declare module "../rule.ts" {
  interface Layer4Negatable {
    source_ports?: Ports[];
  }
}

export const SOURCE_PORTS = {
  schema: {
    title: "Source ports",
    description:
      "The opener uses one of these ports. Write ports, first-last ranges and sets (`@NAME`). The field needs the protocol tcp or udp.",
    ...PORT_LIST,
    examples: [[123, "1024-65535"]],
  },
  formats: PORT_FORMATS,
  needs: PROTOCOLS_WITH_PORTS,
  sets: "ports",
  not: {
    schema: {
      title: "Source ports left out",
      description:
        "The rule leaves out openers that use one of these ports. Write ports, first-last ranges and sets (`@NAME`). The field needs the protocol tcp or udp, here or in the rule.",
      ...PORT_LIST,
      examples: [["0-1023"]],
    },
    means: "is none of these ports",
  },
  options: { sport: { value: "LIST", about: "source ports or first-last ranges (with --proto tcp or udp)", read: numbers } },
  text: { place: "from_ports", words: ({ layer4 }) => worded("port ", layer4?.source_ports) },
  directions: BOTH_WAYS,
  operators: PORT_OPERATORS,
  judged: "once",
  wants: ({ layer4 }) => (layer4?.source_ports ?? []).map((value) => wantPort(value, "source")),
  got: ({ ports }) => shown(ports, ({ source }) => String(source)),
  expansion: expansion<Range>({
    alternatives: (rule, resolver, left) => portsOf(rule, "source_ports", resolver, left),
    write: (lines, line, ports) => lines.setSourcePorts(line, ports),
  }),
} satisfies Field;
