import assert from "node:assert/strict";
import { test } from "node:test";
import { FIELD_ENTRIES } from "../../agent/policy/fields/index.ts";
import { CASES } from "./cases.ts";
import type { PacketStep } from "./case.ts";
import { policyOf } from "./policy.ts";

const FAMILIES = { IPv4: 0x0800, IPv6: 0x86dd } as const;
/** Ethertypes of VLAN tags. */
const TAGS = [0x8100, 0x88a8];

function familyOf({ packet: { frame } }: PacketStep): string | undefined {
  const etherTypeAt = (at: number): number => ((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0);
  let at = 12;
  while (TAGS.includes(etherTypeAt(at))) at += 4;
  return Object.entries(FAMILIES).find(([, type]) => type === etherTypeAt(at))?.[0];
}

/** What the cases show: `ingress IPv6 layer4.flags set hit`, where a rule with it spoke, and `miss`, where it did not. */
function shown(): Set<string> {
  const found = new Set<string>();
  for (const { config, steps } of CASES) {
    const packets = steps.filter((step) => "packet" in step);
    for (const rule of policyOf(config).rules) {
      const uses = FIELD_ENTRIES.flatMap(([path, field]) => field.wants(rule).map(({ operator }) => `${path} ${operator}`));
      for (const step of packets) {
        const result = step.expect.rule === rule.name || step.expect.staged === rule.name ? "hit" : "miss";
        for (const use of uses) found.add(`${step.packet.hook} ${familyOf(step)} ${use} ${result}`);
      }
    }
  }
  return found;
}

const SHOWN = shown();

for (const [path, field] of FIELD_ENTRIES) {
  for (const operator of Object.keys(field.operators)) {
    test(`${path}, ${operator}, has cases that hit and cases that miss, in every direction and family`, () => {
      const wanted = field.directions.flatMap((direction) =>
        Object.keys(FAMILIES).flatMap((family) => ["hit", "miss"].map((result) => `${direction} ${family} ${path} ${operator} ${result}`)),
      );
      assert.deepEqual(
        wanted.filter((use) => !SHOWN.has(use)),
        [],
      );
    });
  }
}

test("every reason that a packet alone can give has a case", async () => {
  const { ReasonNames } = await import("../../agent/generated/layout.ts");
  const given = new Set(
    CASES.flatMap(({ steps }) => steps.flatMap((step) => ("packet" in step && step.expect.reason ? [step.expect.reason as string] : []))),
  );
  const notFromFrames = ["none", "not_linear", "interface_unknown"];
  assert.deepEqual(
    ReasonNames.filter((name) => !notFromFrames.includes(name) && !given.has(name)),
    [],
  );
});
