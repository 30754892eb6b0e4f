/** ICMP: questions and their answers, errors and what they are about. */

import { Ethernet, frame, GRE, ICMP, inside, IPv4, payload, TCP, UDP } from "../../harness/packet.ts";
import type { Layer } from "../../harness/packet/layer.ts";
import { carried, dropped, inward, outward, passed, wouldDrop, type Case } from "../case.ts";
import { FAMILY_4, forBoth, fromLocal, fromRemote, partFromRemote, type Family } from "../family.ts";
import type { PolicyText, RuleText } from "../policy.ts";

const CLOSED: PolicyText = { mode: "prevent", defaults: { action: "block" } };
const message = (
  f: Family,
  name: string,
  action: RuleText["action"],
  type: string | number,
  direction: "ingress" | "egress" | "both" = "both",
): RuleText => ({
  name,
  action,
  enforce: action === "block",
  direction,
  layer4: { protocol: f.icmpProtocol, icmp: [{ type }] },
});

const echoCases = (f: Family): Case[] => {
  const { request, reply } = f.types;
  return [
    {
      name: `${f.name}: the reply to an echo request follows it, with the same identifier only`,
      config: { ...CLOSED, rules: [message(f, "ping", "allow", "echo-request", "egress")] },
      steps: [
        inward(fromRemote(f, f.icmp({ type: reply, id: 5 })), dropped("default")),
        outward(fromLocal(f, f.icmp({ type: request, id: 5 })), passed("ping")),
        inward(fromRemote(f, f.icmp({ type: reply, id: 5, seq: 9 })), passed("ping")),
        inward(fromRemote(f, f.icmp({ type: reply, id: 6 })), dropped("default")),
        inward(fromRemote(f, f.icmp({ type: request, id: 5 })), dropped("default")),
      ],
    },
    {
      name: `${f.name}: an echo reply that nobody asked for opens no way for a request`,
      config: {
        mode: "prevent",
        rules: [message(f, "no-ping-in", "block", "echo-request", "ingress"), message(f, "no-ping-out", "block", "echo-request", "egress")],
      },
      steps: [
        inward(fromRemote(f, f.icmp({ type: reply, id: 5 })), passed()),
        inward(fromRemote(f, f.icmp({ type: request, id: 5 })), dropped("no-ping-in")),
        outward(fromLocal(f, f.icmp({ type: request, id: 5 })), dropped("no-ping-out")),
        inward(fromRemote(f, f.icmp({ type: reply, id: 0 })), passed()),
        inward(fromRemote(f, f.icmp({ type: request, id: 0 })), dropped("no-ping-in")),
      ],
    },
    {
      name: `${f.name}: an allowed request lets no request of the other end through`,
      config: { mode: "prevent", rules: [message(f, "no-ping-out", "block", "echo-request", "egress")] },
      steps: [
        inward(fromRemote(f, f.icmp({ type: request, id: 5 })), passed()),
        outward(fromLocal(f, f.icmp({ type: request, id: 5 })), dropped("no-ping-out")),
        outward(fromLocal(f, f.icmp({ type: reply, id: 5 })), passed()),
      ],
    },
    {
      name: `${f.name}: an echo request opens no way for another message, whatever its identifier`,
      config: { mode: "prevent", rules: [message(f, "no-redirect", "block", "redirect"), message(f, "no-200", "block", 200)] },
      steps: [
        ...[5 << 8, 137 << 8, 200 << 8, (200 << 8) | 7].map((id) => inward(fromRemote(f, f.icmp({ type: request, id })), passed())),
        inward(fromRemote(f, f.icmp({ type: f.name === "IPv4" ? 5 : 137, rest: 0 })), dropped("no-redirect")),
        inward(fromRemote(f, f.icmp({ type: 200 })), dropped("no-200")),
        inward(fromRemote(f, f.icmp({ type: 200, code: 7 })), dropped("no-200")),
        inward(fromRemote(f, f.icmp({ type: 201 })), passed()),
      ],
    },
    {
      name: `${f.name}: in detect an echo that would be dropped takes its reply with it`,
      config: { rules: [message(f, "no-ping-in", "block", "echo-request", "ingress")] },
      steps: [
        inward(fromRemote(f, f.icmp({ type: request, id: 5 })), wouldDrop("no-ping-in")),
        outward(fromLocal(f, f.icmp({ type: reply, id: 5 })), carried("no-ping-in")),
        outward(fromLocal(f, f.icmp({ type: reply, id: 6 })), passed()),
        outward(fromLocal(f, f.icmp({ type: request, id: 5 })), passed()),
      ],
    },
  ];
};

/** The packet a router or host answers with an error; the error quotes it from its IP header on. */
const errorCases = (f: Family): Case[] => {
  const { unreachable, port } = f.types;
  const quoteOf = (src: string, dst: string, ...layers: Layer[]): Uint8Array => inside(undefined, f.ip({ src, dst }), ...layers);
  const error = (quoted: Uint8Array, type = unreachable): Layer[] => [f.icmp({ type, code: port }), payload(quoted)];
  const asked = UDP({ sport: 40000, dport: 53 });
  const quoted = quoteOf(f.local, f.remote, asked, payload(4));
  const fromRouter = (...layers: Layer[]): Uint8Array => frame(Ethernet(), f.ip({ src: f.stranger, dst: f.local }), ...layers);
  const answered = UDP({ sport: 53, dport: 40000 });
  const toward = (dst: string, layers: Layer[]): Uint8Array => frame(Ethernet(), f.ip({ src: f.remote, dst }), ...layers);
  const inTunnel = (...layers: Layer[]): Uint8Array => frame(Ethernet(), f.ip({ src: f.remote, dst: f.local }), GRE({ key: 7 }), ...layers);
  const dns: RuleText = { name: "dns", action: "allow", direction: "egress", layer4: { protocol: "udp", destination_ports: [53] } };
  return [
    {
      name: `${f.name}: an error follows the connection it is about, whoever sends it`,
      config: { ...CLOSED, rules: [dns] },
      steps: [
        inward(fromRemote(f, ...error(quoted)), dropped("default")),
        outward(fromLocal(f, asked), passed("dns")),
        inward(fromRemote(f, ...error(quoted)), passed("dns")),
        inward(fromRouter(...error(quoted)), passed("dns")),
        inward(fromRouter(...error(quoteOf(f.local, f.remote, UDP({ sport: 40000, dport: 54 })))), dropped("default")),
        inward(fromRouter(...error(quoteOf(f.local, f.stranger, asked))), dropped("default")),
        inward(fromRouter(...error(quoteOf(f.local, f.remote, TCP({ sport: 40000, dport: 53 })))), dropped("default")),
      ],
    },
    {
      name: `${f.name}: an error goes to the sender of the packet that it quotes, or is about nothing known`,
      config: {
        ...CLOSED,
        rules: [
          { ...dns, direction: "both" },
          { name: "own", action: "block", enforce: true, direction: "egress", layer4: { protocol: f.icmpProtocol } },
        ],
      },
      steps: [
        inward(fromRemote(f, asked), passed("dns")),
        // Who opened a connection quotes its own packet, and its answer, to another host.
        inward(toward(f.stranger, error(quoteOf(f.remote, f.local, asked))), dropped("default")),
        inward(toward(f.stranger, error(quoteOf(f.local, f.remote, answered))), dropped("default")),
        inward(toward(f.remote, error(quoteOf(f.local, f.remote, answered))), dropped("default")),
        inward(toward(f.local, error(quoteOf(f.remote, f.local, asked))), dropped("default")),
        inward(toward(f.local, error(quoteOf(f.local, f.remote, answered))), passed("dns")),
        outward(toward(f.stranger, error(quoteOf(f.remote, f.local, asked))), dropped("own")),
        outward(toward(f.remote, error(quoteOf(f.remote, f.local, asked))), passed("dns")),
      ],
    },
    {
      name: `${f.name}: an error does not come from where the packet came that it quotes`,
      config: { ...CLOSED, rules: [{ ...dns, direction: "both" }] },
      steps: [
        // Somebody outside sends as the stranger, and then an error to the stranger.
        inward(frame(Ethernet(), f.ip({ src: f.stranger, dst: f.local }), asked), passed("dns")),
        inward(toward(f.stranger, error(quoteOf(f.stranger, f.local, asked))), dropped("default")),
        outward(toward(f.stranger, error(quoteOf(f.stranger, f.local, asked))), passed("dns")),
        outward(toward(f.local, error(quoteOf(f.local, f.stranger, answered))), dropped("default")),
        inward(toward(f.local, error(quoteOf(f.local, f.stranger, answered))), passed("dns")),
        // The same of one that goes out.
        outward(fromLocal(f, asked), passed("dns")),
        outward(toward(f.local, error(quoted)), dropped("default")),
        inward(toward(f.local, error(quoted)), passed("dns")),
        inward(toward(f.remote, error(quoteOf(f.remote, f.local, answered))), dropped("default")),
        outward(toward(f.remote, error(quoteOf(f.remote, f.local, answered))), passed("dns")),
      ],
    },
    {
      name: `${f.name}: in a tunnel an error goes to the sender of the packet that it quotes, too`,
      config: {
        mode: "prevent",
        rules: [
          { ...dns, direction: "both" },
          { name: "no-errors", action: "block", enforce: true, layer4: { protocol: f.icmpProtocol } },
        ],
      },
      steps: [
        inward(inTunnel(f.ip({ src: f.remote, dst: f.local }), asked), passed()),
        inward(inTunnel(f.ip({ src: f.remote, dst: f.stranger }), ...error(quoteOf(f.remote, f.local, asked))), dropped("no-errors")),
        inward(inTunnel(f.ip({ src: f.remote, dst: f.remote }), ...error(quoteOf(f.remote, f.local, asked))), dropped("no-errors")),
        inward(inTunnel(f.ip({ src: f.remote, dst: f.local }), ...error(quoteOf(f.local, f.remote, answered))), passed()),
        inward(toward(f.local, error(quoteOf(f.local, f.remote, answered))), dropped("no-errors")),
      ],
    },
    {
      name: `${f.name}: an error about a TCP connection needs only the first 8 bytes of its header`,
      config: { ...CLOSED, rules: [{ ...dns, name: "web", layer4: { protocol: "tcp", destination_ports: [80] } }] },
      steps: [
        outward(fromLocal(f, TCP({ sport: 40000, dport: 80 })), passed("web")),
        inward(fromRouter(...error(quoteOf(f.local, f.remote, TCP({ sport: 40000, dport: 80 })).slice(0, -12))), passed("web")),
        inward(fromRouter(...error(quoteOf(f.local, f.remote, TCP({ sport: 40000, dport: 80 })).slice(0, -13))), dropped("default")),
      ],
    },
    {
      name: `${f.name}: an error about an echo request follows it`,
      config: { ...CLOSED, rules: [message(f, "ping", "allow", "echo-request", "egress")] },
      steps: [
        outward(fromLocal(f, f.icmp({ id: 5 })), passed("ping")),
        inward(fromRouter(...error(quoteOf(f.local, f.remote, f.icmp({ id: 5 })))), passed("ping")),
        inward(fromRouter(...error(quoteOf(f.local, f.remote, f.icmp({ id: 6 })))), dropped("default")),
      ],
    },
    {
      name: `${f.name}: an error that is about nothing known is judged by its own type, and opens nothing`,
      config: { ...CLOSED, rules: [message(f, "unreachable", "allow", "destination-unreachable", "ingress")] },
      steps: [
        inward(fromRouter(...error(quoted)), passed("unreachable")),
        inward(fromRouter(f.icmp({ type: unreachable, code: port })), passed("unreachable")),
        inward(fromRouter(...error(quoted, f.name === "IPv4" ? 11 : 3)), dropped("default")),
        outward(frame(Ethernet(), f.ip({ src: f.local, dst: f.stranger }), f.icmp({ type: unreachable, code: port })), dropped("default")),
        inward(fromRemote(f, UDP({ sport: 53, dport: 40000 })), dropped("default")),
      ],
    },
    {
      name: `${f.name}: an error about a connection is told with the connection's rule even where its own type is blocked`,
      config: { mode: "prevent", rules: [message(f, "no-unreachable", "block", "destination-unreachable")] },
      steps: [
        inward(fromRouter(...error(quoted)), dropped("no-unreachable")),
        outward(fromLocal(f, asked), passed()),
        inward(fromRouter(...error(quoted)), passed()),
      ],
    },
    {
      name: `${f.name}: an error follows what new rules say of its connection`,
      config: { mode: "prevent" },
      steps: [
        outward(fromLocal(f, asked), passed()),
        inward(fromRouter(...error(quoted)), passed()),
        { reload: { mode: "prevent", rules: [{ ...dns, name: "no-dns", action: "block", enforce: true }] } },
        inward(fromRouter(...error(quoted)), dropped("no-dns")),
        { reload: { ...CLOSED, rules: [dns] } },
        inward(fromRouter(...error(quoted)), passed("dns")),
      ],
    },
  ];
};

const quotedDns = (options: Parameters<typeof IPv4>[0]): Uint8Array =>
  inside(undefined, IPv4({ src: FAMILY_4.local, dst: FAMILY_4.remote, ...options }), UDP({ sport: 40000, dport: 53 }));

const IPV4_CASES: Case[] = [
  {
    name: "an error that quotes a later fragment, or no IPv4 header, is about nothing known",
    config: { ...CLOSED, rules: [{ name: "dns", action: "allow", direction: "egress", layer4: { protocol: "udp" } }] },
    steps: [
      outward(fromLocal(FAMILY_4, UDP({ sport: 40000, dport: 53 })), passed("dns")),
      inward(fromRemote(FAMILY_4, ICMP({ type: 3, code: 3 }), payload(quotedDns({ fragment: { offset: 8 } }))), dropped("default")),
      inward(fromRemote(FAMILY_4, ICMP({ type: 3, code: 3 }), payload(quotedDns({ version: 6 }))), dropped("default")),
      inward(fromRemote(FAMILY_4, ICMP({ type: 3, code: 3 }), payload(quotedDns({ ihl: 4 }))), dropped("default")),
      inward(fromRemote(FAMILY_4, ICMP({ type: 3, code: 4 }), payload(quotedDns({ options: 8 }))), passed("dns")),
      inward(fromRemote(FAMILY_4, ICMP({ type: 5, code: 1 }), payload(quotedDns({}))), dropped("default")), // a redirect is no error
    ],
  },
  {
    name: "a later fragment of an error is judged by the error's own type: what the error quotes is in the first",
    config: { ...CLOSED, rules: [{ name: "dns", action: "allow", direction: "egress", layer4: { protocol: "udp" } }] },
    steps: [
      outward(fromLocal(FAMILY_4, UDP({ sport: 40000, dport: 53 })), passed("dns")),
      inward(
        partFromRemote(FAMILY_4, { offset: 0, more: true }, ICMP({ type: 3, code: 3 }), payload(quotedDns({})), payload(4)),
        passed("dns"),
      ),
      inward(partFromRemote(FAMILY_4, { offset: 40, more: false, protocol: 1 }, payload(4)), dropped("default")),
    ],
  },
  {
    name: "a timestamp is not an echo, though their identifiers are equal",
    config: { mode: "prevent", rules: [message(FAMILY_4, "no-timestamp", "block", "timestamp-request")] },
    steps: [
      inward(fromRemote(FAMILY_4, ICMP({ type: 8, rest: 5 << 16 })), passed()),
      inward(fromRemote(FAMILY_4, ICMP({ type: 13, rest: 5 << 16 })), dropped("no-timestamp")),
    ],
  },
  {
    name: "the reply to a timestamp follows it",
    config: { ...CLOSED, rules: [message(FAMILY_4, "timestamp", "allow", "timestamp-request")] },
    steps: [
      outward(fromLocal(FAMILY_4, ICMP({ type: 13, rest: 5 << 16 })), passed("timestamp")),
      inward(fromRemote(FAMILY_4, ICMP({ type: 14, rest: 5 << 16 })), passed("timestamp")),
      inward(fromRemote(FAMILY_4, ICMP({ type: 0, rest: 5 << 16 })), dropped("default")),
    ],
  },
];

export const ICMP_CASES: Case[] = [...forBoth(echoCases), ...forBoth(errorCases), ...IPV4_CASES];
