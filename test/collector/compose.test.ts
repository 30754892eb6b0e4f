/** What can be known of the compose file without a container engine: its parts are there, and find each other. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";

import { parse } from "yaml";

import { USUAL_ENDPOINT } from "../../otel/environment.ts";
import { SHIPPED } from "./expressions.ts";

interface Service {
  image: string;
  network_mode: string;
  command?: string[];
  environment?: Record<string, string>;
  volumes: string[];
  cap_drop: string[];
}

const compose = await yaml<{ services: Record<"collector" | "prometheus" | "grafana", Service>; volumes: Record<string, null> }>(
  "compose.yaml",
);
const { collector, prometheus, grafana } = compose.services;

test("every image is of one version, and none has more rights than it needs", () => {
  for (const { image, cap_drop, network_mode } of Object.values(compose.services)) {
    assert.match(image, /^[a-z/-]+:v?\d+\.\d+\.\d+$/);
    assert.deepEqual([cap_drop, network_mode], [["ALL"], "host"]);
  }
});

test("what is mounted exists, and cannot be changed by whom it is given to", () => {
  for (const { volumes } of Object.values(compose.services)) {
    for (const [source = "", target = "", mode] of volumes.map((volume) => volume.split(":"))) {
      if (source.startsWith("./")) assert.ok(existsSync(join(SHIPPED, source)) && mode === "ro", source);
      else assert.ok(Object.hasOwn(compose.volumes, source), source);
      assert.match(target, /^\//);
    }
  }
});

test("each is told its files where they are mounted", async () => {
  assert.equal(mounted(collector, flag(collector, "config")), "./collector.yaml");
  const config = flag(prometheus, "config.file");
  assert.equal(mounted(prometheus, config), "./prometheus.yaml");
  const { rule_files } = await yaml<{ rule_files: string[] }>("prometheus.yaml");
  for (const file of rule_files) assert.equal(mounted(prometheus, join(dirname(config), file)), `./${file}`);
  assert.equal(mounted(prometheus, flag(prometheus, "storage.tsdb.path")), "prometheus");
  assert.equal(mounted(grafana, grafana.environment!["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]!), "./dashboards/weir.json");
});

test("the agent finds the collector, Prometheus what it offers, and Grafana Prometheus", async () => {
  const text = await readFile(join(SHIPPED, "collector.yaml"), "utf8");
  const usual = (name: string): string | undefined => new RegExp(`\\$\\{env:${name}:-([^}]+)\\}`).exec(text)?.[1];
  assert.equal(collector.environment, undefined, "the collector listens where its file says");
  assert.equal(usual("WEIR_COLLECTOR_HTTP"), new URL(USUAL_ENDPOINT).host);
  const { scrape_configs } = await yaml<{ scrape_configs: { static_configs: { targets: string[] }[] }[] }>("prometheus.yaml");
  assert.deepEqual(
    scrape_configs.flatMap(({ static_configs }) => static_configs.flatMap(({ targets }) => targets)),
    [usual("WEIR_COLLECTOR_PROMETHEUS")],
  );
  const { datasources } = await yaml<{ datasources: { uid: string; url: string }[] }>("grafana/datasource.yaml");
  assert.deepEqual(
    datasources.map(({ url }) => new URL(url).host),
    [flag(prometheus, "web.listen-address")],
  );
});

test("Grafana is given the dashboard, whose panels ask the data source it is given", async () => {
  const provisioning = "/etc/grafana/provisioning";
  assert.equal(mounted(grafana, `${provisioning}/datasources/weir.yaml`), "./grafana/datasource.yaml");
  assert.equal(mounted(grafana, `${provisioning}/dashboards/weir.yaml`), "./grafana/dashboards.yaml");
  const { providers } = await yaml<{ providers: { options: { path: string } }[] }>("grafana/dashboards.yaml");
  const dashboards = providers.flatMap(({ options }) =>
    targets(grafana).filter((target) => dirname(target) === options.path && target.endsWith(".json")),
  );
  assert.deepEqual(
    dashboards.map((target) => basename(target)),
    ["weir.json"],
  );

  const { datasources } = await yaml<{ datasources: { type: string; isDefault: boolean }[] }>("grafana/datasource.yaml");
  const { templating } = JSON.parse(await readFile(join(SHIPPED, "dashboards/weir.json"), "utf8")) as {
    templating: { list: { type: string; query: unknown }[] };
  };
  const offered = templating.list.filter(({ type }) => type === "datasource").map(({ query }) => query);
  assert.deepEqual(
    datasources.map(({ type, isDefault }) => [type, isDefault]),
    [[offered[0], true]],
    "the first of the dashboard's choice",
  );
});

async function yaml<T>(name: string): Promise<T> {
  return parse(await readFile(join(SHIPPED, name), "utf8")) as T;
}

/** The value of `--name=value`. */
function flag({ command = [] }: Service, name: string): string {
  const found = command.find((word) => word.startsWith(`--${name}=`));
  assert.ok(found !== undefined, name);
  return found.slice(`--${name}=`.length);
}

/** What a container has at a path. */
function mounted({ volumes }: Service, path: string): string | undefined {
  return volumes.map((volume) => volume.split(":")).find(([, target]) => target === path)?.[0];
}

function targets({ volumes }: Service): string[] {
  return volumes.map((volume) => volume.split(":")[1]!);
}
