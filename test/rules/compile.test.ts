import assert from "node:assert/strict";
import { test } from "node:test";
import { Limit, Slot } from "../../agent/generated/layout.ts";
import { Lines } from "../../agent/rules/classifier/line.ts";
import { type Before, compile, compileFront, interfaceGroupsOf, namesBySlot, RulesRefused } from "../../agent/rules/compile.ts";
import { expand } from "../../agent/rules/expand.ts";
import { groupsOf } from "../../agent/rules/groups.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";

const compiled = (...rules: RuleText[]) => compile(policyOf({ rules }));
/** Bits of an interface of that name. */
const groups = (rules: Before, name: string): bigint => groupsOf(interfaceGroupsOf(rules), name);

/** The matchers of one rule in the first slot. */
function expanded(rule: RuleText): Lines {
  const lines = new Lines(1);
  const [whole] = policyOf({ rules: [rule] }).rules;
  expand(whole!, { groupOf: () => 1n, setsOf: () => 1n, portsOf: (ports) => ports }, lines, { slot: Slot.FIRST_RULE, order: 0, blocks: true, staged: false, conditional: false, timed: false }, 1000);
  return lines;
}

function refusal(rules: RuleText[], failsafe: { addresses?: string[]; management_ports?: number[] } = {}): string {
  try {
    compile(policyOf({ rules, failsafe }));
  } catch (error) {
    if (error instanceof RulesRefused) return error.problems.join("\n");
    throw error;
  }
  return "";
}

const web = (name: string, more: Partial<RuleText> = {}): RuleText => ({ name, action: "block", layer4: { protocol: "tcp", destination_ports: [80] }, ...more });
const onFlag = (name: string, port?: number, more: Partial<RuleText> = {}): RuleText => ({
  name,
  action: "block",
  layer4: { protocol: "tcp", flags: { set: ["urg"] }, ...(port !== undefined && { destination_ports: [port] }) },
  ...more,
});
const list = (count: number, make: (index: number) => RuleText): RuleText[] => Array.from({ length: count }, (_, index) => make(index));

test("a rule is as many matchers as its lists have combinations", () => {
  const lines = expanded(web("many", { layer3: { source: ["192.0.2.1", "192.0.2.2"], destination: ["198.51.100.0/24"] }, layer4: { protocol: "udp", source_ports: [1, 2, 3], destination_ports: [4, "5-6"] } }));
  assert.equal(lines.count, 2 * 3 * 2);
  for (let line = 0; line < lines.count; line++) assert.deepEqual([lines.slot(line), lines.protocolLow(line)], [Slot.FIRST_RULE, 17]);
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((line) => [lines.sourcePortLow(line), lines.destinationPortLow(line), lines.destinationPortHigh(line)]), [[1, 4, 4], [1, 5, 6], [2, 4, 4], [2, 5, 6], [3, 4, 4], [3, 5, 6]]);
});

test("a range of addresses becomes prefixes", () => {
  const lines = expanded(web("range", { layer3: { source: ["192.0.2.1-192.0.2.6"] } }));
  assert.deepEqual([0, 1, 2, 3].map((line) => lines.sourceLength(line)), [128, 127, 127, 128]);
  assert.equal(lines.count, 4);
});

test("what a rule leaves out adds to its matchers field by field, and does not multiply them", () => {
  const lines = expanded({ name: "rest", action: "block", layer4: { protocol: "tcp" }, not: { layer3: { source: ["0.0.0.0/1", "::/0"] }, layer4: { destination_ports: [22, "80-90"] } } });
  const seen = Array.from({ length: lines.count }, (_, line) => [lines.families[line], lines.sourceLength(line), lines.destinationPortLow(line), lines.destinationPortHigh(line)]);
  assert.deepEqual(seen, [[4, 97, 0, 65535], [0, 0, 0, 21], [0, 0, 23, 79], [0, 0, 91, 65535]]);
});

test("what is left out of any protocol is a range on either side of it", () => {
  const lines = expanded({ name: "rest", action: "block", not: { layer4: { protocol: "tcp", source_ports: ["0-65534"] } } });
  const seen = Array.from({ length: lines.count }, (_, line) => [lines.protocolLow(line), lines.protocolHigh(line), lines.sourcePortLow(line)]);
  assert.deepEqual(seen, [[0, 5, 0], [7, 255, 0], [6, 6, 65535]]);
});

test("a not that leaves nothing, or leaves out nothing, is warned about", () => {
  const warnings = (rule: Partial<RuleText>): string => compiled({ name: "rest", action: "block", ...rule }).warnings.join();
  const nothing = 'rule "rest" matches nothing: its "not" leaves none of it';
  assert.equal(warnings({ layer3: { source: ["10.0.0.0/8"] }, not: { layer3: { source: ["10.0.0.0/7"] } } }), nothing);
  assert.equal(warnings({ layer4: { protocol: "tcp" }, not: { layer4: { protocol: "tcp" } } }), nothing);
  assert.equal(warnings({ layer4: { protocol: "udp", source_ports: [53, 54] }, not: { layer4: { source_ports: ["50-60"] } } }), nothing);
  assert.equal(warnings({ layer4: { protocol: "udp", source_ports: [53, 61] }, not: { layer4: { source_ports: ["50-60"] } } }), "");
  assert.equal(warnings({ layer3: { source: ["10.0.0.0/8"] }, not: { interfaces: ["lo"], layer3: { source: ["10.0.0.0/7"] } } }), "");
  assert.match(warnings({ layer3: { source: ["10.0.0.0/8"] }, not: { layer3: { source: ["192.0.2.1"] } } }), /the "not" of rule "rest" leaves out nothing: what its layer3.source names is no part of the rule anyway/);
  assert.match(warnings({ layer4: { protocol: "tcp" }, not: { layer4: { protocol: "udp", source_ports: [53] } } }), /leaves out nothing: what its layer4.protocol names/);
});

test("a long list is left out as quickly as it is read, be it all of the addresses", () => {
  const addresses = Array.from({ length: 20_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
  assert.equal(compiled(web("rest", { not: { layer3: { source: addresses } } })).file.alternatives, 16);
  assert.equal(compiled(web("none", { layer3: { source: addresses }, not: { layer3: { source: addresses.toReversed() } } })).file.alternatives, 0);
});

test("sources and destinations of different families make no matcher", () => {
  const { file: { alternatives }, warnings } = compiled(web("pairs", { layer3: { source: ["192.0.2.1", "2001:db8::1"], destination: ["192.0.2.2", "2001:db8::2"] } }));
  assert.equal(alternatives, 2);
  assert.deepEqual(warnings, []);
});

test("a rule is warned about whose families never meet once its not is left out", () => {
  const { file: { alternatives }, warnings } = compiled(web("never", { layer3: { source: ["192.0.2.1", "2001:db8::1"], destination: ["2001:db8::2"] }, not: { layer3: { source: ["2001:db8::1"] } } }));
  assert.equal(alternatives, 0);
  assert.deepEqual(warnings, ['rule "never" matches nothing: its "not" leaves none of it']);
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
  assert.deepEqual(compiled(onFlag("flags", undefined, { enforce: true }), staged, web("web", { enforce: true }), onFlag("more")).warnings, []);
  assert.deepEqual(compiled(staged, web("web")).warnings, ['rule "web" is redundant: "staged" before it reports all of it']);
  assert.equal(compiled({ name: "all", action: "block", enforce: true }, web("web"), onFlag("flags")).warnings.length, 2);
});

test("no rule that holds only sometimes hides another, and each may be hidden", () => {
  const tcp = (name: string, more: Partial<RuleText> = {}, layer4: RuleText["layer4"] = {}): RuleText => ({ name, action: "block", enforce: true, layer4: { protocol: "tcp", ...layer4 }, ...more });
  const sometimes = [
    tcp("on-flags", {}, { flags: { set: ["syn"] } }),
    tcp("new", {}, { state: ["new", "established", "related", "invalid"] }),
    tcp("fast", {}, { over_rate: "20/s" }),
    tcp("old", {}, { connection_duration: { longer_than: "1h" } }),
    tcp("by-day", { schedule: [{ days: ["mon"], from: "08:00", to: "18:00" }] }),
    tcp("for-now", { expires: "2999-01-01T00:00:00Z" }),
  ];
  for (const one of sometimes) {
    assert.deepEqual(compiled(one, tcp("all"), { ...one, name: "again" }).warnings, ['rule "again" is redundant: "all" before it blocks all of it'], one.name);
    assert.deepEqual(compiled(one, { ...one, name: "again" }, tcp("all")).warnings, [], one.name);
  }
});

test("a set hides only what names it too, and a not only what it does not leave out", () => {
  const sets = { inside: { addresses: ["192.0.2.0/24"] }, office: { addresses: ["192.0.2.1"] }, web: { ports: [80, 443] } };
  const warnings = (...rules: RuleText[]): string[] => compile(policyOf({ sets, rules })).warnings;
  const of = (name: string, source: string[]): RuleText => web(name, { enforce: true, layer3: { source } });
  assert.deepEqual(warnings(of("a", ["@office", "@inside"]), of("b", ["@inside"])), ['rule "b" is redundant: "a" before it blocks all of it']);
  assert.deepEqual(warnings(of("a", ["@inside"]), of("b", ["@inside", "@office"])), []);
  assert.deepEqual(warnings(of("a", ["192.0.2.0/24"]), of("b", ["@inside"])), [], "what the set holds may change");
  assert.deepEqual(warnings(of("a", ["@inside"]), of("b", ["192.0.2.0/24"])), []);
  const ports = (name: string, destination_ports: (number | string)[], not: Partial<RuleText> = {}): RuleText => ({ name, action: "block", enforce: true, layer4: { protocol: "tcp", destination_ports }, ...not });
  assert.deepEqual(warnings(ports("a", ["@web"]), ports("b", [443])), ['rule "b" is redundant: "a" before it blocks all of it']);
  assert.deepEqual(warnings(ports("a", ["0-1023"], { not: { layer4: { destination_ports: ["@web"] } } }), ports("b", [443]), ports("c", [22])), ['rule "c" is redundant: "a" before it blocks all of it']);
  assert.deepEqual(warnings(ports("a", ["0-1023"], { not: { interfaces: ["lo"] } }), ports("b", [443])), []);
  assert.deepEqual(warnings(ports("a", [80], { reject: true }), ports("b", [80])), ['rule "b" matches nothing: "a" before it rejects all of it']);
});

test("members that two sets share are warned about where rules that are alike do different things to them", () => {
  const sets = { friends: { addresses: ["192.0.2.0/24", "2001:db8::/32"] }, foes: { addresses: ["198.51.100.7", "192.0.2.9", "2001:db8:1::-2001:db8:1::ff"] }, all: { addresses: ["192.0.0.0/8"] }, guests: { addresses: ["192.0.2.0/24"], ttl: "1h" } };
  const warnings = (...rules: RuleText[]): string[] => compile(policyOf({ sets, rules })).warnings;
  const friends = web("friends", { action: "allow", layer3: { source: ["@friends"] } });
  const foes = web("foes", { enforce: true, layer3: { source: ["@foes"] } });
  assert.deepEqual(warnings(friends, foes), ['rule "foes" has no say about 192.0.2.9 and 1 more of its set "foes": they are in "friends" too, which rule "friends" before it allows']);
  assert.deepEqual(warnings(foes, friends), [], "an exception before what it is one of");
  assert.deepEqual(warnings({ ...friends, layer3: { source: ["@friends", "@foes"] } }, foes), ['rule "foes" matches nothing: "friends" before it allows all of it']);
  assert.deepEqual(warnings(friends, web("rest", { layer3: { source: ["@all"] } })), []);
  assert.deepEqual(warnings({ ...foes, enforce: false }, friends), [], "a staged rule decides nothing");
  assert.deepEqual(warnings(friends, { ...foes, layer4: { protocol: "udp" } }), []);
  assert.deepEqual(warnings(friends, { ...foes, action: "allow" }), []);
  assert.deepEqual(warnings({ ...friends, schedule: [{ days: ["mon"], from: "08:00", to: "18:00" }] }, foes), []);
  assert.deepEqual(warnings({ ...friends, layer3: { source: ["@guests"] } }, foes), [], "what lives for a while may be gone");
  assert.deepEqual(warnings({ ...friends, layer3: { destination: ["@friends"] } }, foes), []);
  assert.deepEqual(warnings({ ...friends, layer3: { destination: ["@friends"] } }, { ...foes, layer3: { destination: ["@foes"] } }).length, 1);
});

test("port ranges that lie over each other load, whether earlier ones leave the later no packet or not", () => {
  const ranges = (count: number, width: number, more: Partial<RuleText> = {}): RuleText[] =>
    list(count, (index) => ({ name: `r${index}`, action: "block", layer4: { protocol: "tcp", destination_ports: [`${(index * 7919) % 60_000}-${((index * 7919) % 60_000) + width}`] }, ...more }));
  for (const more of [{}, { enforce: true }]) {
    const { warnings, file } = compiled(...ranges(10_000, 500, more));
    assert.match(warnings.at(-1)!, /[0-9]{4} more rules match nothing/);
    assert.ok(file.cellCount < 50_000, `${file.cellCount} cells`);
  }
});

test("of ranges that were cut it is still known what lies in one, and what lies in several together", () => {
  const ranges = list(40, (index): RuleText => ({ name: `r${index}`, action: "block", enforce: true, layer4: { protocol: "tcp", destination_ports: [`${index * 1000}-${index * 1000 + 5000}`] } }));
  const within = (ports: string): string => compiled(...ranges, web("late", { layer4: { protocol: "tcp", destination_ports: [ports] } })).warnings.at(-1) ?? "";
  assert.equal(within("10000-14000"), 'rule "late" matches nothing: "r9" before it blocks all of it');
  assert.equal(within("5000-43000"), 'rule "late" matches nothing: many before it together leave none of it');
  assert.equal(within("44000-44001"), "");
});

test("too many matchers are refused with what each rule costs", () => {
  const many = (name: string, sources: number, ports: number): RuleText =>
    web(name, { layer3: { source: Array.from({ length: sources }, (_, index) => `10.${index >> 8}.${index & 255}.1`) }, layer4: { protocol: "tcp", destination_ports: Array.from({ length: ports }, (_, index) => index * 2) } });
  const text = refusal([many("small", 1, 1), many("big", 600, 400), many("middle", 100, 250)]);
  assert.match(text, /expand to 265001 combinations.*at most 262144 fit: "big" 240000 \(600 pairs of layer3.source and layer3.destination x 400 layer4.destination_ports\), "middle" 25000 .*"small" 1/s);
  assert.equal(refusal([many("big", 200, 60)]), "");
});

test("lists whose combinations run into billions are refused at once", () => {
  const addresses = (first: number): string[] => Array.from({ length: 20_000 }, (_, index) => `${first}.${index >> 8}.${index & 255}.1`);
  assert.match(refusal([web("huge", { layer3: { source: addresses(10), destination: addresses(11) } })]), /"huge" 262145/);
});

test("as many rules as there are slots load, one more is refused", () => {
  const most = Limit.RULES - Slot.FIRST_RULE;
  assert.equal(compile(policyOf({ rules: list(most, (index) => ({ name: `r${index}`, action: "allow" })) })).file.slots.slots.length, most);
  assert.match(refusal(list(most + 1, (index) => ({ name: `r${index}`, action: "allow" }))), /131057 rules, at most 131056 fit/);
});

test("64 lists of interfaces have a bit each, more are refused by name", () => {
  const rules = list(64, (index) => ({ name: `r${index}`, action: "block", interfaces: [`eth${index}`] }));
  const all = compiled(...rules, { name: "again", action: "block", interfaces: ["eth1", "eth1"] });
  assert.equal(groups(all, "eth1"), 1n << 1n);
  assert.equal(groups(all, "eth63"), 1n << 63n);
  assert.equal(groups(all, "wan0"), 0n);
  assert.match(refusal([...rules, { name: "one-more", action: "block", interfaces: ["eth*"] }]), /these have 65; beyond the limit are those of "one-more"/);
});

test("interfaces that are left out are in no group of the rule, and the same choice is one group", () => {
  const rest = (name: string): RuleText => ({ name, action: "block", interfaces: ["eth*"], not: { interfaces: ["eth1"] } });
  const all = compiled(rest("a"), rest("b"), { name: "c", action: "block", not: { interfaces: ["lo"] } });
  assert.deepEqual(["eth0", "eth1", "wan0", "lo"].map((name) => groups(all, name)), [3n, 2n, 2n, 0n]);
});

test("an interface is in every group whose pattern it fits", () => {
  const two = compiled({ name: "a", action: "block", interfaces: ["eth*"] }, { name: "b", action: "block", interfaces: ["wan0", "*1"] });
  assert.equal(groups(two, "eth0"), 1n);
  assert.equal(groups(two, "eth1"), 3n);
  assert.equal(groups(two, "wan0"), 2n);
});

test("eight conditional rules for one packet load, nine are refused by name", () => {
  assert.equal(refusal(list(8, (index) => onFlag(`c${index}`))), "");
  const text = refusal([...list(9, (index) => onFlag(`c${index}`)), web("web")]);
  assert.match(text, /one packet can meet the 9 conditional rules "c0", .*"c8" before a rule decides/);
});

test("conditional rules that no packet meets together do not add up", () => {
  assert.equal(refusal(list(40, (index) => onFlag(`c${index}`, index))), "");
  assert.equal(refusal([...list(8, (index) => onFlag(`c${index}`, 80)), ...list(8, (index) => onFlag(`d${index}`, 81))]), "");
  assert.match(refusal([...list(8, (index) => onFlag(`c${index}`, 80)), onFlag("wide")]), /9 conditional rules/);
  assert.equal(refusal([...list(8, (index) => onFlag(`c${index}`, undefined, { direction: "ingress" })), onFlag("out", undefined, { direction: "egress" })]), "");
});

test("an unconditional rule that decides ends a chain of conditional ones, a staged one does not", () => {
  const first = list(8, (index) => onFlag(`c${index}`));
  assert.equal(refusal([...first, { name: "tcp", action: "allow", layer4: { protocol: "tcp" } }, onFlag("late")]), "");
  assert.match(refusal([...first, { name: "tcp", action: "block", layer4: { protocol: "tcp" } }, onFlag("late")]), /9 conditional rules/);
  assert.match(refusal([...first, web("web", { enforce: true }), onFlag("late")]), /9 conditional rules/);
});

test("a chain that cannot be ruled out in time is refused, and says so", () => {
  const overlapping = (index: number): RuleText =>
    onFlag(`c${index}`, undefined, { layer4: { protocol: "tcp", flags: { set: ["urg"] }, destination_ports: Array.from({ length: 100 }, (_, port) => `${port * 100 + index}-${port * 100 + index + 7}`) } });
  assert.match(refusal(list(40, overlapping)), /conditional rules/);
});

test("a rule that did not change keeps its slot, whatever is added, moved or described", () => {
  const before = compiled(web("a"), web("b"), web("c"));
  const [a, b, c] = before.file.slots.slots;
  const after = compile(policyOf({ rules: [web("new"), web("c"), web("b", { enforce: true }), web("a", { description: "said later" })] }), before);
  const [fresh, stillC, newB, stillA] = after.file.slots.slots;
  assert.deepEqual([stillA, stillC], [a, c]);
  assert.notEqual(newB, b);
  assert.deepEqual([...after.freshSlots], [fresh, newB]);
});

test("a freed slot rests for as long as there are others", () => {
  let rules = compiled(web("r0"));
  const seen = new Set(rules.file.slots.slots);
  for (let round = 1; round < 100; round++) {
    rules = compile(policyOf({ rules: [web(`r${round}`)] }), rules);
    const slot = rules.file.slots.slots[0]!;
    assert.ok(!seen.has(slot), `slot ${slot} came again in round ${round}`);
    seen.add(slot);
  }
});

test("slots are found when every rule changes at once", () => {
  const most = Limit.RULES - Slot.FIRST_RULE;
  const before = compile(policyOf({ rules: list(most, (index) => ({ name: `r${index}`, action: "allow" })) }));
  const after = compile(policyOf({ rules: list(most, (index) => ({ name: `s${index}`, action: "allow" })) }), before);
  assert.equal(new Set(after.file.slots.slots).size, most);
  assert.equal(after.freshSlots.length, most);
});

test("tables are small for few rules, large for many, and stay large", () => {
  const few = compiled({ name: "a", action: "allow" });
  const many = compile(policyOf({ rules: list(5000, (index) => ({ name: `r${index}`, action: "allow" })) }), few);
  assert.ok(few.capacity.slots < many.capacity.slots);
  assert.equal(compile(policyOf(), many).capacity, many.capacity);
});

test("what no key tells apart is refused by name, unless earlier rules leave the later no packet", () => {
  const message = (index: number): RuleText => ({ name: `r${index}`, action: "block", enforce: true, layer4: { protocol: "icmp", icmp: [{ type: index >> 8, code: index & 255 }] } });
  assert.match(refusal(list(2000, message)), /more than 1024 alternatives of the rules "r0", "r1", .* and 1995 others lie so much over each other/);
  assert.equal(refusal(list(1000, message)), "");
  assert.equal(refusal([{ name: "all", action: "block", enforce: true, layer4: { protocol: "icmp" } }, ...list(2000, message)]), "");
});

test("failsafes beyond their tables are refused", () => {
  assert.match(refusal([], { addresses: ["::/0"] }), /failsafe.addresses makes 96 prefixes, at most 32 fit/);
  assert.match(refusal([], { management_ports: Array.from({ length: 17 }, (_, index) => index + 1) }), /17 ports, at most 16 fit/);
  assert.equal(refusal([], { addresses: ["192.0.2.0/24", "2001:db8::/32"], management_ports: [22, 6443] }), "");
});

test("all reasons are told at once", () => {
  const text = refusal(list(65, (index) => ({ name: `r${index}`, action: "block", interfaces: [`eth${index}`] })), { addresses: ["::/0"] });
  assert.match(text, /interfaces/);
  assert.match(text, /failsafe/);
});

/** Names by the order in which the kernel tries the rules. */
const tried = (source: { rules: RuleText[]; front?: RuleText[] }, compiled: Before): string[] => {
  const { rules, front } = withFront(source.rules, source.front ?? []);
  const names = namesBySlot({ ...policyOf(), rules, front }, compiled);
  return [...compiled.front.slots.slots, ...compiled.file.slots.slots].map((slot) => names.get(slot)!);
};

function withFront(rules: RuleText[], front: RuleText[]) {
  return { ...policyOf({ rules }), front: policyOf({ rules: front }).rules };
}

test("another front is compiled without the rules behind it, to what compiling all of them gives", () => {
  const rules = [web("a", { interfaces: ["eth*"] }), web("b"), onFlag("c", 22)];
  const before = compile(withFront(rules, [web("d1"), web("d2")]));
  const front = [web("d2"), web("d3", { interfaces: ["wan0"] }), onFlag("d4", 22)];
  const alone = compileFront(withFront(rules, front), before)!;
  assert.deepEqual(tried({ rules, front }, alone), ["d2", "d3", "d4", "a", "b", "c"]);
  const { image: _, ...file } = before.file;
  assert.deepEqual(alone.file, file, "nothing behind it changes");
  const { freshSlots, ...whole } = compile(withFront(rules, front), before);
  assert.deepEqual([alone.front, alone.freshSlots, alone.nextSlot, interfaceGroupsOf(alone).map(({ patterns }) => patterns)], [whole.front, freshSlots, whole.nextSlot, [["eth*"], ["wan0"]]]);
  assert.deepEqual(alone.front.slots.slots[0], before.front.slots.slots[1], "d2 keeps its slot");
});

test("a rule keeps its slot where it goes from the front to the file", () => {
  const before = compile(withFront([web("a")], [web("d1")]));
  const after = compile(withFront([web("d1"), web("a")], []), before);
  assert.deepEqual([...after.file.slots.slots], [...before.front.slots.slots, ...before.file.slots.slots]);
});

test("a front is left to the look at all rules where it may not go with those behind it", () => {
  const first = list(7, (index) => onFlag(`c${index}`, 80));
  const all: RuleText = { name: "tcp", action: "allow", layer4: { protocol: "tcp" } };
  const rules = [...first, all, onFlag("late", 80)];
  const before = compile(policyOf({ rules }));
  const behind = (front: RuleText[]) => compileFront(withFront([], front), before);
  assert.ok(behind([onFlag("d1", 81)]), "no packet meets it and those of the file");
  assert.equal(behind([onFlag("d1", 80)]), undefined);
  assert.equal(compile(withFront(rules, [onFlag("d1", 80)]), before).front.alternatives, 1, "\"tcp\" ends the chain");
  assert.equal(behind([onFlag("d1", 80), onFlag("d2", 80)]), undefined);
  assert.throws(() => compile(withFront(rules, [onFlag("d1", 80), onFlag("d2", 80)]), before), /9 conditional rules "d1", "d2", "c0"/);

  assert.ok(behind([web("d1", { interfaces: ["eth0"] })]));
  assert.equal(behind(list(65, (index) => web(`d${index}`, { interfaces: [`eth${index}`] }))), undefined);
  assert.equal(behind(list(5000, (index) => web(`d${index}`))), undefined, "more than the tables hold");
  assert.equal(behind([web("d1", { layer3: { source: ["10.0.0.1-10.255.255.254"] }, layer4: { protocol: "tcp", destination_ports: Array.from({ length: 10_000 }, (_, port) => port * 2) } })]), undefined);
});

test("warnings about a front are about its own rules, and those about all name deciders in the front", () => {
  const rules = [web("web")];
  const front = [{ name: "all", action: "allow" } as const, web("hidden")];
  const expected = ['rule "hidden" matches nothing: "all" before it allows all of it'];
  assert.deepEqual(compileFront(withFront([], front), compile(policyOf({ rules })))!.warnings, expected);
  assert.deepEqual(compile(withFront(rules, front)).warnings, [...expected, 'rule "web" matches nothing: "all" before it allows all of it']);
});
