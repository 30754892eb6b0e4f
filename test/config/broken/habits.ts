/** What operators bring from other firewalls, and what they take for granted. */

import { type BrokenFile, rule } from "./case.ts";

export const WRONG_HABITS: BrokenFile[] = [
  [
    "drop for an action",
    "version: 1\nrules:\n  - { name: a, action: drop }\n",
    'weir.yaml:3:24: rules[0].action: "drop" is not one of allow, block; did you mean block?',
  ],
  [
    "accept for an action",
    "version: 1\nrules:\n  - { name: a, action: accept }\n",
    'weir.yaml:3:24: rules[0].action: "accept" is not one of allow, block; did you mean allow?',
  ],
  [
    "reject for an action",
    "version: 1\nrules:\n  - { name: a, action: reject }\n",
    'weir.yaml:3:24: rules[0].action: "reject" is not one of allow, block; did you mean block, with "reject: true" beside it?',
  ],
  [
    "deny for an action",
    "version: 1\nrules:\n  - { name: a, action: deny }\n",
    'weir.yaml:3:24: rules[0].action: "deny" is not one of allow, block; did you mean block?',
  ],
  [
    "a word for an action that no firewall has",
    "version: 1\nrules:\n  - { name: a, action: forbid }\n",
    'weir.yaml:3:24: rules[0].action: "forbid" is not one of allow, block',
  ],
  [
    "two actions",
    "version: 1\nrules:\n  - { name: a, action: allow, action: block }\n",
    'weir.yaml:3:31: the key "action" is here twice; keep one',
  ],
  [
    "rules with numbers instead of names",
    "version: 1\nrules:\n  - { id: 1, action: allow }\n",
    'weir.yaml:3:5: rules[0]: "name" is missing; write one, as "name: no-telnet-in"',
    'weir.yaml:3:7: rules[0].id: unknown key "id"',
  ],
  ["rules by their names", "version: 1\nrules:\n  web: { action: allow }\n", "weir.yaml:3:3: rules: a mapping is not a list"],
  [
    "in for a direction",
    rule("direction: in"),
    'weir.yaml:5:16: rules[0].direction: "in" is not one of ingress, egress, both; did you mean ingress?',
  ],
  [
    "out for a direction",
    rule("direction: out"),
    'weir.yaml:5:16: rules[0].direction: "out" is not one of ingress, egress, both; did you mean egress?',
  ],
  [
    "any for a direction",
    rule("direction: any"),
    'weir.yaml:5:16: rules[0].direction: "any" is not one of ingress, egress, both; did you mean both?',
  ],
  [
    "an interface without its list",
    rule("interfaces: eth0"),
    'weir.yaml:5:17: rules[0].interfaces: "eth0" is not a list; did you mean ["eth0"]?',
  ],
  ["one interface", rule("interface: [eth0]"), 'weir.yaml:5:5: rules[0].interface: unknown key "interface"; did you mean interfaces?'],
  [
    "any for addresses",
    rule("layer3: { source: [any] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "any" is not an address; leave the list out to match any',
  ],
  [
    "a netmask",
    rule("layer3: { source: [192.0.2.0/255.255.255.0] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: the prefix length of "192.0.2.0/255.255.255.0" is not a whole number from 0 to 32',
  ],
  [
    "an address with a star",
    rule("layer3: { source: [192.0.2.*] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "192.0.2.*" is not an address, as 192.0.2.1, 192.0.2.0/24 or 2001:db8::1',
  ],
  [
    "an address with an exclamation mark",
    rule('layer3: { source: ["!192.0.2.1"] }'),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "!192.0.2.1" is not an address, as 192.0.2.1, 192.0.2.0/24 or 2001:db8::1',
  ],
  [
    "an address with a port",
    rule('layer3: { destination: ["192.0.2.1:80"] }'),
    'weir.yaml:5:29: rules[0].layer3.destination[0]: "192.0.2.1:80" names a port; write the address alone',
  ],
  [
    "an IPv6 address in brackets",
    rule('layer3: { destination: ["[2001:db8::1]"] }'),
    'weir.yaml:5:29: rules[0].layer3.destination[0]: "[2001:db8::1]" is in brackets; write the address alone',
  ],
  [
    "a MAC address",
    rule('layer3: { source: ["02:00:00:00:00:01"] }'),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "02:00:00:00:00:01" is not an IPv6 address, which has eight groups or one "::"',
  ],
  [
    "a name of the DNS",
    rule("layer3: { destination: [example.com] }"),
    'weir.yaml:5:29: rules[0].layer3.destination[0]: "example.com" is not an address; names are not looked up',
  ],
  [
    "addresses one level too high",
    rule("source: [192.0.2.1]"),
    'weir.yaml:5:5: rules[0].source: unknown key "source"; did you mean layer3.source?',
  ],
  [
    "any for a protocol",
    rule("layer4: { protocol: any }"),
    'weir.yaml:5:25: rules[0].layer4.protocol: "any" is not a protocol; leave the protocol out to match any',
  ],
  [
    "a star for a protocol",
    rule('layer4: { protocol: "*" }'),
    'weir.yaml:5:25: rules[0].layer4.protocol: "*" is not a protocol; leave the protocol out to match any',
  ],
  [
    "any for ports",
    rule("layer4: { protocol: tcp, destination_ports: [any] }"),
    'weir.yaml:5:50: rules[0].layer4.destination_ports[0]: "any" is not a port; leave the list out to match any',
  ],
  [
    "two protocols",
    rule("layer4: { protocol: [tcp, udp] }"),
    "weir.yaml:5:25: rules[0].layer4.protocol: only one protocol can stand here; several take a rule for each",
  ],
  [
    "ports with a comma",
    rule('layer4: { protocol: tcp, destination_ports: ["80,443"] }'),
    'weir.yaml:5:50: rules[0].layer4.destination_ports[0]: "80,443" is not a port or a range of ports, as 443 or "8000-8100"',
  ],
  [
    "ports with a colon",
    rule('layer4: { protocol: tcp, destination_ports: ["8000:8100"] }'),
    'weir.yaml:5:50: rules[0].layer4.destination_ports[0]: "8000:8100" is not a port or a range of ports, as 443 or "8000-8100"',
  ],
  ["ports of no end", rule("layer4: { protocol: tcp, ports: [80] }"), 'weir.yaml:5:30: rules[0].layer4.ports: unknown key "ports"'],
  [
    "messages without a protocol",
    rule("layer4: { icmp: [{ type: 8 }] }"),
    "weir.yaml:5:15: rules[0].layer4.icmp: icmp needs the protocol icmp or icmpv6",
  ],
  [
    "a message that is text",
    rule("layer4: { protocol: icmp, icmp: [echo-request] }"),
    'weir.yaml:5:38: rules[0].layer4.icmp[0]: "echo-request" is not a mapping; did you mean { type: echo-request }?',
  ],
  [
    "ping for a message",
    rule("layer4: { protocol: icmp, icmp: [ping] }"),
    'weir.yaml:5:38: rules[0].layer4.icmp[0]: "ping" is not a mapping; did you mean { type: echo-request }?',
  ],
  [
    "ping for messages",
    rule("layer4: { protocol: icmp, icmp: ping }"),
    'weir.yaml:5:37: rules[0].layer4.icmp: "ping" is not a list; did you mean [{ type: echo-request }]?',
  ],
  [
    "ping for the type of a message",
    rule("layer4: { protocol: icmp, icmp: [{ type: ping }] }"),
    'weir.yaml:5:46: rules[0].layer4.icmp[0].type: "ping" is not an ICMP message type; did you mean echo-request?',
  ],
  [
    "a message that is a number",
    rule("layer4: { protocol: icmp, icmp: [8] }"),
    "weir.yaml:5:38: rules[0].layer4.icmp[0]: 8 is not a mapping; did you mean { type: 8 }?",
  ],
  [
    "a message that is no message",
    rule("layer4: { protocol: icmp, icmp: [banana] }"),
    'weir.yaml:5:38: rules[0].layer4.icmp[0]: "banana" is not a mapping',
  ],
  [
    "flags that are a list",
    rule("layer4: { protocol: tcp, flags: [syn] }"),
    "weir.yaml:5:37: rules[0].layer4.flags: a list of 1 is not a mapping",
  ],
  [
    "a state without its list",
    rule("layer4: { state: new }"),
    'weir.yaml:5:22: rules[0].layer4.state: "new" is not a list; did you mean ["new"]?',
  ],
  [
    "states in capitals",
    rule("layer4: { state: [NEW, ESTABLISHED] }"),
    'weir.yaml:5:23: rules[0].layer4.state[0]: "NEW" is not one of new, established, related, invalid; did you mean new?',
    'weir.yaml:5:28: rules[0].layer4.state[1]: "ESTABLISHED" is not one of new, established, related, invalid; did you mean established?',
  ],
  ["a state twice", rule("layer4: { state: [new, new] }"), 'weir.yaml:5:28: rules[0].layer4.state[1]: "new" is in the list twice'],
  [
    "a rate a minute in a word",
    rule("layer4: { over_rate: 20/minute }"),
    'weir.yaml:5:26: rules[0].layer4.over_rate: "20/minute" is not a rate, as 20/s, 1000/10s or 5/1h; did you mean 20/m?',
  ],
  [
    "a rate a minute as iptables has it",
    rule("layer4: { over_rate: 20/min }"),
    'weir.yaml:5:26: rules[0].layer4.over_rate: "20/min" is not a rate, as 20/s, 1000/10s or 5/1h; did you mean 20/m?',
  ],
  [
    "a rate without a time, beside others",
    rule("layer4: { over_rate: { rate: 20, by: rule } }"),
    "weir.yaml:5:34: rules[0].layer4.over_rate.rate: the rate 20 does not say in which time; did you mean 20/s?",
  ],
  [
    "a rate of bits",
    rule("layer4: { over_rate: 1mbit }"),
    'weir.yaml:5:26: rules[0].layer4.over_rate: "1mbit" is not a rate, as 20/s, 1000/10s or 5/1h',
  ],
  [
    "a rate by two things",
    rule("layer4: { over_rate: { rate: 20/s, by: [source] } }"),
    "weir.yaml:5:44: rules[0].layer4.over_rate.by: a list of 1 is not one of source, destination, rule",
  ],
  [
    "a rate of packets",
    rule("layer4: { over_rate: { rate: 20/s, per: packets } }"),
    'weir.yaml:5:45: rules[0].layer4.over_rate.per: "packets" is not one of packet, connection; did you mean packet?',
  ],
  [
    "a burst of none",
    rule("layer4: { over_rate: { rate: 20/s, burst: 0 } }"),
    "weir.yaml:5:47: rules[0].layer4.over_rate.burst: 0 is outside 1 to 10000000",
  ],
  [
    "a duration without its side",
    rule("layer4: { connection_duration: 1h }"),
    'weir.yaml:5:36: rules[0].layer4.connection_duration: "1h" is not a mapping',
  ],
  [
    "an end without its time",
    rule("expires: 2026-12-01"),
    'weir.yaml:5:14: rules[0].expires: "2026-12-01" is not a time, as 2026-12-01T00:00:00Z',
  ],
  ["an end that is a while", rule("expires: 2h"), 'weir.yaml:5:14: rules[0].expires: "2h" is not a time, as 2026-12-01T00:00:00Z'],
  [
    "an hour of one digit",
    rule('schedule: [{ from: "8:00", to: "18:00" }]'),
    'weir.yaml:5:24: rules[0].schedule[0].from: "8:00" is not a time of the day, as 08:00 or 24:00',
  ],
  [
    "hours of half a day",
    rule('schedule: [{ from: "8am", to: "6pm" }]'),
    'weir.yaml:5:24: rules[0].schedule[0].from: "8am" is not a time of the day, as 08:00 or 24:00',
    'weir.yaml:5:35: rules[0].schedule[0].to: "6pm" is not a time of the day, as 08:00 or 24:00',
  ],
  [
    "a range of days",
    rule('schedule: [{ days: [mon-fri], from: "08:00", to: "18:00" }]'),
    'weir.yaml:5:25: rules[0].schedule[0].days[0]: "mon-fri" is not one of mon, tue, wed, thu, fri, sat, sun',
  ],
  [
    "a day without its list",
    rule('schedule: [{ days: mon, from: "08:00", to: "18:00" }]'),
    'weir.yaml:5:24: rules[0].schedule[0].days: "mon" is not a list; did you mean ["mon"]?',
  ],
  [
    "an address in a not, one level too high",
    rule("not: { source: [192.0.2.1] }"),
    'weir.yaml:5:12: rules[0].not.source: unknown key "source"; did you mean layer3.source?',
  ],
  ["addresses for a not", rule("not: [192.0.2.1]"), "weir.yaml:5:10: rules[0].not: a list of 1 is not a mapping"],
  ["a state in a not", rule("not: { layer4: { state: [new] } }"), 'weir.yaml:5:22: rules[0].not.layer4.state: unknown key "state"'],
  [
    "a rate in a not",
    rule("not: { layer4: { over_rate: 20/s } }"),
    'weir.yaml:5:22: rules[0].not.layer4.over_rate: unknown key "over_rate"',
  ],
  ["a direction in a not", rule("not: { direction: ingress }"), 'weir.yaml:5:12: rules[0].not.direction: unknown key "direction"'],
  [
    "no interfaces in a not",
    rule("not: { interfaces: [] }"),
    "weir.yaml:5:10: rules[0].not: not is empty; name what the rule leaves out, or remove it",
  ],
  [
    "a set of addresses in a not",
    rule('not: { layer3: { source: ["@partners"] } }'),
    'weir.yaml:5:31: rules[0].not.layer3.source[0]: "@partners" is a set, and no set can be used here',
  ],
  [
    "a set in other letters",
    rule('layer3: { source: ["@Partners"] }\nsets: { partners: { addresses: [192.0.2.1] } }'),
    'weir.yaml:5:24: rules[0].layer3.source[0]: there is no set "Partners" in "sets"; did you mean @partners?',
  ],
  [
    "a set without its sign",
    rule("layer3: { source: [partners] }\nsets: { partners: { addresses: [192.0.2.1] } }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "partners" is not an address; names are not looked up; did you mean "@partners"?',
  ],
  [
    "a set without quotes",
    rule("layer3: { source: [@partners] }\nsets: { partners: {} }"),
    'weir.yaml:5:24: text that begins with @ needs quotes: "@partners"',
  ],
  [
    "a set of ports without quotes",
    rule("layer4:\n      protocol: tcp\n      destination_ports:\n        - @web"),
    'weir.yaml:8:11: text that begins with @ needs quotes: "@web"',
  ],
  [
    "a set with an exclamation mark",
    rule('layer3: { source: ["!@partners"] }\nsets: { partners: {} }'),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "!@partners" is not an address, as 192.0.2.1, 192.0.2.0/24 or 2001:db8::1',
  ],
  [
    "a set twice",
    "version: 1\nsets:\n  partners: { addresses: [192.0.2.1] }\n  partners: { addresses: [192.0.2.2] }\n",
    'weir.yaml:4:3: the key "partners" is here twice; keep one',
  ],
  [
    "a set of one address",
    "version: 1\nsets: { partners: { address: [192.0.2.1] } }\n",
    'weir.yaml:2:21: sets.partners.address: unknown key "address"; did you mean addresses?',
  ],
  ["a kind of reject", rule("reject: tcp-reset"), 'weir.yaml:5:13: rules[0].reject: "tcp-reset" is not true or false'],
  [
    "a set of ports without the sign of sets",
    rule("layer4: { protocol: tcp, destination_ports: [wbe] }\nsets: { web: { ports: [80] } }"),
    'weir.yaml:5:50: rules[0].layer4.destination_ports[0]: "wbe" is not a port or a range of ports, as 443 or "8000-8100"; did you mean "@web"?',
  ],
  [
    "reject for the default",
    "version: 1\ndefaults: { action: reject }\n",
    'weir.yaml:2:21: defaults.action: "reject" is not one of allow, block; did you mean block?',
  ],
  [
    "a default for all errors",
    "version: 1\ndefaults: { on_error: block }\n",
    'weir.yaml:2:23: defaults.on_error: "block" is not a mapping',
  ],
  ["default policy as text", "version: 1\ndefaults: block\n", 'weir.yaml:2:11: defaults: "block" is not a mapping'],
  ["bans in the file", "version: 1\nbans: { addresses: [192.0.2.1] }\n", 'weir.yaml:2:9: bans.addresses: unknown key "addresses"'],
  ["bans that are a list", "version: 1\nbans: [192.0.2.1]\n", "weir.yaml:2:7: bans: a list of 1 is not a mapping"],
  [
    "everyone excepted from bans",
    'version: 1\nbans: { except: ["0.0.0.0/0"] }\n',
    "weir.yaml:2:18: bans.except[0]: this exempts every address from bans; name only those that you mean",
  ],
  [
    "all of IPv6 excepted from bans",
    'version: 1\nbans: { except: ["::/0"] }\n',
    "weir.yaml:2:18: bans.except[0]: this exempts every address from bans; name only those that you mean",
  ],
  [
    "a range excepted from bans that makes many prefixes",
    "version: 1\nbans: { except: [10.0.0.1-10.255.255.254] }\n",
    "weir.yaml:2:17: bans.except: these become 46 prefixes, and at most 32 fit; a range can become many",
  ],
  [
    "a set excepted from bans",
    'version: 1\nbans: { except: ["@partners"] }\nsets: { partners: {} }\n',
    'weir.yaml:2:18: bans.except[0]: "@partners" is a set, and no set can be used here',
  ],
  [
    "a set as failsafe",
    'version: 1\nfailsafe: { addresses: ["@partners"] }\nsets: { partners: {} }\n',
    'weir.yaml:2:25: failsafe.addresses[0]: "@partners" is a set, and no set can be used here',
  ],
  [
    "a service as management port",
    "version: 1\nfailsafe: { management_ports: [ssh] }\n",
    'weir.yaml:2:32: failsafe.management_ports[0]: "ssh" is not a whole number',
  ],
  [
    "a range of management ports",
    'version: 1\nfailsafe: { management_ports: ["22-23"] }\n',
    'weir.yaml:2:32: failsafe.management_ports[0]: "22-23" is not a whole number',
  ],
  [
    "enforce for a mode",
    "version: 1\nmode: enforce\n",
    'weir.yaml:2:7: mode: "enforce" is not one of detect, prevent; did you mean prevent?',
  ],
  ["interfaces that are a list", "version: 1\ninterfaces: [eth0]\n", "weir.yaml:2:13: interfaces: a list of 1 is not a mapping"],
];
