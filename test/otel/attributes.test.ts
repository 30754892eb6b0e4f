import assert from "node:assert/strict";
import { test } from "node:test";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { connectionAttributes, endedAttributes, socketAttributes, verdictAttributes } from "../../otel/attributes.ts";
import { resourceAttributes } from "../../otel/resource.ts";
import { connection, verdict } from "./fixtures.ts";

const CONVENTIONAL = new Set<string>(Object.values(conventions).filter((value) => typeof value === "string"));

const FULL = verdict({
  vlan: [10, 20],
  tunnel: { kind: "vxlan", id: 42 },
  icmp: { type: 8, code: 0 },
  reason: "tunnel_depth",
  nat: { source: { address: "172.17.0.2", port: 40_000 }, destination: { address: "198.18.0.2", port: 23 } },
  container: {
    id: "3f2a1b",
    runtime: "docker",
    name: "web",
    image: "registry:5000/nginx:1.27",
    labels: { "com.docker.compose.service": "web" },
  },
  pod: { uid: "74c13223", name: "web-0", namespace: "shop" },
  unit: "nginx.service",
});

test("attributes of events and the resource are weir's own only where the semantic conventions have none", () => {
  const names = [verdictAttributes(FULL), endedAttributes(connection()), resourceAttributes()].flatMap((attributes) =>
    Object.keys(attributes),
  );
  for (const name of names)
    assert.equal(name.startsWith("weir."), !CONVENTIONAL.has(name) && !name.startsWith(conventions.ATTR_CONTAINER_LABEL("")), name);
});

test("tags, tunnel, ICMP and reason are there when the event has them", () => {
  const attributes = verdictAttributes(FULL);
  assert.deepEqual(attributes["weir.vlan"], [10, 20]);
  assert.equal(attributes["weir.tunnel.kind"], "vxlan");
  assert.equal(attributes["weir.tunnel.id"], 42);
  assert.equal(attributes["weir.icmp.type"], 8);
  assert.equal(attributes["weir.icmp.code"], 0);
  assert.equal(attributes["error.type"], "tunnel_depth");
});

test("the ends behind address translation are there when the event has them, with ports where there are any", () => {
  const told = (nat: typeof FULL.nat) =>
    Object.entries(verdictAttributes({ ...FULL, nat: nat! })).filter(([name]) => name.startsWith("weir.nat."));
  assert.deepEqual(told(FULL.nat), [
    ["weir.nat.source.address", "172.17.0.2"],
    ["weir.nat.source.port", 40_000],
    ["weir.nat.destination.address", "198.18.0.2"],
    ["weir.nat.destination.port", 23],
  ]);
  assert.deepEqual(told({ source: { address: "172.17.0.2" }, destination: { address: "198.18.0.2" } }), [
    ["weir.nat.source.address", "172.17.0.2"],
    ["weir.nat.destination.address", "198.18.0.2"],
  ]);
});

test("container, pod and unit are there when the event has them", () => {
  const { container, pod: _pod, ...host } = FULL;
  const told = (event: typeof FULL) =>
    Object.fromEntries(Object.entries(verdictAttributes(event)).filter(([name]) => /^container|^k8s|unit/.test(name)));
  const common = {
    "container.id": "3f2a1b",
    "container.runtime.name": "docker",
    "container.label.com.docker.compose.service": "web",
    "container.image.name": "registry:5000/nginx",
    "container.image.tags": ["1.27"],
    "weir.unit": "nginx.service",
  };
  assert.deepEqual(told(FULL), {
    ...common,
    "k8s.container.name": "web",
    "k8s.pod.uid": "74c13223",
    "k8s.pod.name": "web-0",
    "k8s.namespace.name": "shop",
  });
  assert.deepEqual(told({ ...host, container: container! }), { ...common, "container.name": "web" });
});

test("an image is told by its name and tag, or by its identifier where it has no name", () => {
  const told = (image: string) => {
    const attributes = connectionAttributes(verdict({ container: { id: "3f2a1b", image } }));
    return ["name", "tags", "id"].map((what) => attributes[`container.image.${what}`]);
  };
  assert.deepEqual(told("nginx"), ["nginx", undefined, undefined]);
  assert.deepEqual(told("docker.io/library/nginx:1.27"), ["docker.io/library/nginx", ["1.27"], undefined]);
  assert.deepEqual(told("registry:5000/nginx"), ["registry:5000/nginx", undefined, undefined]);
  assert.deepEqual(told("nginx:1.27@sha256:0a1b"), ["nginx", ["1.27"], undefined]);
  assert.deepEqual(told("nginx@sha256:0a1b"), ["nginx", undefined, undefined]);
  assert.deepEqual(told("sha256:0a1b"), [undefined, undefined, "sha256:0a1b"]);
});

test("the program of a process, its user and its ancestors are there when the event has them", () => {
  const process = {
    pid: 812,
    name: "curl",
    uid: 33,
    user: "www-data",
    executable: "/usr/bin/curl",
    arguments: ["curl", "http://x/"],
    directory: "/srv",
    started: "2026-11-21T03:00:00.000Z",
    ancestors: [
      { pid: 800, name: "bash" },
      { pid: 700, name: "cron" },
    ],
  };
  const attributes = verdictAttributes(verdict({ process }));
  const told = Object.fromEntries(Object.entries(attributes).filter(([name]) => name.includes("process.")));
  assert.deepEqual(told, {
    "process.pid": 812,
    "process.executable.name": "curl",
    "process.user.id": 33,
    "process.owner": "www-data",
    "process.executable.path": "/usr/bin/curl",
    "process.command_args": ["curl", "http://x/"],
    "process.working_directory": "/srv",
    "process.creation.time": "2026-11-21T03:00:00.000Z",
    "process.parent_pid": 800,
    "weir.process.ancestors": ["bash", "cron"],
  });
  for (const name of Object.keys(told)) assert.equal(name.startsWith("weir."), !CONVENTIONAL.has(name), name);
});

test("an event of a socket has the call, its error, how long it took and the thread that made it", () => {
  const attributes = socketAttributes({
    seq: 7,
    type: "CONNECT_FAILED",
    time: 0,
    protocol: "tcp",
    local: { address: "198.18.0.2" },
    remote: { address: "203.0.113.9", port: 443 },
    call: "connect",
    error: "ETIMEDOUT",
    took_ms: 1500,
    process: { pid: 812, thread: 815, name: "curl", uid: 33 },
  });
  assert.deepEqual(attributes, {
    "weir.event.type": "CONNECT_FAILED",
    "weir.event.sequence": 7,
    "network.transport": "tcp",
    "network.type": "ipv4",
    "network.local.address": "198.18.0.2",
    "network.peer.address": "203.0.113.9",
    "network.peer.port": 443,
    "error.type": "ETIMEDOUT",
    "weir.socket.error": "ETIMEDOUT",
    "weir.system_call": "connect",
    "weir.socket.took": 1.5,
    "process.pid": 812,
    "thread.id": 815,
    "process.user.id": 33,
    "process.executable.name": "curl",
  });
  for (const name of Object.keys(attributes)) assert.equal(name.startsWith("weir."), !CONVENTIONAL.has(name), name);
});

test("a bind that failed has the reason that was found, and beside it the kernel's own word", () => {
  const { "error.type": type, "weir.socket.error": error } = socketAttributes({
    seq: 8,
    type: "BIND_FAILED",
    time: 0,
    protocol: "tcp",
    local: { address: "0.0.0.0", port: 80 },
    call: "bind",
    error: "EADDRINUSE",
    reason: "port_in_use",
  });
  assert.deepEqual([type, error], ["port_in_use", "EADDRINUSE"]);
});

test("what is unknown is absent, not empty", () => {
  const { process: _process, ...rest } = verdict({
    protocol: "47",
    source: { address: "192.0.2.1" },
    destination: { address: "192.0.2.2" },
    vlan: [],
  });
  const attributes = connectionAttributes(rest);
  for (const [name, value] of Object.entries(attributes)) assert.ok(value !== undefined && value !== "", name);
  for (const name of Object.keys(attributes)) assert.doesNotMatch(name, /\.port$|process|vlan|tunnel|icmp|container|k8s|unit/);
  assert.equal(attributes["network.transport"], "47");
});
