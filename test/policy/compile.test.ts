import assert from "node:assert/strict";
import { test } from "node:test";
import { Limit, Slot } from "../../agent/generated/layout.ts";
import { Lines } from "../../agent/policy/classifier/line.ts";
import { compile, compileFront, interfaceGroupsOf, namesBySlot, RulesRefused } from "../../agent/policy/compile.ts";
import type { Before } from "../../agent/policy/compiled.ts";
import { expand } from "../../agent/policy/expand.ts";
import { groupsOf } from "../../agent/policy/groups.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";
import { compiled, list, onFlag, web, withFront } from "./texts.ts";

/** Bits of an interface of that name. */
const groups = (rules: Before, name: string): bigint => groupsOf(interfaceGroupsOf(rules), name);

/** The matchers of one rule in the first slot. */
function expanded(rule: RuleText): Lines {
  const lines = new Lines(1);
  const [whole] = policyOf({ rules: [rule] }).rules;
  expand(
    whole!,
    { groupOf: () => 1n, setsOf: () => 1n, portsOf: (ports) => ports },
    lines,
    { slot: Slot.FIRST_RULE, order: 0, blocks: true, staged: false, conditional: false, timed: false },
    1000,
  );
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

test("a rule is as many matchers as its lists have combinations", () => {
  const lines = expanded(
    web("many", {
      layer3: { source: ["192.0.2.1", "192.0.2.2"], destination: ["198.51.100.0/24"] },
      layer4: { protocol: "udp", source_ports: [1, 2, 3], destination_ports: [4, "5-6"] },
    }),
  );
  assert.equal(lines.count, 2 * 3 * 2);
  for (let line = 0; line < lines.count; line++) assert.deepEqual([lines.slot(line), lines.protocolLow(line)], [Slot.FIRST_RULE, 17]);
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((line) => [lines.sourcePortLow(line), lines.destinationPortLow(line), lines.destinationPortHigh(line)]),
    [
      [1, 4, 4],
      [1, 5, 6],
      [2, 4, 4],
      [2, 5, 6],
      [3, 4, 4],
      [3, 5, 6],
    ],
  );
});

test("a range of addresses becomes prefixes", () => {
  const lines = expanded(web("range", { layer3: { source: ["192.0.2.1-192.0.2.6"] } }));
  assert.deepEqual(
    [0, 1, 2, 3].map((line) => lines.sourceLength(line)),
    [128, 127, 127, 128],
  );
  assert.equal(lines.count, 4);
});

test("what a rule leaves out adds to its matchers field by field, and does not multiply them", () => {
  const lines = expanded({
    name: "rest",
    action: "block",
    layer4: { protocol: "tcp" },
    not: { layer3: { source: ["0.0.0.0/1", "::/0"] }, layer4: { destination_ports: [22, "80-90"] } },
  });
  const seen = Array.from({ length: lines.count }, (_, line) => [
    lines.families[line],
    lines.sourceLength(line),
    lines.destinationPortLow(line),
    lines.destinationPortHigh(line),
  ]);
  assert.deepEqual(seen, [
    [4, 97, 0, 65535],
    [0, 0, 0, 21],
    [0, 0, 23, 79],
    [0, 0, 91, 65535],
  ]);
});

test("what is left out of any protocol is a range on either side of it", () => {
  const lines = expanded({ name: "rest", action: "block", not: { layer4: { protocol: "tcp", source_ports: ["0-65534"] } } });
  const seen = Array.from({ length: lines.count }, (_, line) => [
    lines.protocolLow(line),
    lines.protocolHigh(line),
    lines.sourcePortLow(line),
  ]);
  assert.deepEqual(seen, [
    [0, 5, 0],
    [7, 255, 0],
    [6, 6, 65535],
  ]);
});

test("a long list is left out as quickly as it is read, be it all of the addresses", () => {
  const addresses = Array.from({ length: 20_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
  assert.equal(compiled(web("rest", { not: { layer3: { source: addresses } } })).file.alternatives, 16);
  assert.equal(
    compiled(web("none", { layer3: { source: addresses }, not: { layer3: { source: addresses.toReversed() } } })).file.alternatives,
    0,
  );
});

test("sources and destinations of different families make no matcher", () => {
  const {
    file: { alternatives },
    warnings,
  } = compiled(web("pairs", { layer3: { source: ["192.0.2.1", "2001:db8::1"], destination: ["192.0.2.2", "2001:db8::2"] } }));
  assert.equal(alternatives, 2);
  assert.deepEqual(warnings, []);
});

test("too many matchers are refused with what each rule costs", () => {
  const many = (name: string, sources: number, ports: number): RuleText =>
    web(name, {
      layer3: { source: Array.from({ length: sources }, (_, index) => `10.${index >> 8}.${index & 255}.1`) },
      layer4: { protocol: "tcp", destination_ports: Array.from({ length: ports }, (_, index) => index * 2) },
    });
  const text = refusal([many("small", 1, 1), many("big", 600, 400), many("middle", 100, 250)]);
  assert.match(
    text,
    /expand to 265001 combinations.*at most 262144 fit: "big" 240000 \(600 pairs of layer3.source and layer3.destination x 400 layer4.destination_ports\), "middle" 25000 .*"small" 1/s,
  );
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
  assert.match(
    refusal([...rules, { name: "one-more", action: "block", interfaces: ["eth*"] }]),
    /these have 65; beyond the limit are those of "one-more"/,
  );
});

test("interfaces that are left out are in no group of the rule, and the same choice is one group", () => {
  const rest = (name: string): RuleText => ({ name, action: "block", interfaces: ["eth*"], not: { interfaces: ["eth1"] } });
  const all = compiled(rest("a"), rest("b"), { name: "c", action: "block", not: { interfaces: ["lo"] } });
  assert.deepEqual(
    ["eth0", "eth1", "wan0", "lo"].map((name) => groups(all, name)),
    [3n, 2n, 2n, 0n],
  );
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
  assert.equal(
    refusal([
      ...list(8, (index) => onFlag(`c${index}`, undefined, { direction: "ingress" })),
      onFlag("out", undefined, { direction: "egress" }),
    ]),
    "",
  );
});

test("an unconditional rule that decides ends a chain of conditional ones, a staged one does not", () => {
  const first = list(8, (index) => onFlag(`c${index}`));
  assert.equal(refusal([...first, { name: "tcp", action: "allow", layer4: { protocol: "tcp" } }, onFlag("late")]), "");
  assert.match(refusal([...first, { name: "tcp", action: "block", layer4: { protocol: "tcp" } }, onFlag("late")]), /9 conditional rules/);
  assert.match(refusal([...first, web("web", { enforce: true }), onFlag("late")]), /9 conditional rules/);
});

test("a chain that cannot be ruled out in time is refused, and says so", () => {
  const overlapping = (index: number): RuleText =>
    onFlag(`c${index}`, undefined, {
      layer4: {
        protocol: "tcp",
        flags: { set: ["urg"] },
        destination_ports: Array.from({ length: 100 }, (_, port) => `${port * 100 + index}-${port * 100 + index + 7}`),
      },
    });
  assert.match(refusal(list(40, overlapping)), /conditional rules/);
});

test("a rule that did not change keeps its slot, whatever is added, moved or described", () => {
  const before = compiled(web("a"), web("b"), web("c"));
  const [a, b, c] = before.file.slots.slots;
  const after = compile(
    policyOf({ rules: [web("new"), web("c"), web("b", { enforce: true }), web("a", { description: "said later" })] }),
    before,
  );
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
  const message = (index: number): RuleText => ({
    name: `r${index}`,
    action: "block",
    enforce: true,
    layer4: { protocol: "icmp", icmp: [{ type: index >> 8, code: index & 255 }] },
  });
  assert.match(refusal(list(2000, message)), /more than 1024 alternatives of the rules "r0", "r1", .* and 1,995 others overlap so much/);
  assert.equal(refusal(list(1000, message)), "");
  assert.equal(refusal([{ name: "all", action: "block", enforce: true, layer4: { protocol: "icmp" } }, ...list(2000, message)]), "");
});

test("failsafes beyond their tables are refused", () => {
  assert.match(refusal([], { addresses: ["::/0"] }), /failsafe.addresses makes 96 prefixes, at most 32 fit/);
  assert.match(refusal([], { management_ports: Array.from({ length: 17 }, (_, index) => index + 1) }), /17 ports, at most 16 fit/);
  assert.equal(refusal([], { addresses: ["192.0.2.0/24", "2001:db8::/32"], management_ports: [22, 6443] }), "");
});

test("all reasons are told at once", () => {
  const text = refusal(
    list(65, (index) => ({ name: `r${index}`, action: "block", interfaces: [`eth${index}`] })),
    { addresses: ["::/0"] },
  );
  assert.match(text, /interfaces/);
  assert.match(text, /failsafe/);
});

/** Names by the order in which the kernel tries the rules. */
const tried = (source: { rules: RuleText[]; front?: RuleText[] }, compiled: Before): string[] => {
  const { rules, front } = withFront(source.rules, source.front ?? []);
  const names = namesBySlot({ ...policyOf(), rules, front }, compiled);
  return [...compiled.front.slots.slots, ...compiled.file.slots.slots].map((slot) => names.get(slot)!);
};

test("another front is compiled without the rules behind it, to what compiling all of them gives", () => {
  const rules = [web("a", { interfaces: ["eth*"] }), web("b"), onFlag("c", 22)];
  const before = compile(withFront(rules, [web("d1"), web("d2")]));
  const front = [web("d2"), web("d3", { interfaces: ["wan0"] }), onFlag("d4", 22)];
  const alone = compileFront(withFront(rules, front), before)!;
  assert.deepEqual(tried({ rules, front }, alone), ["d2", "d3", "d4", "a", "b", "c"]);
  const { image: _, ...file } = before.file;
  assert.deepEqual(alone.file, file, "nothing behind it changes");
  const { freshSlots, ...whole } = compile(withFront(rules, front), before);
  assert.deepEqual(
    [alone.front, alone.freshSlots, alone.nextSlot, interfaceGroupsOf(alone).map(({ patterns }) => patterns)],
    [whole.front, freshSlots, whole.nextSlot, [["eth*"], ["wan0"]]],
  );
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
  assert.equal(compile(withFront(rules, [onFlag("d1", 80)]), before).front.alternatives, 1, '"tcp" ends the chain');
  assert.equal(behind([onFlag("d1", 80), onFlag("d2", 80)]), undefined);
  assert.throws(() => compile(withFront(rules, [onFlag("d1", 80), onFlag("d2", 80)]), before), /9 conditional rules "d1", "d2", "c0"/);

  assert.ok(behind([web("d1", { interfaces: ["eth0"] })]));
  assert.equal(behind(list(65, (index) => web(`d${index}`, { interfaces: [`eth${index}`] }))), undefined);
  assert.equal(behind(list(5000, (index) => web(`d${index}`))), undefined, "more than the tables hold");
  assert.equal(
    behind([
      web("d1", {
        layer3: { source: ["10.0.0.1-10.255.255.254"] },
        layer4: { protocol: "tcp", destination_ports: Array.from({ length: 10_000 }, (_, port) => port * 2) },
      }),
    ]),
    undefined,
  );
});

test("more kinds of processes than fit are refused by the names of the rules beyond", () => {
  const rules = Array.from(
    { length: Limit.KINDS + 2 },
    (_, number): RuleText => ({ name: `r${number}`, action: "block", process: { user: number } }),
  );
  assert.throws(
    () => compile(policyOf({ rules })),
    (error) => {
      assert.match(
        (error as Error).message,
        /rules may have 256 different "process" conditions, these have 258; beyond the limit are those of "r256", "r257":/,
      );
      return true;
    },
  );
  const patterns = Array.from(
    { length: 5 },
    (_, number): RuleText => ({
      name: `p${number}`,
      action: "block",
      process: { executable: Array.from({ length: 250 }, (_, file) => `/${number}/${file}`) },
    }),
  );
  assert.throws(
    () => compile(policyOf({ rules: patterns })),
    /rules may name 1024 executables, commands and parents, these name 1250; beyond the limit are those of "p4":/,
  );
});

test("kinds of processes keep their numbers as long as no others come, and those of a front come behind", () => {
  const [curl, wget, nc]: RuleText[] = ["curl", "wget", "nc"].map((name) => ({
    name,
    action: "block",
    process: { executable: `*/${name}` },
  }));
  const first = compile(policyOf({ rules: [curl!, wget!] }));
  assert.deepEqual(
    first.kinds.map(({ executable }) => executable),
    [["*/curl"], ["*/wget"]],
  );
  assert.deepEqual(compile(policyOf({ rules: [wget!] }), first).kinds, first.kinds);
  assert.deepEqual(
    compile(policyOf({ rules: [nc!, wget!] }), first).kinds.map(({ executable }) => executable),
    [["*/nc"], ["*/wget"]],
  );
  const front = compileFront({ ...policyOf({ rules: [curl!, wget!] }), front: policyOf({ rules: [nc!] }).rules }, first)!;
  assert.deepEqual(
    front.kinds.map(({ executable }) => executable),
    [["*/curl"], ["*/wget"], ["*/nc"]],
  );
});
