import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { formatProblem, loadConfig, parseConfig } from "../../config/load.ts";
import type { LoadedConfig } from "../../config/load.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-load-"));
after(() => rmSync(folder, { recursive: true }));

function accepted(text: string, name = "weir.yaml"): LoadedConfig {
  const loaded = parseConfig(text, name);
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.problems.map(formatProblem).join("\n"));
  return loaded;
}

const warnings = (text: string): string[] => accepted(text).warnings.map(formatProblem);

test("every example is accepted without a warning", async () => {
  const examples = join(import.meta.dirname, "../../config/examples");
  const names = readdirSync(examples);
  assert.ok(names.length >= 3);
  for (const name of names) {
    const loaded = await loadConfig(join(examples, name));
    assert.ok(loaded.ok, JSON.stringify(loaded));
    const own = loaded.warnings.filter(({ path }) => path !== "");
    assert.deepEqual(own, [], name);
    assert.ok(loaded.config.rules.length > 0);
  }
});

test("YAML and JSON of one content are one configuration", () => {
  const yaml =
    "version: 1\nmode: prevent\nrules:\n- name: a\n  action: block\n  layer4:\n    protocol: tcp\n    destination_ports:\n    - 23\n    - 8000-8100\n";
  const json =
    '{"version":1,"mode":"prevent","rules":[{"name":"a","action":"block","layer4":{"protocol":"tcp","destination_ports":[23,"8000-8100"]}}]}';
  assert.deepEqual(accepted(json, "weir.json").config, accepted(yaml).config);
  assert.deepEqual(accepted(json, "weir.yaml").config, accepted(yaml).config);
  assert.deepEqual(accepted(JSON.stringify(JSON.parse(json), null, "\t"), "weir.json").config, accepted(yaml).config);
});

test("a rule keeps what was written and gains only its defaults", () => {
  const { config } = accepted("version: 1\nrules: [{ name: a, action: allow, layer3: { source: [10.0.0.1] } }]\n");
  assert.deepEqual(config.rules, [{ name: "a", action: "allow", enforce: false, direction: "both", layer3: { source: ["10.0.0.1"] } }]);
});

test("sizes come out in bytes however they were written", () => {
  const size = (written: string): number => accepted(`version: 1\naudit: { rotate: { size: ${written} } }\n`).config.audit.rotate.size;
  assert.deepEqual(["20MB", "1048576", '"1048576"', "1MiB"].map(size), [20_000_000, 1_048_576, 1_048_576, 1_048_576]);
});

test("anchors, aliases and text over several lines are read", () => {
  const { config } = accepted(
    "version: 1\nrules:\n  - name: a\n    action: block\n    description: |\n      two\n      lines\n    layer3: { source: &office [192.0.2.0/24] }\n" +
      "  - name: b\n    action: block\n    layer3: { destination: *office }\n",
  );
  assert.equal(config.rules[0]?.description, "two\nlines\n");
  assert.deepEqual(config.rules[1]?.layer3?.destination, ["192.0.2.0/24"]);
});

test("a byte order mark and the line ends of Windows change nothing", async () => {
  const path = join(folder, "windows.yaml");
  writeFileSync(path, "\ufeffversion: 1\r\nrules:\r\n  - name: a\r\n    action: allow\r\n", { mode: 0o600 });
  const loaded = await loadConfig(path);
  assert.ok(loaded.ok);
  assert.equal(loaded.config.rules[0]?.action, "allow");
  assert.deepEqual([...loaded.ruleLines], [3]);
  assert.deepEqual(loaded.warnings, []);
});

test("every rule knows its line, in every way of writing rules", () => {
  const lines = (text: string, name = "weir.yaml"): number[] => [...accepted(text, name).ruleLines];
  assert.deepEqual(lines("version: 1\n"), []);
  assert.deepEqual(
    lines(
      "version: 1\nrules:\n  # first\n  - name: a\n    action: allow\n\n  - { name: b, action: allow }\n  -\n    name: c\n    action: allow\n",
    ),
    [4, 7, 8],
  );
  assert.deepEqual(
    lines(
      '{"version": 1, "rules": [\n{"name": "a", "action": "allow"}, {"name": "b", "action": "allow"},\n\n{"name": "c", "action": "allow"}]}',
      "w.json",
    ),
    [2, 2, 4],
  );
  assert.deepEqual(lines("version: 1\nrules:\n- name: &a a\n  action: allow\n- name: b\n  action: allow\n"), [3, 5]);
});

test("places are found by pointer when they are asked for", () => {
  const loaded = accepted(
    "version: 1\nrules:\n  - name: a\n    action: block\n    layer4: { protocol: tcp, destination_ports: [23, 24] }\n",
    "/etc/weir/weir.yaml",
  );
  assert.equal(loaded.name, "weir.yaml");
  assert.equal(loaded.locate("/rules/0"), "/etc/weir/weir.yaml:3:3");
  assert.equal(loaded.locate("/rules/0/layer4/destination_ports/1"), "/etc/weir/weir.yaml:5:54");
  assert.equal(loaded.locate("/rules/7"), "/etc/weir/weir.yaml:1:1");
});

test("warns of a rule that rejects without dropping", () => {
  const text = (more: string): string => `version: 1\nrules: [{ name: a, action: block, layer4: { protocol: tcp }, ${more} }]\n`;
  assert.deepEqual(warnings(text("reject: true")), [
    "weir.yaml:2:62: rules[0].reject: nothing is rejected without enforce: true, because nothing is dropped",
  ]);
  assert.deepEqual(warnings(text("reject: true, enforce: true")), []);
  assert.deepEqual(warnings(text("reject: false")), []);
});

test("warns of bits beyond a prefix, of rules without conditions and of families that never meet", () => {
  const rule = (body: string): string => `version: 1\nrules: [{ name: a, ${body} }]\n`;
  assert.deepEqual(warnings(rule("action: block, layer3: { source: [10.0.0.1/8] }")), [
    'weir.yaml:2:54: rules[0].layer3.source[0]: "10.0.0.1/8" has bits set beyond its prefix and counts as 10.0.0.0/8; did you mean 10.0.0.0/8?',
  ]);
  assert.deepEqual(warnings("version: 1\nfailsafe: { addresses: [2001:db8::1/64] }\n"), [
    'weir.yaml:2:25: failsafe.addresses[0]: "2001:db8::1/64" has bits set beyond its prefix and counts as 2001:db8::/64; did you mean 2001:db8::/64?',
  ]);
  const all = ["weir.yaml:2:9: rules[0]: the rule has no conditions and reports every connection that comes to it"];
  assert.deepEqual(warnings(rule("action: block")), all);
  assert.deepEqual(warnings(rule("action: block, layer3: { source: [] }, layer4: {}")), all);
  assert.deepEqual(
    warnings(rule("action: block, enforce: true")),
    all.map((text) => text.replace("reports", "blocks")),
  );
  const said = [
    "interfaces: [eth0]",
    "layer4: { over_rate: 20/s }",
    "layer4: { state: [new] }",
    'schedule: [{ from: "22:00", to: "06:00" }]',
    "not: { interfaces: [lo] }",
    'layer3: { source: ["@partners"] }',
  ];
  for (const body of said) assert.deepEqual(warnings(`${rule(`action: block, ${body}`)}sets: { partners: {} }\n`), [], body);
  assert.deepEqual(warnings(rule('action: block, layer3: { source: [10.0.0.1], destination: ["::1"] }')), [
    "weir.yaml:2:9: rules[0]: the rule can match nothing: layer3.source is IPv4 and layer3.destination is IPv6",
  ]);
  assert.deepEqual(warnings(rule("action: block, layer3: { source: [10.0.0.1] }, layer4: { protocol: icmpv6 }")), [
    "weir.yaml:2:9: rules[0]: the rule can match nothing: layer3.source is IPv4 and layer4.protocol is IPv6",
  ]);
  assert.deepEqual(warnings(rule("action: allow")), []);
  assert.deepEqual(warnings(rule("action: block, direction: ingress")), []);
  assert.deepEqual(warnings(rule('action: block, layer3: { source: [10.0.0.1, "::1"], destination: ["::1"] }')), []);
});

test("warns of a file that others than its owner can write", async () => {
  const path = join(folder, "open.yaml");
  writeFileSync(path, "version: 1\n");
  for (const [mode, expected] of [
    [0o600, 0],
    [0o644, 0],
    [0o664, 1],
    [0o602, 1],
  ] as const) {
    chmodSync(path, mode);
    const loaded = await loadConfig(path);
    assert.ok(loaded.ok);
    assert.equal(loaded.warnings.length, expected, mode.toString(8));
  }
});

test("of many problems the first hundred are told, and how many more there are", () => {
  const text = `version: 1\nrules:\n${Array.from({ length: 300 }, (_, index) => `  - { name: r${index}, action: drop }\n`).join("")}`;
  const loaded = parseConfig(text, "weir.yaml");
  assert.ok(!loaded.ok);
  assert.equal(loaded.problems.length, 101);
  assert.equal(loaded.problems[99]?.where, "weir.yaml:102:26");
  assert.deepEqual(loaded.problems[100], { where: "weir.yaml", path: "", message: "and 200 more" });
});

test("a problem carries its place, path, value and suggestion for programs", () => {
  const loaded = parseConfig("version: 1\nrules:\n  - { name: a, action: block, layer4: { protocol: tpc } }\n", "weir.yaml");
  assert.ok(!loaded.ok);
  assert.deepEqual(loaded.problems, [
    { where: "weir.yaml:3:51", path: "rules[0].layer4.protocol", message: '"tpc" is not a protocol', value: "tpc", suggestion: "tcp" },
  ]);
});

test("text that was cut anywhere is refused or is whole without what was cut", () => {
  const text =
    'version: 1\nmode: prevent\nrules:\n  - name: a\n    action: block\n    layer3: { source: [10.0.0.0/8, "::1"] }\n    layer4:\n      protocol: tcp\n      destination_ports: [23]\n';
  let refused = 0;
  for (let length = 0; length < text.length; length++) {
    const loaded = parseConfig(text.slice(0, length), "weir.yaml");
    if (loaded.ok) continue;
    refused++;
    for (const problem of loaded.problems) assert.match(problem.where, /^weir\.yaml:\d+:\d+$/);
  }
  assert.ok(refused > 60, `${refused} refused`);
});
