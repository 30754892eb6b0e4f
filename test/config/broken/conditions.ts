/** Conditions of rules: addresses, protocols, ports, messages and flags. */

import { type BrokenFile, rule } from "./case.ts";

export const WRONG_CONDITIONS: BrokenFile[] = [
  [
    "a prefix length of 33",
    rule("layer3: { source: [10.0.0.0/33] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: the prefix length 33 of "10.0.0.0/33" is above 32',
  ],
  [
    "a prefix length of 129",
    rule('layer3: { source: ["2001:db8::/129"] }'),
    'weir.yaml:5:24: rules[0].layer3.source[0]: the prefix length 129 of "2001:db8::/129" is above 128',
  ],
  [
    "a prefix without its length",
    rule("layer3: { source: [10.0.0.0/] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: the prefix length of "10.0.0.0/" is not a whole number from 0 to 32',
  ],
  [
    "an address with a part above 255",
    rule("layer3: { source: [10.0.0.256] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "10.0.0.256" has a part above 255',
  ],
  [
    "an address of three parts",
    rule("layer3: { source: [10.0.0] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "10.0.0" is not an IPv4 address, which has four numbers',
  ],
  [
    "an address with a leading zero",
    rule("layer3: { source: [010.0.0.1] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "010.0.0.1" has a part with a leading zero, which some programs read as octal; did you mean 10.0.0.1?',
  ],
  [
    "a name for an address",
    rule("layer3: { destination: [www.example.com] }"),
    'weir.yaml:5:29: rules[0].layer3.destination[0]: "www.example.com" is not an address; names are not looked up',
  ],
  [
    "a number for an address",
    rule("layer3: { destination: [10] }"),
    'weir.yaml:5:29: rules[0].layer3.destination[0]: 10 is not text; did you mean "10"?',
  ],
  [
    "an address without its list",
    rule("layer3: { source: 10.0.0.1 }"),
    'weir.yaml:5:23: rules[0].layer3.source: "10.0.0.1" is not a list; did you mean ["10.0.0.1"]?',
  ],
  [
    "an IPv6 address with two gaps",
    rule('layer3: { source: ["2001::db8::1"] }'),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "2001::db8::1" has "::" twice',
  ],
  [
    "an IPv6 address with nine groups",
    rule('layer3: { source: ["1:2:3:4:5:6:7:8:9"] }'),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "1:2:3:4:5:6:7:8:9" is not an IPv6 address, which has eight groups or one "::"',
  ],
  [
    "an IPv6 address with a zone",
    rule('layer3: { source: ["fe80::1%eth0"] }'),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "fe80::1%eth0" names a zone; a rule\'s "interfaces" choose the link; did you mean fe80::1?',
  ],
  [
    "an IPv6 address that YAML takes for a mapping",
    rule("layer3: { source: [fe80::] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: a mapping is not text; did you mean "fe80::"?',
  ],
  [
    "an IPv4 address in IPv6 form",
    rule('layer3: { source: ["::ffff:192.0.2.1"] }'),
    'weir.yaml:5:24: rules[0].layer3.source[0]: "::ffff:192.0.2.1" is an IPv4 address in IPv6 form; write the IPv4 address; did you mean 192.0.2.1?',
  ],
  [
    "a reversed range of addresses",
    rule("layer3: { source: [192.0.2.9-192.0.2.1] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: the range "192.0.2.9-192.0.2.1" is reversed; did you mean 192.0.2.1-192.0.2.9?',
  ],
  [
    "a range of two families",
    rule('layer3: { source: ["192.0.2.1-2001:db8::1"] }'),
    'weir.yaml:5:24: rules[0].layer3.source[0]: the range "192.0.2.1-2001:db8::1" mixes IPv4 and IPv6',
  ],
  [
    "a range with spaces",
    rule("layer3: { source: [192.0.2.1 - 192.0.2.9] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: the range "192.0.2.1 - 192.0.2.9" has spaces; did you mean 192.0.2.1-192.0.2.9?',
  ],
  [
    "a range of a prefix",
    rule("layer3: { source: [192.0.2.0/24-192.0.3.0] }"),
    'weir.yaml:5:24: rules[0].layer3.source[0]: the range "192.0.2.0/24-192.0.3.0" has a prefix length; a range goes from one address to another',
  ],
  [
    "an executable without its path",
    rule("process: { executable: curl }"),
    'weir.yaml:5:28: rules[0].process.executable: "curl" is not the whole path of an executable; did you mean "*/curl"?',
  ],
  [
    "a parent without its path in a list",
    rule("process: { parent: [/usr/sbin/cron, bash] }"),
    'weir.yaml:5:41: rules[0].process.parent[1]: "bash" is not the whole path of an executable; did you mean "*/bash"?',
  ],
  [
    "a process of which nothing is said",
    rule("process: {}"),
    "weir.yaml:5:14: rules[0].process: this is empty; it may hold executable, command, user, parent, container, unit, pod or namespace",
  ],
  ["an empty list of users", rule("process: { user: [] }"), "weir.yaml:5:22: rules[0].process.user: the list is empty; name at least one"],
  ["a user with a negative number", rule("process: { user: -1 }"), "weir.yaml:5:22: rules[0].process.user: -1 is outside 0 to 4294967294"],
  [
    "a command of many bytes",
    rule(`process: { command: ${"x".repeat(241)} }`),
    "weir.yaml:5:25: rules[0].process.command: the text is longer than 240 bytes",
  ],
  [
    "a key of a process that does not exist",
    rule("process: { exe: /usr/bin/curl }"),
    'weir.yaml:5:16: rules[0].process.exe: unknown key "exe"',
  ],
  [
    "a port of 70000",
    rule("layer4: { protocol: tcp, destination_ports: [70000] }"),
    "weir.yaml:5:50: rules[0].layer4.destination_ports[0]: 70000 is outside 0 to 65535",
  ],
  [
    "a negative port",
    rule("layer4: { protocol: tcp, destination_ports: [-1] }"),
    "weir.yaml:5:50: rules[0].layer4.destination_ports[0]: -1 is outside 0 to 65535",
  ],
  [
    "a reversed range of ports",
    rule('layer4: { protocol: tcp, destination_ports: ["8100-8000"] }'),
    'weir.yaml:5:50: rules[0].layer4.destination_ports[0]: the range "8100-8000" is reversed; did you mean 8000-8100?',
  ],
  [
    "a range of ports beyond the last",
    rule('layer4: { protocol: udp, source_ports: ["1024-70000"] }'),
    "weir.yaml:5:45: rules[0].layer4.source_ports[0]: port 70000 is above 65535",
  ],
  [
    "a service name for a port",
    rule("layer4: { protocol: tcp, destination_ports: [http] }"),
    'weir.yaml:5:50: rules[0].layer4.destination_ports[0]: "http" is not a port or a range of ports, as 443 or "8000-8100"',
  ],
  [
    "a port without its list",
    rule("layer4: { protocol: tcp, destination_ports: 80 }"),
    "weir.yaml:5:49: rules[0].layer4.destination_ports: 80 is not a list; did you mean [80]?",
  ],
  [
    "ports without a protocol",
    rule("layer4: { destination_ports: [80] }"),
    "weir.yaml:5:15: rules[0].layer4.destination_ports: destination_ports need the protocol tcp or udp",
  ],
  [
    "ports of a protocol without any",
    rule("layer4: { protocol: icmp, source_ports: [80] }"),
    "weir.yaml:5:31: rules[0].layer4.source_ports: source_ports need the protocol tcp or udp, not icmp",
  ],
  [
    "a mistyped protocol",
    rule("layer4: { protocol: tpc, destination_ports: [80] }"),
    'weir.yaml:5:25: rules[0].layer4.protocol: "tpc" is not a protocol; did you mean tcp?',
  ],
  ["a protocol of 256", rule("layer4: { protocol: 256 }"), "weir.yaml:5:25: rules[0].layer4.protocol: 256 is outside 0 to 255"],
  [
    "a quoted protocol number",
    rule('layer4: { protocol: "47" }'),
    'weir.yaml:5:25: rules[0].layer4.protocol: "47" is text; write the number without quotes; did you mean 47?',
  ],
  [
    "ICMP messages of TCP",
    rule("layer4: { protocol: tcp, icmp: [{ type: echo-request }] }"),
    "weir.yaml:5:30: rules[0].layer4.icmp: icmp needs the protocol icmp or icmpv6, not tcp",
  ],
  [
    "a mistyped ICMP type",
    rule("layer4: { protocol: icmp, icmp: [{ type: echo-requst }] }"),
    'weir.yaml:5:46: rules[0].layer4.icmp[0].type: "echo-requst" is not an ICMP message type; did you mean echo-request?',
  ],
  [
    "an ICMPv6 type of ICMP",
    rule("layer4: { protocol: icmp, icmp: [{ type: neighbor-solicitation }] }"),
    'weir.yaml:5:46: rules[0].layer4.icmp[0].type: "neighbor-solicitation" is not an ICMP message type but one of ICMPv6',
  ],
  [
    "an ICMP code of another type",
    rule("layer4: { protocol: icmp, icmp: [{ type: time-exceeded, code: port-unreachable }] }"),
    'weir.yaml:5:67: rules[0].layer4.icmp[0].code: "port-unreachable" is not a code of the ICMP message type time-exceeded',
  ],
  [
    "an ICMP message without a type",
    rule("layer4: { protocol: icmp, icmp: [{ code: 0 }] }"),
    'weir.yaml:5:38: rules[0].layer4.icmp[0]: "type" is missing; write one, as "type: echo-request"',
  ],
  [
    "an ICMP type of 256",
    rule("layer4: { protocol: icmp, icmp: [{ type: 256 }] }"),
    "weir.yaml:5:46: rules[0].layer4.icmp[0].type: 256 is outside 0 to 255",
  ],
  [
    "TCP flags of UDP",
    rule("layer4: { protocol: udp, flags: { set: [syn] } }"),
    "weir.yaml:5:30: rules[0].layer4.flags: flags need the protocol tcp, not udp",
  ],
  [
    "a mistyped TCP flag",
    rule("layer4: { protocol: tcp, flags: { set: [sin] } }"),
    'weir.yaml:5:45: rules[0].layer4.flags.set[0]: "sin" is not one of fin, syn, rst, psh, ack, urg, ece, cwr; did you mean syn?',
  ],
  [
    "a TCP flag both set and not",
    rule("layer4: { protocol: tcp, flags: { set: [syn], unset: [syn] } }"),
    "weir.yaml:5:58: rules[0].layer4.flags.unset: the flag syn cannot be both set and unset",
  ],
  [
    "TCP flags that name none",
    rule("layer4: { protocol: tcp, flags: { set: [] } }"),
    "weir.yaml:5:37: rules[0].layer4.flags: no flag is named; name some in set or unset",
  ],
  ["a VLAN of 4095", rule("layer2: { vlan: [4095] }"), "weir.yaml:5:22: rules[0].layer2.vlan[0]: 4095 is outside 1 to 4094"],
  [
    "a range of VLANs that ends before it begins",
    rule("layer2: { vlan: [10, 199-100] }"),
    "weir.yaml:5:26: rules[0].layer2.vlan[1]: the range 199-100 ends before it begins; did you mean 100-199?",
  ],
  [
    "a word for a VLAN",
    rule("layer2: { vlan: [guests] }"),
    'weir.yaml:5:22: rules[0].layer2.vlan[0]: "guests" is not a VLAN, a range as 100-199, or none',
  ],
  [
    "a mistyped code point",
    rule("layer3: { dscp: [af41, eff] }"),
    'weir.yaml:5:28: rules[0].layer3.dscp[1]: "eff" is not the name of a code point, as cs6, af41 or ef; did you mean ef?',
  ],
  ["a code point of 64", rule("layer3: { dscp: [63, 64] }"), "weir.yaml:5:26: rules[0].layer3.dscp[1]: 64 is outside 0 to 63"],
  [
    "a code point by its name and by its number",
    rule("layer3: { dscp: [ef, 46] }"),
    "weir.yaml:5:26: rules[0].layer3.dscp[1]: 46 is the same code point as ef",
  ],
  [
    "a mistyped state",
    rule("layer4: { state: [establisht] }"),
    'weir.yaml:5:23: rules[0].layer4.state[0]: "establisht" is not one of new, established, related, invalid; did you mean established?',
  ],
  [
    "a state of TCP for UDP",
    rule("layer4: { protocol: udp, state: [new, invalid] }"),
    "weir.yaml:5:43: rules[0].layer4.state[1]: only tcp has the state invalid, and the protocol is udp",
  ],
  [
    "a duration without a unit",
    rule("layer4: { connection_duration: { longer_than: 90 } }"),
    'weir.yaml:5:51: rules[0].layer4.connection_duration.longer_than: 90 is not text; did you mean "90"?',
  ],
  [
    "a duration in words",
    rule("layer4: { connection_duration: { longer_than: 1 hour } }"),
    'weir.yaml:5:51: rules[0].layer4.connection_duration.longer_than: "1 hour" is not a duration, as 90s, 15m, 2h or 7d; did you mean 1h?',
  ],
  [
    "a duration of nothing",
    rule("layer4: { connection_duration: { shorter_than: 0s } }"),
    "weir.yaml:5:52: rules[0].layer4.connection_duration.shorter_than: the duration 0s is outside 1s to 3650d",
  ],
  [
    "a duration that no connection has",
    rule("layer4: { connection_duration: { longer_than: 1h, shorter_than: 60m } }"),
    "weir.yaml:5:69: rules[0].layer4.connection_duration.shorter_than: no connection is older than 1h and younger than 60m",
  ],
  [
    "a duration of no side",
    rule("layer4: { connection_duration: {} }"),
    "weir.yaml:5:36: rules[0].layer4.connection_duration: this is empty; it may hold longer_than or shorter_than",
  ],
  [
    "a rate without a time",
    rule("layer4: { over_rate: 20 }"),
    "weir.yaml:5:26: rules[0].layer4.over_rate: the rate 20 does not say in which time; did you mean 20/s?",
  ],
  [
    "a rate in words",
    rule("layer4: { over_rate: 20 per second }"),
    'weir.yaml:5:26: rules[0].layer4.over_rate: "20 per second" is not a rate, as 20/s, 1000/10s or 5/1h; did you mean 20/s?',
  ],
  [
    "a rate of nothing",
    rule("layer4: { over_rate: 0/s }"),
    "weir.yaml:5:26: rules[0].layer4.over_rate: the number of the rate 0/s is outside 1 to 10000000",
  ],
  [
    "a rate a week",
    rule("layer4: { over_rate: { rate: 5/7d } }"),
    "weir.yaml:5:34: rules[0].layer4.over_rate.rate: the time of the rate 5/7d is outside 1s to 1d",
  ],
  [
    "a rate without its number",
    rule("layer4: { over_rate: { burst: 5 } }"),
    'weir.yaml:5:26: rules[0].layer4.over_rate: "rate" is missing; write one, as "rate: 20/s"',
  ],
  [
    "a rate by something else",
    rule("layer4: { over_rate: { rate: 20/s, by: sources } }"),
    'weir.yaml:5:44: rules[0].layer4.over_rate.by: "sources" is not one of source, destination, rule; did you mean source?',
  ],
  [
    "a burst that lasts for years",
    rule("layer4: { over_rate: { rate: 1/1d, burst: 1000 } }"),
    "weir.yaml:5:47: rules[0].layer4.over_rate.burst: at 1/1d a burst of 1000 takes more than 365 days to fill up again",
  ],
  ["a schedule that is no list", rule("schedule: { from: 08:00 }"), "weir.yaml:5:15: rules[0].schedule: a mapping is not a list"],
  [
    "a mistyped day",
    rule("schedule: [{ days: [monday] }]"),
    'weir.yaml:5:25: rules[0].schedule[0].days[0]: "monday" is not one of mon, tue, wed, thu, fri, sat, sun; did you mean mon?',
  ],
  ["a span of nothing", rule("schedule: [{}]"), "weir.yaml:5:16: rules[0].schedule[0]: this is empty; it may hold days, from or to"],
  [
    "a time of no day",
    rule('schedule: [{ from: "25:00" }]'),
    'weir.yaml:5:24: rules[0].schedule[0].from: "25:00" is not a time of the day, as 08:00 or 24:00',
  ],
  [
    "a span from the end of the day",
    rule('schedule: [{ from: "24:00" }]'),
    "weir.yaml:5:24: rules[0].schedule[0].from: a span cannot begin at 24:00, the end of the day; did you mean 00:00?",
  ],
  [
    "a span without time",
    rule('schedule: [{ from: "08:00", to: "08:00" }]'),
    "weir.yaml:5:37: rules[0].schedule[0].to: the span from 08:00 to 08:00 holds no time; a whole day is 00:00 to 24:00",
  ],
  [
    "five spans",
    rule("schedule: [{ days: [mon] }, { days: [tue] }, { days: [wed] }, { days: [thu] }, { days: [fri] }]"),
    "weir.yaml:5:15: rules[0].schedule: the list has 5 entries; at most 4 are possible",
  ],
  ["an end in words", rule("expires: tomorrow"), 'weir.yaml:5:14: rules[0].expires: "tomorrow" is not a time, as 2026-12-01T00:00:00Z'],
  [
    "an end on a day that no year has",
    rule('expires: "2026-02-31T00:00:00Z"'),
    'weir.yaml:5:14: rules[0].expires: "2026-02-31T00:00:00Z" is not a time, as 2026-12-01T00:00:00Z',
  ],
  [
    "no connections at all",
    rule("layer4: { connections_over: 0 }"),
    "weir.yaml:5:33: rules[0].layer4.connections_over: 0 is outside 1 to 10000000",
  ],
  [
    "a number of connections in words",
    rule("layer4: { connections_over: twenty }"),
    'weir.yaml:5:33: rules[0].layer4.connections_over: "twenty" is not a whole number or a mapping',
  ],
  [
    "connections without their number",
    rule("layer4: { connections_over: { by: rule } }"),
    'weir.yaml:5:33: rules[0].layer4.connections_over: "count" is missing; write one, as "count: 20"',
  ],
  [
    "a TCP flag twice",
    rule("layer4: { protocol: tcp, flags: { set: [syn, syn] } }"),
    'weir.yaml:5:50: rules[0].layer4.flags.set[1]: "syn" is in the list twice',
  ],
  [
    "a not that names nothing",
    rule("not: { layer3: { source: [] } }"),
    "weir.yaml:5:10: rules[0].not: not is empty; name what the rule leaves out, or remove it",
  ],
  ["an empty not", rule("not: {}"), "weir.yaml:5:10: rules[0].not: not is empty; name what the rule leaves out, or remove it"],
  ["a not without a value", rule("not:"), "weir.yaml:5:5: rules[0].not: this is empty; give it a value or remove the key"],
  ["a not that is a list", rule("not: [{ interfaces: [eth0] }]"), "weir.yaml:5:10: rules[0].not: a list of 1 is not a mapping"],
  ["a not within a not", rule("not: { not: { interfaces: [eth0] } }"), 'weir.yaml:5:12: rules[0].not.not: unknown key "not"'],
  [
    "TCP flags in a not",
    rule("layer4: { protocol: tcp }\n    not: { layer4: { flags: { set: [syn] } } }"),
    'weir.yaml:6:22: rules[0].not.layer4.flags: unknown key "flags"',
  ],
  [
    "ports in a not, of no protocol",
    rule("not: { layer4: { destination_ports: [80] } }"),
    "weir.yaml:5:22: rules[0].not.layer4.destination_ports: destination_ports need the protocol tcp or udp",
  ],
  [
    "ports in a not, of a rule without any",
    rule("layer4: { protocol: gre }\n    not: { layer4: { source_ports: [80] } }"),
    "weir.yaml:6:22: rules[0].not.layer4.source_ports: source_ports need the protocol tcp or udp, not gre",
  ],
  [
    "messages in a not, of a rule of the other protocol",
    rule("layer4: { protocol: icmpv6 }\n    not: { layer4: { icmp: [{ type: timestamp-request }] } }"),
    'weir.yaml:6:37: rules[0].not.layer4.icmp[0].type: "timestamp-request" is not an ICMPv6 message type but one of ICMP',
  ],
  [
    "a mistyped address in a not",
    rule("not: { layer3: { source: [10.0.0.0/33] } }"),
    'weir.yaml:5:31: rules[0].not.layer3.source[0]: the prefix length 33 of "10.0.0.0/33" is above 32',
  ],
  [
    "a set that does not exist",
    `${rule('layer3: { source: ["@partnrs"] }')}sets: { partners: {} }\n`,
    'weir.yaml:5:24: rules[0].layer3.source[0]: there is no set "partnrs" in "sets"; did you mean @partners?',
  ],
  [
    "a set where there are none",
    rule('layer3: { destination: [192.0.2.1, "@partners"] }'),
    'weir.yaml:5:40: rules[0].layer3.destination[1]: there is no set "partners" in "sets"',
  ],
  ["a set without a name", rule('layer3: { source: ["@"] }'), "weir.yaml:5:24: rules[0].layer3.source[0]: the name of the set is empty"],
  [
    "a set of addresses as ports",
    `${rule('layer4: { protocol: tcp, destination_ports: ["@partners"] }')}sets: { partners: { addresses: [192.0.2.1] } }\n`,
    'weir.yaml:5:50: rules[0].layer4.destination_ports[0]: the set "partners" holds no ports',
  ],
  [
    "a set of ports as addresses",
    `${rule('layer3: { source: ["@web"] }')}sets: { web: { ports: [80] } }\n`,
    'weir.yaml:5:24: rules[0].layer3.source[0]: the set "web" holds ports and no addresses',
  ],
  [
    "a part of a set left out",
    `${rule('layer3: { source: ["@partners"] }').replace(/\n$/, "\n    not: { layer3: { source: [192.0.2.1] } }\n")}sets: { partners: {} }\n`,
    "weir.yaml:6:22: rules[0].not.layer3.source: not cannot leave out a part of the sets in layer3.source; let a rule before this one decide about it",
  ],
  [
    "a set left out that does not exist",
    rule("layer4: { protocol: tcp }").replace(/\n$/, '\n    not: { layer4: { destination_ports: ["@web"] } }\n'),
    'weir.yaml:6:42: rules[0].not.layer4.destination_ports[0]: there is no set "web" in "sets"',
  ],
];
