/** The manifests for Kubernetes agree with the package, the service unit, the defaults and the collector's configuration. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { parse, parseAllDocuments } from "yaml";

import { COMMANDS } from "../../agent/cli/command-table.ts";
import { VERSION } from "../../agent/values/version.ts";
import { defaultConfig } from "../../config/defaults.ts";
import { loadConfig } from "../../config/load.ts";
import { runWeir, startFixture } from "../api/support.ts";
import { SHIPPED } from "./expressions.ts";
import { confinementOf } from "./service/unit.ts";

/** A restart would mend nothing of what is degraded. */
async function succeedsWhenDegraded([, ...words]: string[]): Promise<boolean> {
  await using fixture = await startFixture();
  const answer = fixture.agent.status();
  fixture.agent.status = () => ({ ...answer, health: { state: "degraded", reasons: ["eth0 is not watched"] } });
  assert.equal((await fixture.weir(["status", "--check"])).code, 3, "it is degraded");
  return (await fixture.weir(words)).code === 0;
}

interface Volume {
  name: string;
  hostPath?: { path: string; type: string };
  configMap?: { name: string };
}

interface Container {
  image: string;
  command?: string[];
  args: string[];
  env: { name: string; value?: string }[];
  ports?: { name: string; containerPort: number }[];
  startupProbe?: { exec: { command: string[] } };
  livenessProbe: { exec?: { command: string[] }; httpGet?: { port: string } };
  resources: { limits: { memory: string } };
  securityContext: { privileged?: boolean; readOnlyRootFilesystem: boolean; capabilities: { add?: string[]; drop: string[] } };
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
}

interface Workload {
  spec: {
    selector: { matchLabels: object };
    updateStrategy?: { rollingUpdate: { maxSurge: number } };
    template: {
      metadata: { labels: object };
      spec: {
        hostNetwork?: boolean;
        hostPID?: boolean;
        automountServiceAccountToken: boolean;
        serviceAccountName: string;
        tolerations?: object[];
        terminationGracePeriodSeconds?: number;
        containers: [Container];
        volumes: Volume[];
      };
    };
  };
}

interface Resource {
  kind: string;
  metadata: { name: string };
}

const documents = parseAllDocuments(await readFile(join(SHIPPED, "kubernetes.yaml"), "utf8"));
const resources = documents.map((document) => document.toJS() as Resource);
const kustomization = parse(await readFile(join(SHIPPED, "kustomization.yaml"), "utf8")) as {
  namespace: string;
  resources: string[];
  configMapGenerator: { name: string; files: string[] }[];
  images: { name: string; newTag: string }[];
};
const agent = only<Workload>("DaemonSet", "weir").spec;
const collector = only<Workload>("Deployment", "weir-collector").spec;
const collectorText = await readFile(join(SHIPPED, "collector.yaml"), "utf8");
const weirYaml = only<{ data: Record<string, string> }>("ConfigMap", "weir").data["weir.yaml"]!;

test("every document is whole, and nothing in it may ask the API", () => {
  assert.deepEqual(
    documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]),
    [],
  );
  assert.deepEqual(resources.map(({ kind }) => kind).sort(), [
    "ConfigMap",
    "DaemonSet",
    "Deployment",
    "Namespace",
    "Service",
    "ServiceAccount",
  ]);
  assert.equal(only<{ automountServiceAccountToken: boolean }>("ServiceAccount", "weir").automountServiceAccountToken, false);
  for (const { template, selector } of [agent, collector]) {
    assert.equal(template.spec.automountServiceAccountToken, false);
    assert.equal(template.spec.serviceAccountName, "weir");
    assert.deepEqual(template.metadata.labels, selector.matchLabels);
  }
});

test("the kustomization names what there is, and the version of the package", () => {
  only("Namespace", kustomization.namespace);
  assert.deepEqual(kustomization.resources, ["kubernetes.yaml"]);
  for (const { name, files } of kustomization.configMapGenerator) {
    assert.equal(name, collector.template.spec.volumes[0]?.configMap?.name);
    for (const file of files) assert.ok(existsSync(join(SHIPPED, file)), file);
  }
  assert.deepEqual(
    kustomization.images.map(({ name, newTag }) => [name, newTag]),
    [[agent.template.spec.containers[0].image, VERSION]],
  );
});

test("its configuration observes only, and the agent finds nothing wrong with it", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "weir-kubernetes-"));
  context.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "weir.yaml");
  await writeFile(file, weirYaml);
  const { code, stdout, stderr } = await runWeir(["check", file]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /is valid/);
  const loaded = await loadConfig(file);
  assert.ok(loaded.ok);
  const { mode, rules, failsafe } = loaded.config;
  assert.deepEqual([mode, rules, failsafe.management_ports], ["detect", [], [22, 10250]]);
});

test("the agent is started as the service is, with the same rights, and asked by a command it has", async () => {
  const { command, capabilities } = confinementOf(await readFile(join(SHIPPED, "weir.service"), "utf8"));
  const {
    hostNetwork,
    hostPID,
    tolerations,
    terminationGracePeriodSeconds = 0,
    containers: [container],
  } = agent.template.spec;
  const unit = command.indexOf("--unit"); // a pod is stopped only to be replaced, and nobody there could be asked
  assert.deepEqual([...container.command!, ...container.args], command.toSpliced(unit, 2));
  const {
    privileged,
    readOnlyRootFilesystem,
    capabilities: { add, drop },
  } = container.securityContext;
  assert.deepEqual(
    { hostNetwork, hostPID, privileged, readOnlyRootFilesystem, drop },
    { hostNetwork: true, hostPID: true, privileged: false, readOnlyRootFilesystem: true, drop: ["ALL"] },
  );
  assert.deepEqual(add!.map((name) => name.toLowerCase()).sort(), capabilities.sort());
  for (const probe of [container.startupProbe!, container.livenessProbe]) {
    const [program, name] = probe.exec!.command;
    assert.ok(program === "weir" && Object.hasOwn(COMMANDS, name!));
    assert.ok(await succeedsWhenDegraded(probe.exec!.command), probe.exec!.command.join(" "));
  }
  assert.deepEqual(tolerations, [{ operator: "Exists" }]);
  assert.ok(terminationGracePeriodSeconds > 5);
  assert.equal(agent.updateStrategy?.rollingUpdate.maxSurge, 0);
});

test("what the agent writes by default, and what it reads of the kernel, is the node's", () => {
  const {
    containers: [{ volumeMounts, args }],
    volumes,
  } = agent.template.spec;
  assert.deepEqual(volumeMounts.map(({ name }) => name).sort(), volumes.map(({ name }) => name).sort());
  const nodePath = new Map(
    volumeMounts.map(({ name, mountPath }) => [mountPath, volumes.find((volume) => volume.name === name)?.hostPath?.path]),
  );
  const { state_dir, control_socket, audit } = defaultConfig();
  for (const path of [
    state_dir,
    dirname(control_socket),
    dirname(audit.path),
    "/sys/fs/bpf",
    "/sys/fs/cgroup",
    "/sys/kernel/tracing",
    "/var/log/containers",
    "/var/log/pods",
  ])
    assert.equal(nodePath.get(path), path);
  const readOnly = volumeMounts.filter((mount) => mount.readOnly).map(({ mountPath }) => mountPath);
  assert.deepEqual(readOnly.sort(), ["/etc/weir", "/sys/fs/cgroup", "/sys/kernel/tracing", "/var/log/containers", "/var/log/pods"]);
  assert.ok(nodePath.has(dirname(args[args.indexOf("--config") + 1]!)));
  assert.deepEqual(volumes.find(({ name }) => name === "config")?.configMap?.name, "weir");
});

test("the agents find the collector, and the collector listens where they and Prometheus ask", async () => {
  const container = collector.template.spec.containers[0];
  const service = only<{ spec: { selector: object; ports: { port: number; targetPort: string }[] } }>("Service", "weir-collector").spec;
  assert.deepEqual(service.selector, collector.selector.matchLabels);
  const ports = new Map(container.ports!.map(({ name, containerPort }) => [name, containerPort]));
  for (const { port, targetPort } of service.ports) assert.equal(ports.get(targetPort), port);

  const { otel } = parse(weirYaml) as { otel: { endpoint: string } };
  const { hostname, port } = new URL(otel.endpoint);
  assert.equal(hostname, `weir-collector.${kustomization.namespace}.svc`);
  assert.ok(service.ports.some((offered) => offered.port === Number(port)));

  // Each address is the one of collector.yaml, but for other pods.
  for (const { name, value } of container.env) {
    const [, usual = ""] = new RegExp(`\\$\\{env:${name}:-127\\.0\\.0\\.1:(\\d+)\\}`).exec(collectorText) ?? [];
    assert.equal(value, `0.0.0.0:${usual}`, name);
    assert.ok([...ports.values()].includes(Number(usual)), name);
  }
  assert.equal(container.env.length, ports.size);
  assert.ok(ports.has(container.livenessProbe.httpGet!.port));
  const config = container.volumeMounts.find(({ name }) => name === "config")!;
  assert.deepEqual(container.args, [`--config=${config.mountPath}/collector.yaml`]);

  const { services } = parse(await readFile(join(SHIPPED, "compose.yaml"), "utf8")) as { services: { collector: { image: string } } };
  assert.equal(container.image, services.collector.image);
  const { processors } = parse(collectorText) as { processors: { memory_limiter: { limit_mib: number } } };
  assert.ok(
    Number.parseInt(container.resources.limits.memory, 10) > processors.memory_limiter.limit_mib,
    "the limiter comes before the limit",
  );
});

function only<T>(kind: string, name: string): T {
  const found = resources.filter((resource) => resource.kind === kind && resource.metadata.name === name);
  assert.equal(found.length, 1, `${kind} ${name}`);
  return found[0] as T;
}
