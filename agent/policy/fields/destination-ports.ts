/** The field `layer4.destination_ports`: the port of the end that the connection was opened to. */

import type { Range } from "../spans.ts";
import { BOTH_WAYS, expansion, type Field, shown, worded } from "./field.ts";
import { numbers } from "./option-text.ts";
import { PORT_FORMATS, PORT_LIST, PORT_OPERATORS, portsOf, PROTOCOLS_WITH_PORTS, wantPort } from "./ports.ts";

declare module "../rule.ts" {
  interface Layer4Negatable {
    destination_ports?: Ports[];
  }
}

export const DESTINATION_PORTS = {
  schema: {
    title: "Destination ports",
    description:
      "The end that did not open the connection uses one of these ports. Write ports, first-last ranges and sets (`@NAME`). The field needs the protocol tcp or udp.",
    ...PORT_LIST,
    examples: [[23, "8000-8100"]],
  },
  formats: PORT_FORMATS,
  needs: PROTOCOLS_WITH_PORTS,
  sets: "ports",
  not: {
    schema: {
      title: "Destination ports left out",
      description:
        "The rule leaves out connections whose other end uses one of these ports. Write ports, first-last ranges and sets (`@NAME`). The field needs the protocol tcp or udp, here or in the rule.",
      ...PORT_LIST,
      examples: [[80, 443]],
    },
    means: "is none of these ports",
  },
  options: { port: { value: "LIST", about: "destination ports or first-last ranges (with --proto tcp or udp)", read: numbers } },
  text: { place: "to_ports", words: ({ layer4 }) => worded("port ", layer4?.destination_ports) },
  directions: BOTH_WAYS,
  operators: PORT_OPERATORS,
  judged: "once",
  wants: ({ layer4 }) => (layer4?.destination_ports ?? []).map((value) => wantPort(value, "destination")),
  got: ({ ports }) => shown(ports, ({ destination }) => String(destination)),
  expansion: expansion<Range>({
    alternatives: (rule, resolver, left) => portsOf(rule, "destination_ports", resolver, left),
    write: (lines, line, ports) => lines.setDestinationPorts(line, ports),
  }),
} satisfies Field;
