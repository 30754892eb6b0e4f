import assert from "node:assert/strict";
import { test } from "node:test";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { connectionAttributes, endedAttributes, verdictAttributes } from "../../otel/attributes.ts";
import { resourceAttributes } from "../../otel/resource.ts";
import { connection, verdict } from "./fixtures.ts";

const CONVENTIONAL = new Set<string>(Object.values(conventions).filter((value) => typeof value === "string"));

const FULL = verdict({
  vlan: [10, 20], tunnel: { kind: "vxlan", id: 42 }, icmp: { type: 8, code: 0 }, reason: "tunnel_depth",
  container: { id: "3f2a1b", runtime: "docker", name: "web" }, pod: { uid: "74c13223" }, unit: "nginx.service",
});

test("attributes of events and the resource are weir's own only where the semantic conventions have none", () => {
  const names = [verdictAttributes(FULL), endedAttributes(connection()), resourceAttributes()].flatMap((attributes) => Object.keys(attributes));
  for (const name of names) assert.equal(name.startsWith("weir."), !CONVENTIONAL.has(name), name);
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

test("container, pod and unit are there when the event has them", () => {
  const attributes = verdictAttributes(FULL);
  const told = ["container.id", "container.name", "container.runtime.name", "k8s.pod.uid", "weir.unit"].map((name) => attributes[name]);
  assert.deepEqual(told, ["3f2a1b", "web", "docker", "74c13223", "nginx.service"]);
});

test("what is unknown is absent, not empty", () => {
  const { process: _process, ...rest } = verdict({ protocol: "47", source: { address: "192.0.2.1" }, destination: { address: "192.0.2.2" }, vlan: [] });
  const attributes = connectionAttributes(rest);
  for (const [name, value] of Object.entries(attributes)) assert.ok(value !== undefined && value !== "", name);
  for (const name of Object.keys(attributes)) assert.doesNotMatch(name, /\.port$|process|vlan|tunnel|icmp|container|k8s|unit/);
  assert.equal(attributes["network.transport"], "47");
});
