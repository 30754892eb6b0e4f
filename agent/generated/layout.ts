/**
 * Written by agent/kernel/generate-layout.ts from probes/wire/wire.h; edit that and run it again.
 *
 * A number is a field's byte offset. A struct inside a struct has `at` and `size`, and its fields count from the
 * start of the outer one. An array has `at`, `count` and `stride`, and its fields count from the start of an element.
 */

export const GENERATION_NONE = 0;

export const GENERATION_WRITING = 4294967295;

export const LOGIN_NONE = 4294967295;

export const PATTERN_TEXT = 240;

export const Limit = {
  SCHEDULE: 4,
  VLANS: 8,
  CONDITIONS: 8,
  RULES: 131072,
  TABLES: 64,
  LIST: 1024,
  BUCKETS_PROBED: 4,
  INTERFACE_PLACES: 16384,
  INTERFACES_APART: 16384,
  TUNNEL_ENDS: 4096,
  OWN_ADDRESSES: 16384,
  INTERFACE_SLOTS: 256,
  FAILSAFE_PREFIXES: 32,
  FAILSAFE_SESSIONS: 8,
  MANAGEMENT_PORTS: 16,
  EXTENSION_HEADERS: 8,
  VLAN_TAGS: 2,
  FRAGMENT_RANGES: 8,
  COUNTER_SHARDS: 4,
  BAN_EXCEPTIONS: 32,
  SETS: 64,
  NETWORK_LINES_PROBED: 8,
  NETWORK_LENGTHS: 48,
  DROP_REASONS: 256,
  NAMESPACES: 4,
  HISTOGRAM_BUCKETS: 24,
  SOCKET_ERRORS: 256,
  ASKED_PROCESSES: 8,
  PROGRAM_CALLS: 4096,
  KINDS: 256,
  PATTERNS: 1024,
  PATH: 1024,
  COMMAND: 512,
  DROPS_A_SECOND: 10000,
} as const;

export const Hash = {
  SCATTER: 2654435761,
  BUCKET_SHIFT: 8,
  LINE_SHIFT: 4,
  IPV6: 2246822519,
  SOURCE_0: 2654435761,
  SOURCE_1: 2246822519,
  SOURCE_2: 3266489917,
  SOURCE_3: 668265263,
  DESTINATION_0: 374761393,
  DESTINATION_1: 3550635117,
  DESTINATION_2: 4251993797,
  DESTINATION_3: 3042594569,
  PORTS: 3432918353,
  PROTOCOL: 461845907,
  FINISH_FIRST: 739982445,
  FINISH_SECOND: 695872825,
} as const;

export const Mode = {
  DETECT: 0,
  PREVENT: 1,
} as const;
/** By value. */
export const ModeNames: readonly string[] = [
  "detect",
  "prevent",
];

export const Action = {
  ALLOW: 0,
  BLOCK: 1,
} as const;
/** By value. */
export const ActionNames: readonly string[] = [
  "allow",
  "block",
];

export const Direction = {
  INGRESS: 0,
  EGRESS: 1,
} as const;
/** By value. */
export const DirectionNames: readonly string[] = [
  "ingress",
  "egress",
];

export const Verdict = {
  PASSED: 0,
  DROPPED: 1,
  WOULD_DROP: 2,
  UNDECIDED: 3,
  CARRIED: 4,
  COUNT: 5,
} as const;
/** By value. */
export const VerdictNames: readonly string[] = [
  "passed",
  "dropped",
  "would_drop",
  "undecided",
  "carried",
];

export const Transport = {
  TCP: 0,
  UDP: 1,
  ICMP: 2,
  OTHER: 3,
  COUNT: 4,
} as const;
/** By value. */
export const TransportNames: readonly string[] = [
  "tcp",
  "udp",
  "icmp",
  "other",
];

export const Slot = {
  DEFAULT: 0,
  FAILSAFE: 1,
  ON_ERROR: 2,
  BAN: 3,
  FIRST_RULE: 16,
  NONE: 4294967295,
} as const;

export const Reason = {
  NONE: 0,
  INTERFACE_UNKNOWN: 1,
  ETHERNET_TRUNCATED: 2,
  VLAN_DEPTH: 3,
  VLAN_TRUNCATED: 4,
  IPV4_TRUNCATED: 5,
  IPV4_VERSION: 6,
  IPV4_HEADER_LENGTH: 7,
  IPV4_TOTAL_LENGTH: 8,
  IPV6_TRUNCATED: 9,
  IPV6_VERSION: 10,
  IPV6_PAYLOAD_LENGTH: 11,
  EXTENSION_TRUNCATED: 12,
  EXTENSION_DEPTH: 13,
  TCP_TRUNCATED: 14,
  TCP_HEADER_LENGTH: 15,
  UDP_TRUNCATED: 16,
  UDP_LENGTH: 17,
  ICMP_TRUNCATED: 18,
  FRAGMENT_TINY: 19,
  FRAGMENT_OVERLAP: 20,
  FRAGMENT_NESTED: 21,
  FRAGMENT_LENGTH: 22,
  FRAGMENT_RANGES: 23,
  FRAGMENT_WITHOUT_FIRST: 24,
  OPENER_UNKNOWN: 25,
  PROCESS_UNKNOWN: 26,
  TUNNEL_TRUNCATED: 27,
  TUNNEL_HEADER: 28,
  TUNNEL_PAYLOAD: 29,
  TUNNEL_DEPTH: 30,
  NOT_LINEAR: 31,
  COUNT: 32,
} as const;
/** By value. */
export const ReasonNames: readonly string[] = [
  "none",
  "interface_unknown",
  "ethernet_truncated",
  "vlan_depth",
  "vlan_truncated",
  "ipv4_truncated",
  "ipv4_version",
  "ipv4_header_length",
  "ipv4_total_length",
  "ipv6_truncated",
  "ipv6_version",
  "ipv6_payload_length",
  "extension_truncated",
  "extension_depth",
  "tcp_truncated",
  "tcp_header_length",
  "udp_truncated",
  "udp_length",
  "icmp_truncated",
  "fragment_tiny",
  "fragment_overlap",
  "fragment_nested",
  "fragment_length",
  "fragment_ranges",
  "fragment_without_first",
  "opener_unknown",
  "process_unknown",
  "tunnel_truncated",
  "tunnel_header",
  "tunnel_payload",
  "tunnel_depth",
  "not_linear",
];

export const Answer = {
  NONE: 0,
  RESET: 1,
  PROHIBITED: 2,
  UNFIT: 3,
  SUPPRESSED: 4,
  FAILED: 5,
  COUNT: 6,
} as const;
/** By value. */
export const AnswerNames: readonly string[] = [
  "none",
  "reset",
  "prohibited",
  "unfit",
  "suppressed",
  "failed",
];

export const Fault = {
  FLOW_INSERT: 0,
  OPENING_INSERT: 1,
  BLOCKED_INSERT: 2,
  FRAGMENT_INSERT: 3,
  OWNER_INSERT: 4,
  LISTENER_INSERT: 5,
  CGROUP_MADE: 6,
  PROGRAM_TOLD: 7,
  IDENTITY_INSERT: 8,
  COMMAND_UNREAD: 9,
  PATTERN_STEPS: 10,
  PULL: 11,
  INTERFACE_UNKNOWN: 12,
  CLASSIFY: 13,
  CONDITIONS_FULL: 14,
  RATE_INSERT: 15,
  RATE_RACE: 16,
  CONNECTION_INSERT: 17,
  DROP_INSERT: 18,
  LOCAL_END_INSERT: 19,
  CONNECTION_TOLD: 20,
  LISTENING_INSERT: 21,
  BINDING_INSERT: 22,
  SOCKET_FLOW_INSERT: 23,
  SYN_INSERT: 24,
  CONNECT_CALL_INSERT: 25,
  LISTEN_CALL_INSERT: 26,
  COUNT: 27,
} as const;
/** By value. */
export const FaultNames: readonly string[] = [
  "flow_insert",
  "opening_insert",
  "blocked_insert",
  "fragment_insert",
  "owner_insert",
  "listener_insert",
  "cgroup_made",
  "program_told",
  "identity_insert",
  "command_unread",
  "pattern_steps",
  "pull",
  "interface_unknown",
  "classify",
  "conditions_full",
  "rate_insert",
  "rate_race",
  "connection_insert",
  "drop_insert",
  "local_end_insert",
  "connection_told",
  "listening_insert",
  "binding_insert",
  "socket_flow_insert",
  "syn_insert",
  "connect_call_insert",
  "listen_call_insert",
];

export const Member = {
  SET: 63,
  IN_COPY_0: 64,
  IN_COPY_1: 128,
} as const;

export const BanFlag = {
  ADDRESSES: 1,
  PREFIXES: 2,
} as const;

export const Meter = {
  SOURCE: 0,
  DESTINATION: 1,
  RULE: 2,
} as const;
/** By value. */
export const MeterNames: readonly string[] = [
  "source",
  "destination",
  "rule",
];

export const State = {
  NEW: 0,
  ESTABLISHED: 1,
  RELATED: 2,
  INVALID: 3,
} as const;
/** By value. */
export const StateNames: readonly string[] = [
  "new",
  "established",
  "related",
  "invalid",
];

export const InterfaceFlag = {
  NO_ETHERNET: 1,
  LOOPBACK: 2,
  UNKNOWN: 4,
} as const;

export const Match = {
  PROTOCOL: 1,
  SOURCE_PORT: 2,
  DESTINATION_PORT: 4,
  MESSAGE: 8,
  INTERFACE: 16,
  SOURCE_SET: 32,
  DESTINATION_SET: 64,
} as const;

export const MatcherFlag = {
  LAST: 1,
  BLOCKS: 2,
  STAGED: 4,
  CONDITIONAL: 8,
  TIMED: 32,
  OF_KIND: 64,
  OF_OTHER_KIND: 128,
  DOUBTFUL: 16,
} as const;

export const PrunerKind = {
  SOURCE_COARSE: 0,
  SOURCE_FINE: 1,
  DESTINATION_COARSE: 2,
  DESTINATION_FINE: 3,
  SOURCE_PORT: 4,
  DESTINATION_PORT: 5,
  PROTOCOL: 6,
  COUNT: 7,
} as const;
/** By value. */
export const PrunerKindNames: readonly string[] = [
  "source_coarse",
  "source_fine",
  "destination_coarse",
  "destination_fine",
  "source_port",
  "destination_port",
  "protocol",
];

export const IndexKind = {
  IPV4: 0,
  IPV6: 1,
  IPV4_PORTLESS: 2,
  IPV6_PORTLESS: 3,
  COUNT: 4,
} as const;
/** By value. */
export const IndexKindNames: readonly string[] = [
  "ipv4",
  "ipv6",
  "ipv4_portless",
  "ipv6_portless",
];

export const RuleFlag = {
  ENFORCE: 1,
  REJECT: 2,
} as const;

export const Receiver = {
  LOCAL: 1,
  REDIRECTED: 2,
} as const;
/** By value. */
export const ReceiverNames: readonly string[] = [
  "",
  "local",
  "redirected",
];

export const TunnelForm = {
  ANY_LOCAL: 1,
  ANY_REMOTE: 2,
  ANY_IDENTIFIER: 4,
  FORMS: 8,
  AT_PORT: 8,
} as const;

export const UsualPort = {
  VXLAN: 4789,
  VXLAN_GPE: 4790,
  VXLAN_LINUX: 8472,
  GENEVE: 6081,
} as const;

export const FlowFlag = {
  OPENER_IS_LOW: 1,
  CLOSED: 2,
  UNCLAIMED: 4,
  LEFT: 8,
  RECEIVER_UNCERTAIN: 16,
  CLOSE_REPORTED: 32,
  RESET_BY_OPENER: 64,
  RESET_BY_OTHER: 128,
  OPENER_FINISHED: 256,
  OTHER_FINISHED: 512,
  REPLY_UNSEEN: 1024,
  OFFERED: 2048,
  OFFER_REPLIED: 4096,
  REGISTERED: 8192,
  SOCKET_WATCHED: 16384,
  REPLIED: 65536,
  WOULD_DROP: 131072,
  WOULD_END: 262144,
  MIDSTREAM: 524288,
  ASKS_AGAIN: 1048576,
} as const;

export const OwnerFlag = {
  HOLDER: 1,
  UNPRIVILEGED: 2,
} as const;

export const FlowCount = {
  FLOWS: 0,
  BLOCKED: 1,
  FLOW_TABLES: 2,
} as const;
/** By value. */
export const FlowCountNames: readonly string[] = [
  "flows",
  "blocked",
  "flow_tables",
];

export const Aspect = {
  EXECUTABLE: 0,
  COMMAND: 1,
  PARENT: 2,
  USER: 3,
  WORKLOAD: 4,
  COUNT: 5,
} as const;
/** By value. */
export const AspectNames: readonly string[] = [
  "executable",
  "command",
  "parent",
  "user",
  "workload",
];

export const Call = {
  NONE: 0,
  SOCKET: 1,
  BIND: 2,
  LISTEN: 3,
  ACCEPT: 4,
  ACCEPT4: 5,
  CONNECT: 6,
  RECVMSG: 7,
  PIDFD_GETFD: 8,
  READ: 9,
  WRITE: 10,
  READV: 11,
  WRITEV: 12,
  SENDTO: 13,
  RECVFROM: 14,
  SENDMSG: 15,
  SENDMMSG: 16,
  RECVMMSG: 17,
  SENDFILE64: 18,
  SHUTDOWN: 19,
  COUNT: 20,
} as const;
/** By value. */
export const CallNames: readonly string[] = [
  "none",
  "socket",
  "bind",
  "listen",
  "accept",
  "accept4",
  "connect",
  "recvmsg",
  "pidfd_getfd",
  "read",
  "write",
  "readv",
  "writev",
  "sendto",
  "recvfrom",
  "sendmsg",
  "sendmmsg",
  "recvmmsg",
  "sendfile64",
  "shutdown",
];

export const EventType = {
  ALLOWED: 1,
  DETECTED: 2,
  BLOCKED: 3,
  UNDECIDED: 4,
  CLOSED: 5,
  LISTENING: 6,
  CONNECT_REFUSED: 7,
  CONNECT_FAILED: 8,
  BIND_FAILED: 9,
  RAW_SOCKET: 10,
  PACKET_SOCKET: 11,
  PACKET_BYPASS: 12,
  COUNT: 13,
} as const;
/** By value. */
export const EventTypeNames: readonly string[] = [
  "",
  "allowed",
  "detected",
  "blocked",
  "undecided",
  "closed",
  "listening",
  "connect_refused",
  "connect_failed",
  "bind_failed",
  "raw_socket",
  "packet_socket",
  "packet_bypass",
];

export const Bypass = {
  NONE: 0,
  QDISC: 1,
  AF_XDP: 2,
  UNKNOWN: 3,
} as const;
/** By value. */
export const BypassNames: readonly string[] = [
  "none",
  "qdisc",
  "af_xdp",
  "unknown",
];

export const Control = {
  size: 56,
  generation: 0,
  mode: 4,
  bans: 8,
  week_seconds: 12,
  translates: 16,
  tunnel_forms: 20,
  release_jiffies: 24,
  release_ns: 32,
  grace_jiffies: 40,
  notes_arriving: 48,
} as const;

export const NetworkLine = {
  size: 64,
  address: { at: 0, count: 6, stride: 4 },
  until: { at: 24, count: 6, stride: 4 },
  length: { at: 48, count: 6, stride: 1 },
  member: { at: 54, count: 6, stride: 1 },
  is_full: 60,
} as const;

export const NetworkKey = {
  size: 24,
  address: { at: 0, count: 2, stride: 8 },
  length: 16,
} as const;

export const NetworkSets = {
  size: 48,
  lasting: { at: 0, count: 2, stride: 8 },
  until: { at: 16, count: 6, stride: 4 },
  member: { at: 40, count: 6, stride: 1 },
} as const;

export const NetworkRoot = {
  size: 32,
  lengths: { at: 0, count: 2, stride: 8 },
  ipv4_lengths: 16,
  in_lines: 24,
} as const;

export const FailsafePrefix = {
  size: 32,
  address_be: { at: 0, count: 2, stride: 8 },
  mask_be: { at: 16, count: 2, stride: 8 },
} as const;

export const BanRoot = {
  size: 1064,
  networks: {
    at: 0,
    size: 32,
    lengths: { at: 0, count: 2, stride: 8 },
    ipv4_lengths: 16,
    in_lines: 24,
  },
  exception_count: 32,
  exceptions: {
    at: 40,
    count: 32,
    stride: 32,
    address_be: { at: 0, count: 2, stride: 8 },
    mask_be: { at: 16, count: 2, stride: 8 },
  },
} as const;

export const MeterKey = {
  size: 24,
  identity: 0,
  address_be: { at: 8, count: 2, stride: 8 },
} as const;

export const FailsafeSession = {
  size: 24,
  address_be: { at: 0, count: 2, stride: 8 },
  remote_port: 16,
  local_port: 18,
  in_use: 20,
} as const;

export const Policy = {
  size: 1288,
  generation: 0,
  judges_invalid: 4,
  front: 8,
  asked_sets: 12,
  kinds: 16,
  refuses_bypass: 20,
  default_action: 24,
  on_error: { at: 25, count: 2, stride: 1 },
  inspect_tunnels: 27,
  events_per_second: 28,
  failsafe_prefix_count: 32,
  management_port_count: 36,
  management_ports: { at: 40, count: 16, stride: 2 },
  sessions: {
    at: 72,
    count: 8,
    stride: 24,
    address_be: { at: 0, count: 2, stride: 8 },
    remote_port: 16,
    local_port: 18,
    in_use: 20,
  },
  failsafe_prefixes: {
    at: 264,
    count: 32,
    stride: 32,
    address_be: { at: 0, count: 2, stride: 8 },
    mask_be: { at: 16, count: 2, stride: 8 },
  },
} as const;

export const RuleSpan = {
  size: 6,
  days: 0,
  from: 2,
  to: 4,
} as const;

export const RuleVlans = {
  size: 4,
  first: 0,
  last: 2,
} as const;

export const Rule = {
  size: 120,
  action: 0,
  flags: 1,
  tcp_flags_mask: 2,
  tcp_flags_value: 3,
  events_per_second: 4,
  longer_than: 8,
  shorter_than: 12,
  states: 16,
  rate_per_connection: 17,
  rate_by: 18,
  connections_by: 19,
  expires: 20,
  identity: 24,
  rate_interval: 32,
  rate_burst: 40,
  schedule: {
    at: 48,
    count: 4,
    stride: 6,
    days: 0,
    from: 2,
    to: 4,
  },
  dscp: 72,
  vlans: {
    at: 80,
    count: 8,
    stride: 4,
    first: 0,
    last: 2,
  },
  connections_over: 112,
  kind: 116,
  other_kind: 118,
} as const;

export const RuleCounterShard = {
  size: 64,
  packets: 0,
  bytes: 8,
  flows: 16,
  would_drop: 24,
  dropped: 32,
  events_suppressed: 40,
  last_hit_jiffies: 48,
  limiter: 56,
} as const;

export const RuleCounter = {
  size: 256,
  shards: {
    at: 0,
    count: 4,
    stride: 64,
    packets: 0,
    bytes: 8,
    flows: 16,
    would_drop: 24,
    dropped: 32,
    events_suppressed: 40,
    last_hit_jiffies: 48,
    limiter: 56,
  },
} as const;

export const InterfaceEntry = {
  size: 24,
  ifindex: 0,
  slot: 4,
  flags: 6,
  groups: { at: 8, count: 2, stride: 8 },
} as const;

export const Matcher = {
  size: 64,
  source: { at: 0, count: 2, stride: 8 },
  destination: { at: 16, count: 2, stride: 8 },
  interface_groups: 32,
  source_port_low: 40,
  message_low: 40,
  source_port_high: 42,
  message_high: 42,
  destination_port_low: 44,
  destination_port_high: 46,
  slot: 48,
  order: 52,
  source_length: 56,
  destination_length: 57,
  protocol_low: 58,
  protocol_high: 59,
  directions: 60,
  flags: 61,
  fields: 62,
} as const;

export const MatcherTable = {
  size: 64,
  source_mask: { at: 0, count: 2, stride: 8 },
  destination_mask: { at: 16, count: 2, stride: 8 },
  port_mask: 32,
  protocol_mask: 36,
  seed: 40,
  best: 44,
} as const;

export const BucketEntry = {
  size: 8,
  tag: 0,
  list: 4,
} as const;

export const Bucket = {
  size: 64,
  entries: {
    at: 0,
    count: 8,
    stride: 8,
    tag: 0,
    list: 4,
  },
} as const;

export const Pruner = {
  size: 16,
  always: 0,
  first: 8,
  shift: 12,
} as const;

export const MatcherIndex = {
  size: 192,
  table_count: 0,
  first_table: 4,
  list: 8,
  first_bucket: 12,
  bucket_mask: 16,
  pruners: {
    at: 64,
    count: 8,
    stride: 16,
    always: 0,
    first: 8,
    shift: 12,
  },
} as const;

export const Ends = {
  size: 40,
  source_be: { at: 0, count: 2, stride: 8 },
  destination_be: { at: 16, count: 2, stride: 8 },
  source_port: 32,
  destination_port: 34,
} as const;

export const NamespaceAddress = {
  size: 24,
  address_be: { at: 0, count: 2, stride: 8 },
  ifindex: 16,
} as const;

export const AddressNamespaces = {
  size: 16,
  namespaces: { at: 0, count: 4, stride: 4 },
} as const;

export const LocalEnd = {
  size: 24,
  address_be: { at: 0, count: 2, stride: 8 },
  ifindex: 16,
  port: 20,
  protocol: 22,
} as const;

export const TunnelEnd = {
  size: 48,
  local_be: { at: 0, count: 2, stride: 8 },
  remote_be: { at: 16, count: 2, stride: 8 },
  tunnel: 32,
  tunnel_high: 36,
  port: 40,
  form: 42,
} as const;

export const OwnAddress = {
  size: 16,
  address_be: { at: 0, count: 2, stride: 8 },
} as const;

export const TrafficCounter = {
  size: 16,
  packets: 0,
  bytes: 8,
} as const;

export const Traffic = {
  size: 640,
  by: {
    at: 0,
    count: 40,
    stride: 16,
    dimensions: [2, 4, 5],
    packets: 0,
    bytes: 8,
  },
} as const;

export const FlowKey = {
  size: 56,
  low_be: { at: 0, count: 2, stride: 8 },
  high_be: { at: 16, count: 2, stride: 8 },
  ports: { at: 32, count: 2, stride: 2 },
  ifindex: 36,
  tunnel: 40,
  vlan: { at: 44, count: 2, stride: 2 },
  what: { at: 48, count: 2, stride: 2 },
  tunnel_high: 52,
} as const;

export const Decision = {
  size: 56,
  slot: 0,
  staged: 4,
  action: 8,
  reason: 9,
  condition_count: 10,
  staged_at: 11,
  once: 12,
  ask_again: 16,
  conditions: { at: 24, count: 8, stride: 4 },
} as const;

export const Flow = {
  size: 224,
  seen_jiffies: 0,
  packets: { at: 8, count: 2, stride: 8 },
  bytes: { at: 24, count: 2, stride: 8 },
  generation: 40,
  flags: 44,
  direction: 48,
  icmp_type: 49,
  icmp_code: 50,
  tcp_flags: { at: 51, count: 2, stride: 1 },
  hop_limit: { at: 53, count: 2, stride: 1 },
  next: { at: 56, count: 2, stride: 4 },
  acknowledged: { at: 64, count: 2, stride: 4 },
  decision: {
    at: 72,
    size: 56,
    slot: 72,
    staged: 76,
    action: 80,
    reason: 81,
    condition_count: 82,
    staged_at: 83,
    once: 84,
    ask_again: 88,
    conditions: { at: 96, count: 8, stride: 4 },
  },
  reported: 128,
  opened_ns: 136,
  opened_jiffies: 144,
  cookie: 152,
  awaiting: 160,
  nat: {
    at: 168,
    size: 40,
    source_be: { at: 168, count: 2, stride: 8 },
    destination_be: { at: 184, count: 2, stride: 8 },
    source_port: 200,
    destination_port: 202,
  },
  finish: { at: 208, count: 2, stride: 4 },
  successor: 216,
  successor_reply: 220,
} as const;

export const Syn = {
  size: 8,
  begin: 0,
  end: 4,
} as const;

export const Owner = {
  size: 72,
  started_ns: 0,
  cgroup: 8,
  creator_started_ns: 16,
  pid: 24,
  uid: 28,
  creator_pid: 32,
  flags: 36,
  executions: 38,
  command: { at: 40, count: 16, stride: 1 },
  connecting_ns: 56,
  thread: 64,
} as const;

export const Holding = {
  size: 112,
  cookie: 0,
  inode: 8,
  holder: {
    at: 16,
    size: 72,
    started_ns: 16,
    cgroup: 24,
    creator_started_ns: 32,
    pid: 40,
    uid: 44,
    creator_pid: 48,
    flags: 52,
    executions: 54,
    command: { at: 56, count: 16, stride: 1 },
    connecting_ns: 72,
    thread: 80,
  },
  parent: 88,
  ifindex: 92,
  listens: 96,
  bypass: 100,
  bypass_reported: 104,
} as const;

export const SocketHolder = {
  size: 88,
  cookie: 0,
  holder: {
    at: 8,
    size: 72,
    started_ns: 8,
    cgroup: 16,
    creator_started_ns: 24,
    pid: 32,
    uid: 36,
    creator_pid: 40,
    flags: 44,
    executions: 46,
    command: { at: 48, count: 16, stride: 1 },
    connecting_ns: 64,
    thread: 72,
  },
  login: 80,
} as const;

export const FlowCounter = {
  size: 16,
  inserted: 0,
  deleted: 8,
} as const;

export const Kinds = {
  size: 32,
  words: { at: 0, count: 4, stride: 8 },
} as const;

export const KnownKinds = {
  size: 64,
  certain: {
    at: 0,
    size: 32,
    words: { at: 0, count: 4, stride: 8 },
  },
  possible: {
    at: 32,
    size: 32,
    words: { at: 32, count: 4, stride: 8 },
  },
} as const;

export const ProcessPattern = {
  size: 256,
  kind: 0,
  aspect: 2,
  length: 3,
  is_end: 4,
  text: { at: 16, count: 240, stride: 1 },
} as const;

export const KindEdition = {
  size: 168,
  number: 0,
  pattern_count: 4,
  asked: {
    at: 8,
    count: 5,
    stride: 32,
    words: { at: 0, count: 4, stride: 8 },
  },
} as const;

export const ProcessKinds = {
  size: 200,
  edition: 0,
  own: {
    at: 8,
    size: 64,
    certain: {
      at: 8,
      size: 32,
      words: { at: 8, count: 4, stride: 8 },
    },
    possible: {
      at: 40,
      size: 32,
      words: { at: 40, count: 4, stride: 8 },
    },
  },
  above: {
    at: 72,
    size: 64,
    certain: {
      at: 72,
      size: 32,
      words: { at: 72, count: 4, stride: 8 },
    },
    possible: {
      at: 104,
      size: 32,
      words: { at: 104, count: 4, stride: 8 },
    },
  },
  as_parent: {
    at: 136,
    size: 64,
    certain: {
      at: 136,
      size: 32,
      words: { at: 136, count: 4, stride: 8 },
    },
    possible: {
      at: 168,
      size: 32,
      words: { at: 168, count: 4, stride: 8 },
    },
  },
} as const;

export const ProcessIdentity = {
  size: 416,
  started_ns: 0,
  executions: 8,
  by: {
    at: 16,
    count: 2,
    stride: 200,
    edition: 0,
    own: {
      at: 8,
      size: 64,
      certain: {
        at: 8,
        size: 32,
        words: { at: 8, count: 4, stride: 8 },
      },
      possible: {
        at: 40,
        size: 32,
        words: { at: 40, count: 4, stride: 8 },
      },
    },
    above: {
      at: 72,
      size: 64,
      certain: {
        at: 72,
        size: 32,
        words: { at: 72, count: 4, stride: 8 },
      },
      possible: {
        at: 104,
        size: 32,
        words: { at: 104, count: 4, stride: 8 },
      },
    },
    as_parent: {
      at: 136,
      size: 64,
      certain: {
        at: 136,
        size: 32,
        words: { at: 136, count: 4, stride: 8 },
      },
      possible: {
        at: 168,
        size: 32,
        words: { at: 168, count: 4, stride: 8 },
      },
    },
  },
} as const;

export const ProgramRun = {
  size: 16,
  started_ns: 0,
  pid: 8,
  executions: 12,
} as const;

export const KindUser = {
  size: 8,
  place: 0,
  uid: 4,
} as const;

export const KindGroup = {
  size: 16,
  cgroup: 0,
  place: 8,
} as const;

export const DescribedProcess = {
  size: 1680,
  place: 0,
  path_length: 4,
  command_length: 8,
  path: { at: 16, count: 1024, stride: 1 },
  command: { at: 1040, count: 512, stride: 1 },
  own: {
    at: 1552,
    size: 64,
    certain: {
      at: 1552,
      size: 32,
      words: { at: 1552, count: 4, stride: 8 },
    },
    possible: {
      at: 1584,
      size: 32,
      words: { at: 1584, count: 4, stride: 8 },
    },
  },
  as_parent: {
    at: 1616,
    size: 64,
    certain: {
      at: 1616,
      size: 32,
      words: { at: 1616, count: 4, stride: 8 },
    },
    possible: {
      at: 1648,
      size: 32,
      words: { at: 1648, count: 4, stride: 8 },
    },
  },
} as const;

export const ProgramCall = {
  size: 24,
  command: { at: 0, count: 16, stride: 1 },
  call: 16,
  error: 18,
} as const;

export const AskedProcess = {
  size: 48,
  limiter: 0,
  seen: 8,
  told: 16,
  suppressed: 24,
  lost: 32,
  most: 40,
  descriptor: 44,
} as const;

export const ShownCall = {
  size: 80,
  time_ns: 0,
  result: 8,
  cookie: 16,
  local_be: { at: 24, count: 2, stride: 8 },
  remote_be: { at: 40, count: 2, stride: 8 },
  pid: 56,
  thread: 60,
  descriptor: 64,
  local_port: 68,
  remote_port: 70,
  family: 72,
  call: 74,
  protocol: 76,
} as const;

export const DropKey = {
  size: 64,
  flow: {
    at: 0,
    size: 56,
    low_be: { at: 0, count: 2, stride: 8 },
    high_be: { at: 16, count: 2, stride: 8 },
    ports: { at: 32, count: 2, stride: 2 },
    ifindex: 36,
    tunnel: 40,
    vlan: { at: 44, count: 2, stride: 2 },
    what: { at: 48, count: 2, stride: 2 },
    tunnel_high: 52,
  },
  reason: 56,
  from_low: 60,
} as const;

export const Drop = {
  size: 40,
  packets: 0,
  first_ns: 8,
  last_ns: 16,
  cookie: 24,
  direction: 32,
  icmp_type: 33,
  icmp_code: 34,
  tcp_flags: 35,
  has_data: 36,
} as const;

export const Event = {
  size: 232,
  time_ns: 0,
  source_be: { at: 8, count: 2, stride: 8 },
  destination_be: { at: 24, count: 2, stride: 8 },
  nat: {
    at: 40,
    size: 40,
    source_be: { at: 40, count: 2, stride: 8 },
    destination_be: { at: 56, count: 2, stride: 8 },
    source_port: 72,
    destination_port: 74,
  },
  opened_ns: 80,
  packets: { at: 88, count: 2, stride: 8 },
  bytes: { at: 104, count: 2, stride: 8 },
  cookie: 120,
  owner_started_ns: 128,
  owner_cgroup: 136,
  creator_started_ns: 144,
  generation: 152,
  slot: 156,
  ifindex: 160,
  tunnel: 164,
  pid: 168,
  uid: 172,
  creator_pid: 176,
  source_port: 180,
  destination_port: 182,
  vlan: { at: 184, count: 2, stride: 2 },
  type: 188,
  verdict: 189,
  direction: 190,
  protocol: 191,
  reason: 192,
  staged: 193,
  icmp_type: 194,
  icmp_code: 195,
  tcp_flags: { at: 196, count: 2, stride: 1 },
  owner_flags: 198,
  owner_executions: 199,
  command: { at: 200, count: 16, stride: 1 },
  netns: 216,
  error: 220,
  bypass: 222,
  call: 223,
  thread: 224,
} as const;

export const SocketCounter = {
  size: 24,
  limiter: 0,
  happened: 8,
  suppressed: 16,
} as const;

export const ProgramStarted = {
  size: 800,
  started_ns: 0,
  parent_started_ns: 8,
  pid: 16,
  parent_pid: 20,
  executions: 24,
  parent_executions: 26,
  arguments_length: 28,
  forked: 30,
  path: { at: 32, count: 256, stride: 1 },
  arguments: { at: 288, count: 512, stride: 1 },
} as const;

export const CgroupMade = {
  size: 520,
  id: 0,
  path: { at: 8, count: 512, stride: 1 },
} as const;

export const Outcome = {
  size: 32,
  slot: 0,
  staged: 4,
  action: 8,
  verdict: 12,
  answer: 16,
  reason: 24,
  tunnelled: 28,
} as const;

export const EventCounter = {
  size: 24,
  emitted: 0,
  lost: 8,
  suppressed: 16,
} as const;

export const Histogram = {
  size: 200,
  counts: { at: 0, count: 24, stride: 8 },
  sum: 192,
} as const;

export const TcpStatistics = {
  size: 608,
  round_trip: {
    at: 0,
    size: 200,
    counts: { at: 0, count: 24, stride: 8 },
    sum: 192,
  },
  retransmissions: {
    at: 200,
    size: 200,
    counts: { at: 200, count: 24, stride: 8 },
    sum: 392,
  },
  connecting: {
    at: 400,
    size: 200,
    counts: { at: 400, count: 24, stride: 8 },
    sum: 592,
  },
  segments: 600,
} as const;

export const ListeningPlace = {
  size: 32,
  netns: 0,
  local_be: { at: 8, count: 2, stride: 8 },
  port: 24,
} as const;

export const Listening = {
  size: 16,
  cookie: 0,
  sockets: 8,
} as const;

export const TcpConnection = {
  size: 144,
  cookie: 0,
  netns: 8,
  local_be: { at: 16, count: 2, stride: 8 },
  remote_be: { at: 32, count: 2, stride: 8 },
  owner: {
    at: 48,
    size: 72,
    started_ns: 48,
    cgroup: 56,
    creator_started_ns: 64,
    pid: 72,
    uid: 76,
    creator_pid: 80,
    flags: 84,
    executions: 86,
    command: { at: 88, count: 16, stride: 1 },
    connecting_ns: 104,
    thread: 112,
  },
  round_trip_us: 120,
  least_round_trip_us: 124,
  segments: 128,
  retransmissions: 132,
  local_port: 136,
  remote_port: 138,
  direction: 140,
} as const;
