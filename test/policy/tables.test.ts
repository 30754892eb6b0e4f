import assert from "node:assert/strict";
import { test } from "node:test";

import { Slot } from "../../agent/generated/layout.ts";
import { Lines } from "../../agent/policy/classifier/line.ts";
import { Tables } from "../../agent/policy/classifier/tables.ts";
import { expand } from "../../agent/policy/expand.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";

function linesOf(rules: readonly RuleText[]): Lines {
  const lines = new Lines(rules.length);
  const nothing = { groupOf: () => 0n, setsOf: () => 0n, portsOf: () => [] };
  for (const [order, rule] of policyOf({ rules }).rules.entries()) {
    expand(
      rule,
      { ...nothing, portsOf: (ports) => ports },
      lines,
      { slot: Slot.FIRST_RULE + order, order, blocks: true, staged: false, conditional: false, timed: false },
      1000,
    );
  }
  return lines;
}

test("every matcher stands in a table, where keys have more forms than there are tables, be it the only one of the coarsest", () => {
  const lengths = [[], [8], [16], [24]];
  const combinations = lengths.flatMap((source) =>
    lengths.flatMap((destination) => [[], [5]].flatMap((from) => [[], [6]].map((to) => ({ source, destination, from, to })))),
  );
  const twice = combinations.flatMap((combination) => [1, 2].map((number) => ({ ...combination, number })));
  const narrow = twice.map(({ source, destination, from, to, number }, index): RuleText => {
    const addresses = (first: number, all: readonly number[]): string[] =>
      all.map((length) => `${first + number}.${number}.${number}.0/${length}`);
    const layer3 = { source: addresses(10, source), destination: addresses(20, destination) };
    return {
      name: `r${index}`,
      action: "block",
      layer3,
      layer4: { protocol: number === 1 ? "tcp" : "udp", source_ports: from, destination_ports: to },
    };
  });
  const lines = linesOf([{ name: "all", action: "block" }, ...narrow]);
  const tables = new Tables(lines, "ipv4", true);
  tables.fill(Array.from({ length: lines.count }, (_, line) => line));
  assert.equal(tables.all.length, 64);
  const heard = new Set<number>();
  tables.addHeard(heard);
  assert.deepEqual(
    [...heard].sort((a, b) => a - b),
    Array.from({ length: lines.count }, (_, order) => order),
  );
});
