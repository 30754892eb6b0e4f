/** What compiling warns of: rules that match nothing, that others hide, or that have no say about a part of their sets. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, compileFront } from "../../agent/policy/compile.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";
import { compiled, list, onFlag, web, withFront } from "./texts.ts";

test("a not that leaves nothing, or leaves out nothing, is warned about", () => {
  const warnings = (rule: Partial<RuleText>): string => compiled({ name: "rest", action: "block", ...rule }).warnings.join();
  const nothing = 'rule "rest" matches nothing: its "not" excludes everything that it matches';
  assert.equal(warnings({ layer3: { source: ["10.0.0.0/8"] }, not: { layer3: { source: ["10.0.0.0/7"] } } }), nothing);
  assert.equal(warnings({ layer4: { protocol: "tcp" }, not: { layer4: { protocol: "tcp" } } }), nothing);
  assert.equal(warnings({ layer4: { protocol: "udp", source_ports: [53, 54] }, not: { layer4: { source_ports: ["50-60"] } } }), nothing);
  assert.equal(warnings({ layer4: { protocol: "udp", source_ports: [53, 61] }, not: { layer4: { source_ports: ["50-60"] } } }), "");
  assert.equal(warnings({ layer3: { source: ["10.0.0.0/8"] }, not: { interfaces: ["lo"], layer3: { source: ["10.0.0.0/7"] } } }), "");
  assert.match(
    warnings({ layer3: { source: ["10.0.0.0/8"] }, not: { layer3: { source: ["192.0.2.1"] } } }),
    /the "not" of rule "rest" leaves out nothing: the rule does not match the layer3.source that it names anyway/,
  );
  assert.match(
    warnings({ layer4: { protocol: "tcp" }, not: { layer4: { protocol: "udp", source_ports: [53] } } }),
    /leaves out nothing: the rule does not match the layer4.protocol that it names/,
  );
});

test("a rule is warned about whose families never meet once its not is left out", () => {
  const {
    file: { alternatives },
    warnings,
  } = compiled(
    web("never", {
      layer3: { source: ["192.0.2.1", "2001:db8::1"], destination: ["2001:db8::2"] },
      not: { layer3: { source: ["2001:db8::1"] } },
    }),
  );
  assert.equal(alternatives, 0);
  assert.deepEqual(warnings, ['rule "never" matches nothing: its "not" excludes everything that it matches']);
});

test("a rule behind one that leaves nothing of it is warned about, with the name of that one and what it does", () => {
  const { warnings } = compiled(
    { name: "all-tcp", action: "allow", layer4: { protocol: "tcp" } },
    web("web", { layer3: { source: ["192.0.2.0/24"] } }),
    web("let-web", { action: "allow", layer3: { source: ["192.0.2.0/24"] } }),
    { name: "udp", action: "block", layer4: { protocol: "udp" } },
    { name: "udp-too", action: "block", layer4: { protocol: "udp" } },
    { name: "udp-enforced", action: "block", enforce: true, layer4: { protocol: "udp" } },
  );
  assert.deepEqual(warnings, [
    'rule "web" matches nothing: "all-tcp" before it allows all of it',
    'rule "let-web" is redundant: "all-tcp" before it allows all of it',
    'rule "udp-too" is redundant: "udp" before it reports all of it',
  ]);
});

test("a rule that no packet escapes hides all behind it, a staged one hides staged ones, a conditional one none", () => {
  const staged: RuleText = { name: "staged", action: "block" };
  assert.deepEqual(
    compiled(onFlag("flags", undefined, { enforce: true }), staged, web("web", { enforce: true }), onFlag("more")).warnings,
    [],
  );
  assert.deepEqual(compiled(staged, web("web")).warnings, ['rule "web" is redundant: "staged" before it reports all of it']);
  assert.equal(compiled({ name: "all", action: "block", enforce: true }, web("web"), onFlag("flags")).warnings.length, 2);
});

test("no rule that holds only sometimes hides another, and each may be hidden", () => {
  const tcp = (name: string, more: Partial<RuleText> = {}, layer4: RuleText["layer4"] = {}): RuleText => ({
    name,
    action: "block",
    enforce: true,
    layer4: { protocol: "tcp", ...layer4 },
    ...more,
  });
  const sometimes = [
    tcp("on-flags", {}, { flags: { set: ["syn"] } }),
    tcp("new", {}, { state: ["new", "established", "related", "invalid"] }),
    tcp("fast", {}, { over_rate: "20/s" }),
    tcp("old", {}, { connection_duration: { longer_than: "1h" } }),
    tcp("by-day", { schedule: [{ days: ["mon"], from: "08:00", to: "18:00" }] }),
    tcp("for-now", { expires: "2999-01-01T00:00:00Z" }),
  ];
  for (const one of sometimes) {
    assert.deepEqual(
      compiled(one, tcp("all"), { ...one, name: "again" }).warnings,
      ['rule "again" is redundant: "all" before it blocks all of it'],
      one.name,
    );
    assert.deepEqual(compiled(one, { ...one, name: "again" }, tcp("all")).warnings, [], one.name);
  }
});

test("a set hides only what names it too, and a not only what it does not leave out", () => {
  const sets = { inside: { addresses: ["192.0.2.0/24"] }, office: { addresses: ["192.0.2.1"] }, web: { ports: [80, 443] } };
  const warnings = (...rules: RuleText[]): string[] => compile(policyOf({ sets, rules })).warnings;
  const of = (name: string, source: string[]): RuleText => web(name, { enforce: true, layer3: { source } });
  assert.deepEqual(warnings(of("a", ["@office", "@inside"]), of("b", ["@inside"])), [
    'rule "b" is redundant: "a" before it blocks all of it',
  ]);
  assert.deepEqual(warnings(of("a", ["@inside"]), of("b", ["@inside", "@office"])), []);
  assert.deepEqual(warnings(of("a", ["192.0.2.0/24"]), of("b", ["@inside"])), [], "what the set holds may change");
  assert.deepEqual(warnings(of("a", ["@inside"]), of("b", ["192.0.2.0/24"])), []);
  const ports = (name: string, destination_ports: (number | string)[], not: Partial<RuleText> = {}): RuleText => ({
    name,
    action: "block",
    enforce: true,
    layer4: { protocol: "tcp", destination_ports },
    ...not,
  });
  assert.deepEqual(warnings(ports("a", ["@web"]), ports("b", [443])), ['rule "b" is redundant: "a" before it blocks all of it']);
  assert.deepEqual(
    warnings(ports("a", ["0-1023"], { not: { layer4: { destination_ports: ["@web"] } } }), ports("b", [443]), ports("c", [22])),
    ['rule "c" is redundant: "a" before it blocks all of it'],
  );
  assert.deepEqual(warnings(ports("a", ["0-1023"], { not: { interfaces: ["lo"] } }), ports("b", [443])), []);
  assert.deepEqual(warnings(ports("a", [80], { reject: true }), ports("b", [80])), [
    'rule "b" matches nothing: "a" before it rejects all of it',
  ]);
});

test("members that two sets share are warned about where rules that are alike do different things to them", () => {
  const sets = {
    friends: { addresses: ["192.0.2.0/24", "2001:db8::/32"] },
    foes: { addresses: ["198.51.100.7", "192.0.2.9", "2001:db8:1::-2001:db8:1::ff"] },
    all: { addresses: ["192.0.0.0/8"] },
    guests: { addresses: ["192.0.2.0/24"], ttl: "1h" },
  };
  const warnings = (...rules: RuleText[]): string[] => compile(policyOf({ sets, rules })).warnings;
  const friends = web("friends", { action: "allow", layer3: { source: ["@friends"] } });
  const foes = web("foes", { enforce: true, layer3: { source: ["@foes"] } });
  assert.deepEqual(warnings(friends, foes), [
    'rule "foes" never decides about 192.0.2.9 and 1 more of its set "foes": they are in "friends" too, which rule "friends" before it allows',
  ]);
  assert.deepEqual(warnings(foes, friends), [], "an exception before what it is one of");
  assert.deepEqual(warnings({ ...friends, layer3: { source: ["@friends", "@foes"] } }, foes), [
    'rule "foes" matches nothing: "friends" before it allows all of it',
  ]);
  assert.deepEqual(warnings(friends, web("rest", { layer3: { source: ["@all"] } })), []);
  assert.deepEqual(warnings({ ...foes, enforce: false }, friends), [], "a staged rule decides nothing");
  assert.deepEqual(warnings(friends, { ...foes, layer4: { protocol: "udp" } }), []);
  assert.deepEqual(warnings(friends, { ...foes, action: "allow" }), []);
  assert.deepEqual(warnings({ ...friends, schedule: [{ days: ["mon"], from: "08:00", to: "18:00" }] }, foes), []);
  assert.deepEqual(warnings({ ...friends, layer3: { source: ["@guests"] } }, foes), [], "what lives for a while may be gone");
  assert.deepEqual(warnings({ ...friends, layer3: { destination: ["@friends"] } }, foes), []);
  assert.deepEqual(
    warnings({ ...friends, layer3: { destination: ["@friends"] } }, { ...foes, layer3: { destination: ["@foes"] } }).length,
    1,
  );
});

test("port ranges that lie over each other load, whether earlier ones leave the later no packet or not", () => {
  const ranges = (count: number, width: number, more: Partial<RuleText> = {}): RuleText[] =>
    list(count, (index) => ({
      name: `r${index}`,
      action: "block",
      layer4: { protocol: "tcp", destination_ports: [`${(index * 7919) % 60_000}-${((index * 7919) % 60_000) + width}`] },
      ...more,
    }));
  for (const more of [{}, { enforce: true }]) {
    const { warnings, file } = compiled(...ranges(10_000, 500, more));
    assert.match(warnings.at(-1)!, /[0-9],[0-9]{3} more rules match nothing/);
    assert.ok(file.cellCount < 50_000, `${file.cellCount} cells`);
  }
});

test("of ranges that were cut it is still known what lies in one, and what lies in several together", () => {
  const ranges = list(
    40,
    (index): RuleText => ({
      name: `r${index}`,
      action: "block",
      enforce: true,
      layer4: { protocol: "tcp", destination_ports: [`${index * 1000}-${index * 1000 + 5000}`] },
    }),
  );
  const within = (ports: string): string =>
    compiled(...ranges, web("late", { layer4: { protocol: "tcp", destination_ports: [ports] } })).warnings.at(-1) ?? "";
  assert.equal(within("10000-14000"), 'rule "late" matches nothing: "r9" before it blocks all of it');
  assert.equal(within("5000-43000"), 'rule "late" matches nothing: many rules before it together decide all of it');
  assert.equal(within("44000-44001"), "");
});

test("warnings about a front are about its own rules, and those about all name deciders in the front", () => {
  const rules = [web("web")];
  const front = [{ name: "all", action: "allow" } as const, web("hidden")];
  const expected = ['rule "hidden" matches nothing: "all" before it allows all of it'];
  assert.deepEqual(compileFront(withFront([], front), compile(policyOf({ rules })))!.warnings, expected);
  assert.deepEqual(compile(withFront(rules, front)).warnings, [
    ...expected,
    'rule "web" matches nothing: "all" before it allows all of it',
  ]);
});
