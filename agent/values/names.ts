/** Names that the operator may write for numbers of the protocols. */

export const PROTOCOLS: Readonly<Record<string, number>> = {
  tcp: 6,
  udp: 17,
  icmp: 1,
  icmpv6: 58,
  gre: 47,
  esp: 50,
  ah: 51,
  sctp: 132,
  igmp: 2,
  ipip: 4,
  ipv6: 41,
};

/** The bits of the flag byte in the TCP header. */
export const TCP_FLAGS = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
  ece: 0x40,
  cwr: 0x80,
} as const;

export type TcpFlag = keyof typeof TCP_FLAGS;

/** The relations of a packet to its connection. */
export const CONNECTION_STATES = ["new", "established", "related", "invalid"] as const;

export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** An ICMP message type: its number, and the names of its codes where the codes have a meaning. */
interface IcmpType {
  readonly type: number;
  readonly codes?: Readonly<Record<string, number>>;
}

export type IcmpTable = Readonly<Record<string, IcmpType>>;

export const ICMP_TYPES: IcmpTable = {
  "echo-reply": { type: 0 },
  "destination-unreachable": {
    type: 3,
    codes: {
      "network-unreachable": 0,
      "host-unreachable": 1,
      "protocol-unreachable": 2,
      "port-unreachable": 3,
      "fragmentation-needed": 4,
      "source-route-failed": 5,
      "network-unknown": 6,
      "host-unknown": 7,
      "network-prohibited": 9,
      "host-prohibited": 10,
      "tos-network-unreachable": 11,
      "tos-host-unreachable": 12,
      "communication-prohibited": 13,
      "host-precedence-violation": 14,
      "precedence-cutoff": 15,
    },
  },
  "source-quench": { type: 4 },
  redirect: {
    type: 5,
    codes: { "network-redirect": 0, "host-redirect": 1, "tos-network-redirect": 2, "tos-host-redirect": 3 },
  },
  "echo-request": { type: 8 },
  "router-advertisement": { type: 9 },
  "router-solicitation": { type: 10 },
  "time-exceeded": { type: 11, codes: { "ttl-exceeded": 0, "reassembly-exceeded": 1 } },
  "parameter-problem": { type: 12, codes: { "pointer-error": 0, "option-missing": 1, "bad-length": 2 } },
  "timestamp-request": { type: 13 },
  "timestamp-reply": { type: 14 },
  "address-mask-request": { type: 17 },
  "address-mask-reply": { type: 18 },
};

export const ICMPV6_TYPES: IcmpTable = {
  "destination-unreachable": {
    type: 1,
    codes: {
      "no-route": 0,
      "communication-prohibited": 1,
      "beyond-scope": 2,
      "address-unreachable": 3,
      "port-unreachable": 4,
      "source-policy-failed": 5,
      "route-rejected": 6,
    },
  },
  "packet-too-big": { type: 2 },
  "time-exceeded": { type: 3, codes: { "hop-limit-exceeded": 0, "reassembly-exceeded": 1 } },
  "parameter-problem": { type: 4, codes: { "bad-header": 0, "unknown-header": 1, "unknown-option": 2 } },
  "echo-request": { type: 128 },
  "echo-reply": { type: 129 },
  "listener-query": { type: 130 },
  "listener-report": { type: 131 },
  "listener-done": { type: 132 },
  "router-solicitation": { type: 133 },
  "router-advertisement": { type: 134 },
  "neighbor-solicitation": { type: 135 },
  "neighbor-advertisement": { type: 136 },
  redirect: { type: 137 },
  "inverse-neighbor-solicitation": { type: 141 },
  "inverse-neighbor-advertisement": { type: 142 },
  "listener-report-v2": { type: 143 },
};

const PROTOCOL_NAMES = new Map(Object.entries(PROTOCOLS).map(([name, number]) => [number, name]));

/** Returns the number of a protocol; undefined if the name is unknown. */
export function protocolNumber(protocol: string | number): number | undefined {
  if (typeof protocol === "number") return protocol;
  return Object.hasOwn(PROTOCOLS, protocol) ? PROTOCOLS[protocol] : undefined;
}

/** Returns the name of a protocol, or its number as text if it has no name here. */
export function protocolName(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? String(protocol);
}

/** Returns the message types of `icmp` or `icmpv6`; undefined for any other protocol. */
export function icmpTable(protocol: string | number): IcmpTable | undefined {
  const number = protocolNumber(protocol);
  if (number === PROTOCOLS["icmp"]) return ICMP_TYPES;
  return number === PROTOCOLS["icmpv6"] ? ICMPV6_TYPES : undefined;
}

/** Returns the number of a message type; undefined if the table has no such name. */
export function icmpTypeNumber(table: IcmpTable, type: string | number): number | undefined {
  if (typeof type === "number") return type;
  return Object.hasOwn(table, type) ? table[type]?.type : undefined;
}

/** Returns the names of the codes of a type; empty if its codes are only numbers. */
export function icmpCodeNames(table: IcmpTable, type: string | number): Readonly<Record<string, number>> {
  const number = icmpTypeNumber(table, type);
  return Object.values(table).find((entry) => entry.type === number)?.codes ?? {};
}

/** Returns the number of a code of a type; undefined if the type has no such code. */
export function icmpCodeNumber(table: IcmpTable, type: string | number, code: string | number): number | undefined {
  if (typeof code === "number") return code;
  const codes = icmpCodeNames(table, type);
  return Object.hasOwn(codes, code) ? codes[code] : undefined;
}

/** Returns the name of a message type, or its number as text if it has no name here. */
export function icmpTypeName(table: IcmpTable, type: number): string {
  return Object.entries(table).find(([, entry]) => entry.type === type)?.[0] ?? String(type);
}
