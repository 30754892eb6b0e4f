/**
 * Translates the slots that rules have in the tables of another version into the slots that the same rules have in the current
 * tables. Only the slots of rules with counters can be translated. A connection needs no others, because it is judged again.
 */

import { Rule, Slot } from "../../generated/layout.ts";
import type { ControlWords } from "../../kernel/control-words.ts";
import type { DataPlane } from "../../kernel/dataplane.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import { memberAt, openPinned, readNumber, type TableTypes, typesOf } from "../../kernel/pinned-table.ts";

interface Member {
  at: number;
  size: number;
}

/** The places of the members of a current value that hold slots. */
interface Places {
  single: readonly Member[];
  count: Member | undefined;
  conditions: readonly Member[];
}

export class SlotTranslation {
  readonly #numbers: ReadonlyMap<number, number>;
  readonly #places: Places;

  private constructor(numbers: ReadonlyMap<number, number>, places: Places = { single: [], count: undefined, conditions: [] }) {
    this.#numbers = numbers;
    this.#places = places;
  }

  /** Returns undefined if the tables in the folder do not identify their rules. */
  static between(
    folder: string,
    plane: Pick<DataPlane, "maps"> & { control: Pick<ControlWords, "generation"> },
  ): SlotTranslation | undefined {
    const before = slotsByIdentity(folder);
    if (before === undefined) return undefined;
    const rules = plane.maps.get("rules")!;
    const now = new Map(
      slotsOf(rules, plane.control.generation, { at: Rule.identity, size: 8 }).map(([slot, identity]) => [identity, slot]),
    );
    return new SlotTranslation(new Map(before.flatMap(([slot, identity]) => (now.has(identity) ? [[slot, now.get(identity)!]] : []))));
  }

  /** Returns the same translation for values of this type. */
  within(types: TableTypes): SlotTranslation {
    const conditions: Member[] = [];
    for (let index = 0; ; index++) {
      const member = memberAt(types, ["decision", "conditions", index]);
      if (member === undefined) break;
      conditions.push(member);
    }
    return new SlotTranslation(this.#numbers, {
      single: [["decision", "slot"], ["decision", "staged"], ["told"]].flatMap((path) => memberAt(types, path) ?? []),
      count: memberAt(types, ["decision", "condition_count"]),
      conditions,
    });
  }

  /** Translates the slots in a value. Conditions whose rule is gone are left out. */
  apply(value: Buffer): void {
    const { single, count, conditions } = this.#places;
    for (const member of single) write(value, member, this.#numbers.get(read(value, member)) ?? reserved(read(value, member)));
    if (count === undefined) return;
    const kept = conditions.slice(0, read(value, count)).flatMap((member) => this.#numbers.get(read(value, member)) ?? []);
    for (const [index, member] of conditions.entries()) write(value, member, kept[index] ?? 0);
    write(value, count, kept.length);
  }
}

/** A slot below the first rule stands for a decision that no rule made, and has the same number in every version. */
function reserved(slot: number): number {
  return slot < Slot.FIRST_RULE ? slot : Slot.NONE;
}

function slotsByIdentity(folder: string): [slot: number, identity: bigint][] | undefined {
  const [control, rules] = [openPinned(folder, "control"), openPinned(folder, "rules")];
  try {
    const [generation, identity] = [control, rules].map((map, index) => {
      const types = map === undefined ? undefined : typesOf(map.info);
      return types === undefined ? undefined : memberAt(types, [index === 0 ? "generation" : "identity"]);
    });
    if (control === undefined || rules === undefined || generation === undefined || identity === undefined) return undefined;
    return slotsOf(rules, Number(readNumber(control.lookup(Buffer.alloc(4))!, generation)), identity);
  } finally {
    control?.close();
    rules?.close();
  }
}

/** Reads the copy of the rules that is in force in this generation. */
function slotsOf(rules: BpfMap, generation: number, identity: Member): [slot: number, identity: bigint][] {
  const memory = Buffer.from(rules.mmap());
  const slots = rules.info.maxEntries / 2;
  const found: [number, bigint][] = [];
  for (let slot = Slot.FIRST_RULE; slot < slots; slot++) {
    const number = readNumber(memory, { at: ((generation & 1) * slots + slot) * rules.elementStride + identity.at, size: identity.size });
    if (number !== 0n) found.push([slot, number]);
  }
  return found;
}

function read(value: Buffer, member: Member): number {
  return Number(readNumber(value, member));
}

function write(value: Buffer, { at, size }: Member, number: number): void {
  value.writeUIntLE(number, at, size);
}
