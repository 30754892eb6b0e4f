/** The panels of the dashboard. The names in their queries follow the metric table in otel/; a test checks every query against it. */

export interface Panel {
  title: string;
  /** The text behind the panel's question mark. */
  says: string;
  kind: "stat" | "timeseries" | "table";
  /** The PromQL queries by legend. */
  queries: Record<string, string>;
  /** Grafana's name of the unit. */
  unit?: string;
  width?: number;
  stacked?: boolean;
  max?: number;
  /** From this value on the panel is red. */
  bad?: number;
  /** The words for the values 0, 1, ... */
  words?: readonly string[];
}

export interface Section {
  title: string;
  panels: readonly Panel[];
}

const HOST = 'instance=~"$instance"';
const TRAFFIC = `${HOST}, network_interface_name=~"$interface"`;

function perSecond(metric: string, by: string, filter = HOST): string {
  return `sum by (${by}) (rate(${metric}{${filter}}[$__rate_interval]))`;
}

/** The growth of a counter over the time on the screen, per second: the ten greatest. */
function topRules(verdict: string): string {
  return `topk(10, sum by (security_rule_name) (rate(weir_rule_matches_total{${HOST}, weir_verdict="${verdict}"}[$__rate_interval])) > 0)`;
}

function inRange(verdict: string): string {
  return `sum by (instance, security_rule_name) (increase(weir_rule_matches_total{${HOST}, weir_verdict="${verdict}"}[$__range]))`;
}

/** The calls that failed. EAGAIN and the like are no failures: there is nothing to accept yet, or the socket goes on connecting. */
const FAILED = 'error_type!="", error_type!="EAGAIN", error_type!="EINPROGRESS", error_type!="EALREADY", error_type!="EISCONN"';

/** The value that this share of the observations does not exceed. */
function quantileOf(histogram: string, share: number, by = ""): string {
  return `histogram_quantile(${share}, sum by (le${by}) (rate(${histogram}_bucket{${HOST}}[$__rate_interval])))`;
}

export const SECTIONS: readonly Section[] = [
  {
    title: "Now",
    panels: [
      {
        title: "Mode",
        kind: "stat",
        width: 3,
        words: ["detect", "prevent"],
        says: "In prevent, rules with `enforce: true` drop what they block. In detect, they only report it.",
        queries: { "{{instance}}": `max by (instance) (weir_mode{${HOST}, weir_mode="prevent"})` },
      },
      {
        title: "Health",
        kind: "stat",
        width: 3,
        words: ["ok", "degraded"],
        bad: 1,
        says: "`weir status` names the reasons.",
        queries: { "{{instance}}": `max by (instance) (weir_health{${HOST}, weir_health="degraded"})` },
      },
      {
        title: "Packets",
        kind: "stat",
        width: 3,
        unit: "pps",
        says: "Packets on the chosen interfaces, in both directions.",
        queries: { "": `sum(rate(weir_packets_total{${TRAFFIC}}[$__rate_interval]))` },
      },
      {
        title: "Connections",
        kind: "stat",
        width: 3,
        says: "Connections in the flow table.",
        queries: { "": `sum(weir_flows_active{${HOST}})` },
      },
      {
        title: "Would be dropped",
        kind: "stat",
        width: 3,
        unit: "pps",
        says: "Packets that a block rule matched, and that were not dropped.",
        queries: { "": `sum(rate(weir_packets_total{${TRAFFIC}, weir_verdict="would_drop"}[$__rate_interval]))` },
      },
      {
        title: "Dropped",
        kind: "stat",
        width: 3,
        unit: "pps",
        says: "In detect mode this is always 0.",
        queries: { "": `sum(rate(weir_packets_total{${TRAFFIC}, weir_verdict="dropped"}[$__rate_interval]))` },
      },
      {
        title: "Rules",
        kind: "stat",
        width: 3,
        says: "The operator's rules in force.",
        queries: { "": `sum(weir_rules_loaded{${HOST}})` },
      },
      {
        title: "Events lost",
        kind: "stat",
        width: 3,
        bad: 1,
        says: "Events lost in the time shown, at all stages. The row Losses shows where.",
        queries: { "": `sum(increase(weir_events_lost_total{${HOST}}[$__range]))` },
      },
    ],
  },
  {
    title: "Traffic",
    panels: [
      {
        title: "Packets by direction",
        kind: "timeseries",
        unit: "pps",
        says: "Receive: packets that enter the interface. Transmit: packets that leave it.",
        queries: { "{{network_io_direction}}": perSecond("weir_packets_total", "network_io_direction", TRAFFIC) },
      },
      {
        title: "Throughput by direction",
        kind: "timeseries",
        unit: "Bps",
        says: "Bytes of the packets, headers included.",
        queries: { "{{network_io_direction}}": perSecond("weir_io_bytes_total", "network_io_direction", TRAFFIC) },
      },
      {
        title: "Packets by protocol",
        kind: "timeseries",
        unit: "pps",
        stacked: true,
        says: "ICMP includes ICMPv6. Other is every protocol but TCP, UDP and ICMP.",
        queries: { "{{network_transport}}": perSecond("weir_packets_total", "network_transport", TRAFFIC) },
      },
      {
        title: "Throughput by interface",
        kind: "timeseries",
        unit: "Bps",
        says: "The ten busiest interfaces.",
        queries: {
          "{{instance}} {{network_interface_name}}": `topk(10, ${perSecond("weir_io_bytes_total", "instance, network_interface_name", TRAFFIC)})`,
        },
      },
      {
        title: "Connections",
        kind: "timeseries",
        says: "Connections in the flow table at the same time.",
        queries: { "{{instance}}": `sum by (instance) (weir_flows_active{${HOST}})` },
      },
      {
        title: "How long connections last",
        kind: "timeseries",
        unit: "s",
        says: "The duration of connections that ended.",
        queries: {
          median: quantileOf("weir_flow_duration_seconds", 0.5),
          "9 of 10": quantileOf("weir_flow_duration_seconds", 0.9),
          "99 of 100": quantileOf("weir_flow_duration_seconds", 0.99),
        },
      },
    ],
  },
  {
    title: "Processes and TCP",
    panels: [
      {
        title: "Throughput by program",
        kind: "timeseries",
        unit: "Bps",
        stacked: true,
        says: "The ten busiest programs, in both directions. Long connections are added once a minute. `weir stats` shows more.",
        queries: { "{{process_executable_name}}": `topk(10, ${perSecond("weir_process_io_bytes_total", "process_executable_name")})` },
      },
      {
        title: "Connections by program",
        kind: "timeseries",
        unit: "ops",
        stacked: true,
        says: "Connections that ended, for the ten programs with the most.",
        queries: { "{{process_executable_name}}": `topk(10, ${perSecond("weir_process_connections_total", "process_executable_name")})` },
      },
      {
        title: "TCP round-trip time",
        kind: "timeseries",
        unit: "s",
        width: 8,
        says: "The round-trip time of connections that ended. Receive: the connection was opened from outside. Transmit: it was opened on this host.",
        queries: {
          "{{network_io_direction}}, median": quantileOf("weir_tcp_rtt_seconds", 0.5, ", network_io_direction"),
          "{{network_io_direction}}, 95th percentile": quantileOf("weir_tcp_rtt_seconds", 0.95, ", network_io_direction"),
        },
      },
      {
        title: "TCP connecting",
        kind: "timeseries",
        unit: "s",
        width: 8,
        says: "The time until the other end answered a connection that was opened on this host. If it is a second or more, a SYN was lost.",
        queries: {
          median: quantileOf("weir_tcp_connect_duration_seconds", 0.5),
          "99 of 100": quantileOf("weir_tcp_connect_duration_seconds", 0.99),
        },
      },
      {
        title: "TCP segments retransmitted",
        kind: "timeseries",
        unit: "percentunit",
        width: 8,
        says: "The part of the sent segments that was retransmitted, in connections that ended.",
        queries: {
          "{{network_io_direction}}": `${perSecond("weir_tcp_retransmissions_sum", "network_io_direction")} / ${perSecond("weir_tcp_segments_total", "network_io_direction")}`,
        },
      },
    ],
  },
  {
    title: "Verdicts",
    panels: [
      {
        title: "Packets by verdict",
        kind: "timeseries",
        unit: "pps",
        stacked: true,
        width: 8,
        says: "Each packet has exactly one verdict.",
        queries: { "{{weir_verdict}}": perSecond("weir_packets_total", "weir_verdict", TRAFFIC) },
      },
      {
        title: "Undecided by reason",
        kind: "timeseries",
        unit: "pps",
        stacked: true,
        width: 8,
        says: "Packets that could not be judged, so that `defaults.on_error` decided.",
        queries: { "{{error_type}}": perSecond("weir_undecided_total", "error_type") },
      },
      {
        title: "Rejected by answer",
        kind: "timeseries",
        unit: "pps",
        stacked: true,
        width: 8,
        says: "Packets dropped by rules with `reject: true`, by the answer to their sender or the reason for no answer.",
        queries: { "{{weir_answer}}": perSecond("weir_rejects_total", "weir_answer") },
      },
      {
        title: "Dropped by others",
        kind: "timeseries",
        unit: "pps",
        stacked: true,
        width: 24,
        says: "Packets that netfilter, queues, other programs and the stack dropped, by the kernel's reason. All are counted, including ends of healthy connections (queue_purge). `weir drops` leaves these out and shows the connections of the others.",
        queries: { "{{weir_drop_by}} {{weir_drop_reason}}": perSecond("weir_drops_others_total", "weir_drop_by, weir_drop_reason") },
      },
    ],
  },
  {
    title: "Rules",
    panels: [
      {
        title: "Would drop",
        kind: "timeseries",
        unit: "pps",
        says: "The ten busiest block rules that matched without dropping. Look here before you enforce a rule.",
        queries: { "{{security_rule_name}}": topRules("would_drop") },
      },
      {
        title: "Dropped",
        kind: "timeseries",
        unit: "pps",
        says: "The ten busiest.",
        queries: { "{{security_rule_name}}": topRules("dropped") },
      },
      {
        title: "Allowed by a rule",
        kind: "timeseries",
        unit: "pps",
        says: "The ten busiest.",
        queries: { "{{security_rule_name}}": topRules("passed") },
      },
      {
        title: "Packets that a rule matched in the time shown",
        kind: "table",
        width: 16,
        says: "The columns are: passed, would drop, dropped.",
        queries: { passed: inRange("passed"), "would drop": inRange("would_drop"), dropped: inRange("dropped") },
      },
      {
        title: "Rules in force",
        kind: "timeseries",
        stacked: true,
        says: "Only block rules with `enforce: true` drop, and only in prevent mode.",
        queries: {
          "{{weir_rule_action}}, enforce {{weir_rule_enforce}}": `sum by (weir_rule_action, weir_rule_enforce) (weir_rules_loaded{${HOST}})`,
        },
      },
    ],
  },
  {
    title: "Sockets",
    panels: [
      {
        title: "Events about sockets",
        kind: "timeseries",
        unit: "ops",
        stacked: true,
        says: "New listeners, connections that were refused or failed, sockets that could not be bound, and raw and packet sockets that were opened. `weir watch` and the log name the processes.",
        queries: { "{{weir_socket_event}}": perSecond("weir_socket_events_total", "weir_socket_event") },
      },
      {
        title: "Errors of connections",
        kind: "timeseries",
        unit: "ops",
        stacked: true,
        says: "Errors that the network reported to sockets of this host: ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ECONNRESET, ...",
        queries: { "{{error_type}}": perSecond("weir_socket_errors_total", "error_type") },
      },
      {
        title: "New listeners",
        kind: "timeseries",
        says: "Programs that began to listen on a port where they were not known to listen.",
        queries: { "{{instance}}": `sum by (instance) (increase(weir_socket_ports_new_total{${HOST}}[$__rate_interval]))` },
      },
    ],
  },
  {
    title: "System calls",
    panels: [
      {
        title: "Programs that fail most",
        kind: "timeseries",
        unit: "ops",
        stacked: true,
        says: "Connections that were refused or failed, and sockets that could not be bound, for the ten programs with the most. `weir audit show --type CONNECT_FAILED` names the processes and the other ends.",
        queries: {
          "{{process_executable_name}} {{error_type}}": `topk(10, ${perSecond("weir_socket_failures_total", "process_executable_name, error_type")} > 0)`,
        },
      },
      {
        title: "System calls about sockets",
        kind: "timeseries",
        unit: "ops",
        stacked: true,
        says: "System calls about sockets of all processes of the host, failed or not. The panel is empty while system calls are not traced.",
        queries: { "{{weir_system_call}}": perSecond("weir_system_calls_total", "weir_system_call") },
      },
      {
        title: "Errors of system calls",
        kind: "timeseries",
        unit: "ops",
        stacked: true,
        says: "Errors that the calls returned, without EAGAIN and EINPROGRESS, which are no failures. `connect ENETUNREACH` is usual on hosts that lack IPv4 or IPv6: programs try both.",
        queries: {
          "{{weir_system_call}} {{error_type}}": `topk(10, ${perSecond("weir_system_calls_total", "weir_system_call, error_type", `${HOST}, ${FAILED}`)} > 0)`,
        },
      },
      {
        title: "Tracing",
        kind: "timeseries",
        stacked: true,
        width: 12,
        says: "The number of agents that trace system calls, or do not. Left out: the kernel refuses the programs, or they cost too much on that host; `weir status` tells which (calls).",
        queries: { "{{weir_system_calls_state}}": `sum by (weir_system_calls_state) (weir_system_calls_traced{${HOST}})` },
      },
      {
        title: "What tracing costs",
        kind: "timeseries",
        unit: "s",
        width: 12,
        says: "The time that tracing adds to a plain system call, measured when tracing began; 0 while nothing is traced. `probes.system_calls: off` ends tracing.",
        queries: { "{{instance}}": `max by (instance) (weir_system_calls_added_time_seconds{${HOST}})` },
      },
    ],
  },
  {
    title: "Losses",
    panels: [
      {
        title: "Events",
        kind: "timeseries",
        unit: "ops",
        says: "Emitted: events that the kernel programs reported. Suppressed: events that a rule's event limit held back.",
        queries: {
          emitted: `sum(rate(weir_events_emitted_total{${HOST}}[$__rate_interval]))`,
          received: `sum(rate(weir_events_received_total{${HOST}}[$__rate_interval]))`,
          suppressed: `sum(rate(weir_events_suppressed_total{${HOST}}[$__rate_interval]))`,
        },
      },
      {
        title: "Events lost by stage",
        kind: "timeseries",
        unit: "ops",
        stacked: true,
        says: "Ring is the kernel's ring buffer. All other stages come after it.",
        queries: { "{{instance}} {{weir_stage}}": perSecond("weir_events_lost_total", "instance, weir_stage") },
      },
      {
        title: "Event ring in use",
        kind: "timeseries",
        unit: "percentunit",
        max: 1,
        says: "At 100% the kernel loses events, and counts them.",
        queries: { "{{instance}}": `max by (instance) (weir_ring_fill_ratio{${HOST}})` },
      },
      {
        title: "Telemetry lost",
        kind: "timeseries",
        unit: "ops",
        stacked: true,
        says: "Spans, data points and log records that the collector did not acknowledge.",
        queries: {
          "{{instance}} {{weir_signal}}": `sum by (instance, weir_signal) (rate(weir_telemetry_records_total{${HOST}, weir_outcome="lost"}[$__rate_interval]))`,
        },
      },
      {
        title: "Flow table",
        kind: "timeseries",
        unit: "ops",
        says: "A connection is evicted when a new one needs its place in the full table.",
        queries: {
          opened: `sum(rate(weir_flows_inserted_total{${HOST}}[$__rate_interval]))`,
          ended: `sum(rate(weir_flows_deleted_total{${HOST}}[$__rate_interval]))`,
          evicted: `sum(rate(weir_flows_evicted_total{${HOST}}[$__rate_interval]))`,
        },
      },
      {
        title: "Faults in the kernel",
        kind: "timeseries",
        unit: "ops",
        stacked: true,
        says: "Operations of the probes that failed, by place.",
        queries: { "{{instance}} {{weir_fault}}": perSecond("weir_faults_total", "instance, weir_fault") },
      },
    ],
  },
  {
    title: "Health",
    panels: [
      {
        title: "Degraded",
        kind: "timeseries",
        max: 1,
        says: "1 while the agent is degraded; `weir status` names the reasons.",
        queries: { "{{instance}}": `max by (instance) (weir_health{${HOST}, weir_health="degraded"})` },
      },
      {
        title: "Interfaces by hook",
        kind: "timeseries",
        stacked: true,
        says: "None: no program is attached there, so weir does not see its traffic.",
        queries: { "{{network_io_direction}} {{weir_hook}}": `sum by (network_io_direction, weir_hook) (weir_interfaces{${HOST}})` },
      },
      {
        title: "Configuration",
        kind: "timeseries",
        says: "A refused configuration changes nothing. The log tells why it was refused.",
        queries: {
          "{{instance}} taken": `sum by (instance) (increase(weir_config_reloads_total{${HOST}}[$__rate_interval]))`,
          "{{instance}} refused": `sum by (instance) (increase(weir_config_failures_total{${HOST}}[$__rate_interval]))`,
        },
      },
      {
        title: "Memory",
        kind: "timeseries",
        unit: "bytes",
        says: "Physical memory of the agent, without the maps in the kernel.",
        queries: { "{{instance}}": `sum by (instance) (process_memory_usage_bytes{${HOST}, job="weir"})` },
      },
      {
        title: "Processor",
        kind: "timeseries",
        unit: "percentunit",
        says: "The part of one core that the agent uses, without the probes in the kernel.",
        queries: {
          "{{instance}} {{cpu_mode}}": `sum by (instance, cpu_mode) (rate(process_cpu_time_seconds_total{${HOST}, job="weir"}[$__rate_interval]))`,
        },
      },
      {
        title: "Lag",
        kind: "timeseries",
        unit: "s",
        says: "The longest delay of the agent's main thread.",
        queries: { "{{instance}}": `max by (instance) (nodejs_eventloop_delay_max_seconds{${HOST}, job="weir"})` },
      },
      {
        title: "Telemetry on its way",
        kind: "timeseries",
        stacked: true,
        says: "Records that wait for the collector. Their number is limited: beyond the limit they are lost and counted.",
        queries: { "{{instance}} {{weir_signal}}": `sum by (instance, weir_signal) (weir_telemetry_queued{${HOST}})` },
      },
      {
        title: "Series folded",
        kind: "timeseries",
        says: "Series that were summed into one, because their metric had too many.",
        queries: { "{{instance}} {{weir_metric}}": `sum by (instance, weir_metric) (weir_metrics_folded{${HOST}})` },
      },
    ],
  },
];
