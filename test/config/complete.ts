/** A configuration that uses every key. The compiler holds it to types.ts, schema.test.ts to schema.json. */

import type { WeirConfig } from "../../config/types.ts";

type Complete<T> = T extends (infer Item)[]
  ? Complete<Item>[]
  : T extends object
    ? string extends keyof T
      ? T
      : { [Key in keyof T]-?: Complete<T[Key]> }
    : T;

export const COMPLETE: Complete<WeirConfig> = {
  version: 1,
  mode: "prevent",
  interfaces: {
    include: ["eth*"],
    exclude: ["lo"],
    ingress: "tcx",
    egress: true,
    offload: false,
    overrides: [{ name: "veth*", ingress: "xdp" }],
  },
  defaults: { action: "allow", on_error: { ingress: "block", egress: "allow" } },
  failsafe: { management_ports: [22, 2222], addresses: ["192.0.2.10", "2001:db8::/64"] },
  bans: { except: ["192.0.2.1", "2001:db8:1::/64"] },
  sets: {
    partners: { addresses: ["192.0.2.0/24", "2001:db8::/32"], ports: [80, "8000-8100"], file: "/etc/weir/lists/feed.txt", ttl: "1h" },
  },
  inspect_tunnels: true,
  packet_sockets: "refuse",
  probes: { system_calls: "off" },
  events_per_second: 100,
  rules: [
    {
      name: "everything-of-tcp",
      description: "uses every key that goes with TCP",
      action: "block",
      enforce: true,
      reject: true,
      direction: "ingress",
      interfaces: ["eth0"],
      schedule: [{ days: ["mon", "sun"], from: "22:00", to: "06:00" }],
      expires: "2100-01-01T00:00:00Z",
      layer2: { vlan: [10, "100-199", "none"] },
      layer3: { source: ["10.0.0.0/8", "192.0.2.1-192.0.2.9"], destination: ["198.51.100.1"], dscp: ["cs6", "af41", 46] },
      layer4: {
        protocol: "tcp",
        source_ports: [123, "1024-65535"],
        destination_ports: [23],
        icmp: [],
        flags: { set: ["syn"], unset: ["ack"] },
        connections_over: { count: 20, by: "destination" },
        over_rate: { rate: "20/s", burst: 40, by: "rule", per: "packet" },
        state: ["new", "invalid"],
        connection_duration: { longer_than: "1s", shorter_than: "2h" },
      },
      process: {
        executable: ["/usr/bin/curl"],
        command: ["curl *"],
        user: [33, "www-data"],
        parent: ["*/cron"],
        container: ["*"],
        unit: ["nginx.service"],
        pod: ["web-*"],
        namespace: ["shop"],
      },
      not: {
        interfaces: ["eth0"],
        layer3: { source: ["10.1.0.0/16"], destination: ["198.51.100.1"] },
        layer4: { protocol: "tcp", source_ports: ["2000-3000"], destination_ports: [23], icmp: [] },
        process: {
          executable: ["/usr/bin/curl"],
          command: ["curl -k *"],
          user: [34],
          parent: ["*/sshd"],
          container: ["billing"],
          unit: ["a.service"],
          pod: ["web-0"],
          namespace: ["store"],
        },
      },
    },
    {
      name: "everything-of-icmp",
      description: "and what goes with ICMP",
      action: "allow",
      enforce: false,
      reject: false,
      direction: "both",
      interfaces: [],
      schedule: [],
      expires: "2099-12-31T23:59:59.5+01:00",
      layer2: { vlan: [] },
      layer3: { source: [], destination: [], dscp: [] },
      layer4: {
        protocol: 1,
        source_ports: [],
        destination_ports: [],
        icmp: [
          { type: "destination-unreachable", code: "port-unreachable" },
          { type: 8, code: 0 },
        ],
        flags: { set: [], unset: [] },
        connections_over: { count: 1, by: "rule" },
        over_rate: { rate: "5/10m", burst: 1, by: "destination", per: "connection" },
        state: ["established", "related"],
        connection_duration: { longer_than: "90s", shorter_than: "7d" },
      },
      process: {
        executable: "/usr/bin/curl",
        command: "curl *",
        user: 33,
        parent: "*/cron",
        container: "*",
        unit: "nginx.service",
        pod: "web-*",
        namespace: "shop",
      },
      not: {
        interfaces: [],
        layer3: { source: [], destination: [] },
        layer4: { protocol: 1, source_ports: [], destination_ports: [], icmp: [{ type: 3, code: "port-unreachable" }] },
        process: {
          executable: "*/wget",
          command: "*",
          user: "root",
          parent: "/sbin/init",
          container: "a*",
          unit: "*",
          pod: "*",
          namespace: "*",
        },
      },
    },
  ],
  logging: { level: "debug", format: "json" },
  audit: {
    path: "/var/log/weir/audit.log",
    rotate: { size: 20_000_000, keep: 5 },
    actions: { size: 1_000_000, keep: 100 },
    on_full: "degrade",
  },
  otel: { endpoint: "https://collector.example:4318", traces: true, metrics: false, logs: true, resource: { rack: "7" } },
  state_dir: "/var/lib/weir",
  hand_over_for: "2m",
  control_socket: "/run/weir/control.sock",
};
