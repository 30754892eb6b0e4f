/** Everything beside the rules. */

import type { BrokenFile } from "./case.ts";

export const WRONG_SETTINGS: BrokenFile[] = [
  [
    "no included interface",
    "version: 1\ninterfaces: { include: [] }\n",
    "weir.yaml:2:24: interfaces.include: the list is empty; name at least one",
  ],
  [
    "an interface name too long",
    "version: 1\ninterfaces: { include: [averylonginterface] }\n",
    "weir.yaml:2:25: interfaces.include[0]: an interface name has at most 15 bytes",
  ],
  [
    "an interface name with a slash",
    "version: 1\ninterfaces: { exclude: [eth/0] }\n",
    "weir.yaml:2:25: interfaces.exclude[0]: an interface name has no spaces, slashes or colons",
  ],
  [
    "an override without a hook",
    "version: 1\ninterfaces: { overrides: [{ name: eth0 }] }\n",
    'weir.yaml:2:27: interfaces.overrides[0]: "ingress" is missing; write one, as "ingress: xdp"',
  ],
  [
    "a management port twice",
    "version: 1\nfailsafe: { management_ports: [22, 22] }\n",
    "weir.yaml:2:36: failsafe.management_ports[1]: 22 is in the list twice",
  ],
  [
    "seventeen management ports",
    "version: 1\nfailsafe: { management_ports: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17] }\n",
    "weir.yaml:2:31: failsafe.management_ports: the list has 17 entries; at most 16 are possible",
  ],
  [
    "a size without sense",
    "version: 1\naudit: { rotate: { size: 100 MegaBytes } }\n",
    'weir.yaml:2:26: audit.rotate.size: "100 MegaBytes" is not a size, as 1048576, 100MB or 64MiB',
  ],
  [
    "a size too small",
    "version: 1\naudit: { rotate: { size: 10kB } }\n",
    "weir.yaml:2:26: audit.rotate.size: the size 10kB is outside 64kB to 1000GB",
  ],
  [
    "a size too small in bytes",
    "version: 1\naudit: { rotate: { size: 1000 } }\n",
    "weir.yaml:2:26: audit.rotate.size: 1000 is outside 64000 to 1000000000000",
  ],
  ["a relative path", "version: 1\nstate_dir: state\n", 'weir.yaml:2:12: state_dir: "state" is not an absolute path'],
  [
    "a path for the socket that no socket can have",
    `version: 1\ncontrol_socket: /run/${"a".repeat(120)}\n`,
    "weir.yaml:2:17: control_socket: the path is longer than 107 bytes",
  ],
  [
    "an endpoint that is no URL",
    "version: 1\notel: { endpoint: localhost }\n",
    'weir.yaml:2:19: otel.endpoint: "localhost" is not a URL, as http://127.0.0.1:4318',
  ],
  [
    "an endpoint of gRPC",
    'version: 1\notel: { endpoint: "grpc://127.0.0.1:4317" }\n',
    'weir.yaml:2:19: otel.endpoint: the URL "grpc://127.0.0.1:4317" is not one of http or https',
  ],
  [
    "an endpoint with a password",
    'version: 1\notel: { endpoint: "http://me:secret@127.0.0.1" }\n',
    "weir.yaml:2:19: otel.endpoint: the URL holds a password; give it in the variable OTEL_EXPORTER_OTLP_HEADERS",
  ],
  [
    "a resource attribute that is a number",
    "version: 1\notel: { resource: { rack: 7 } }\n",
    'weir.yaml:2:27: otel.resource.rack: 7 is not text; did you mean "7"?',
  ],
  [
    "a resource attribute without a name",
    'version: 1\notel: { resource: { "": x } }\n',
    'weir.yaml:2:21: otel.resource.: "" is not the name of an attribute: letters, digits and . _ -, a letter first',
  ],
  [
    "a set that is a list",
    'version: 1\nsets: { partners: [192.0.2.1] }\nrules: [{ name: a, action: block, layer3: { source: ["@partners"] } }]\n',
    "weir.yaml:2:19: sets.partners: a list of 1 is not a mapping",
  ],
  [
    "sets that are a list",
    'version: 1\nsets: [partners]\nrules: [{ name: a, action: block, layer3: { source: ["@partners"] } }]\n',
    "weir.yaml:2:7: sets: a list of 1 is not a mapping",
  ],
  [
    "a set whose name has a space",
    'version: 1\nsets: { "my partners": { addresses: [192.0.2.1] } }\n',
    'weir.yaml:2:9: sets.my partners: "my partners" is not the name of a set: letters, digits and . _ -, a letter first',
  ],
  [
    "a member of a set that is no address",
    "version: 1\nsets: { partners: { addresses: [192.0.2.256] } }\n",
    'weir.yaml:2:33: sets.partners.addresses[0]: "192.0.2.256" has a part above 255',
  ],
  [
    "a set within a set",
    'version: 1\nsets: { a: {}, partners: { addresses: ["@a"] } }\n',
    'weir.yaml:2:40: sets.partners.addresses[0]: "@a" is a set, and no set can be used here',
  ],
  [
    "a set of no ports",
    "version: 1\nsets: { web: { ports: [] } }\n",
    "weir.yaml:2:23: sets.web.ports: the list is empty; name at least one",
  ],
  ["a set's file without a name", 'version: 1\nsets: { feed: { file: "" } }\n', "weir.yaml:2:23: sets.feed.file: the path is empty"],
  [
    "a set's file with a newline in its name",
    'version: 1\nsets: { feed: { file: "a\\nb" } }\n',
    'weir.yaml:2:23: sets.feed.file: the path "/a\\nb" has characters that cannot be shown',
  ],
  [
    "two files of a set",
    "version: 1\nsets: { feed: { file: [a.txt, b.txt] } }\n",
    "weir.yaml:2:23: sets.feed.file: a list of 2 is not text",
  ],
  [
    "a time to live that is none",
    "version: 1\nsets: { feed: { file: feed.txt, ttl: soon } }\n",
    'weir.yaml:2:38: sets.feed.ttl: "soon" is not a duration, as 90s, 15m, 2h or 7d',
  ],
  [
    "a time to live of nothing",
    "version: 1\nsets: { feed: { file: feed.txt, ttl: 0s } }\n",
    "weir.yaml:2:38: sets.feed.ttl: the duration 0s is outside 1s to 3650d",
  ],
  [
    "a time to live of ports",
    "version: 1\nsets: { web: { ports: [80], ttl: 1h } }\n",
    "weir.yaml:2:29: sets.web.ttl: ttl is for addresses, and this set holds only ports",
  ],
  [
    "65 sets of addresses",
    `version: 1\nsets:\n${Array.from({ length: 65 }, (_, number) => `  s${number}: {}\n`).join("")}`,
    "weir.yaml:67:3: sets.s64: there are 65 sets of addresses, and at most 64 fit; join some",
  ],
];
