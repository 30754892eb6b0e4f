/** Patterns of processes: the kernel fits them as the reference does. */

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import { fits } from "../../../agent/values/pattern.ts";
import { DescribedProcess, Limit } from "../../../agent/generated/layout.ts";
import { DataPlane } from "../../../agent/kernel/dataplane.ts";
import { u32 } from "../../../agent/kernel/maps.ts";
import { packEdition, packPatterns } from "../../../agent/enforce/processes/edition.ts";
import { CAPACITIES } from "../../../agent/policy/capacity.ts";
import type { ProcessKind } from "../../../agent/policy/kinds.ts";
import { Random } from "../../harness/random.ts";
import { requires, root } from "../../harness/require.ts";

const ROUNDS = 400;

describe("the kernel's patterns", requires(root()), () => {
  const plane = new DataPlane({ capacity: CAPACITIES[0]! });
  after(() => plane.close());

  function take(kinds: readonly ProcessKind[]): void {
    for (const [index, pattern] of packPatterns(kinds).entries()) plane.map("process_patterns").update(u32(index), pattern);
    plane.map("kind_editions").update(u32(0), packEdition(kinds, 1));
  }

  /** Numbers of kinds that a process with these texts is of for certain, and those that it may be of. */
  function compare(path: string, command: string): { certain: number[]; possible: number[]; asParent: number[] } {
    const [whole, words] = [Buffer.from(path), Buffer.from(`${command}\0`)];
    const process = Buffer.alloc(DescribedProcess.size);
    process.writeUInt32LE(whole.length, DescribedProcess.path_length);
    process.writeUInt32LE(words.length, DescribedProcess.command_length);
    const start = whole.subarray(0, Limit.PATH); // it stands at the end of its room
    start.copy(process, DescribedProcess.path.at + Limit.PATH - start.length);
    words.copy(process, DescribedProcess.command.at, 0, Limit.COMMAND);
    plane.map("described").update(u32(0), process);
    plane.program("weir_describe").run();
    const found = plane.map("described").lookup(u32(0))!;
    const bits = (at: number): number[] =>
      Array.from({ length: Limit.KINDS }, (_, number) => number).filter((number) => (found[at + (number >> 3)]! >> (number & 7)) & 1);
    return {
      certain: bits(DescribedProcess.own.certain.at),
      possible: bits(DescribedProcess.own.possible.at),
      asParent: bits(DescribedProcess.as_parent.certain.at),
    };
  }

  it("fit what the reference says they fit", () => {
    const random = new Random(7);
    const word = (letters: string, most: number): string =>
      Array.from({ length: random.below(most + 1) }, () => letters[random.below(letters.length)]).join("");
    let hits = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const path = `/${word("ab/", 12)}`;
      const kinds: ProcessKind[] = Array.from({ length: 40 }, () => ({
        executable: [random.oneIn(4) ? path : `${random.oneIn(2) ? "/" : "*"}${word("ab/*", 7)}`],
      }));
      take(kinds);
      const wanted = kinds.flatMap(({ executable }, number) => (fits(executable![0]!, path) ? [number] : []));
      const { certain, possible } = compare(path, "x");
      const known = (numbers: number[]): number[] => numbers.filter((number) => number < kinds.length);
      assert.deepEqual(
        [known(certain), known(possible)],
        [wanted, wanted],
        `${path} and ${JSON.stringify(kinds.map(({ executable }) => executable![0]))}`,
      );
      hits += wanted.length;
    }
    assert.ok(hits > ROUNDS, `${hits} of ${40 * ROUNDS} fit`);
  });

  it("compare each key with what it is about, and all of them must fit", () => {
    take([
      { executable: ["/usr/bin/curl"] },
      { command: ["curl *"] },
      { parent: ["*/curl"] },
      { executable: ["*/curl", "*/wget"], command: ["wget", "* -k*"] },
      { user: ["root"] },
    ]);
    const found = compare("/usr/bin/curl", "curl\0-k\0https://example.com");
    assert.deepEqual([found.certain.filter((number) => number < 5), found.asParent], [[0, 1, 2, 3, 4], [2]]); // what they do not ask for does not matter
    assert.deepEqual(
      compare("/usr/bin/wget", "wget").certain.filter((number) => number < 5),
      [2, 3, 4],
    );
    assert.deepEqual(
      compare("/usr/bin/curl", "curl").certain.filter((number) => number < 5),
      [0, 2, 4],
    );
  });

  it("are certain of a text that is too long where what is there of it decides", () => {
    take([
      { executable: ["/a/*"] },
      { executable: ["/b/*"] },
      { executable: ["/a/x"] },
      { executable: ["*/x"] },
      { command: ["run *"] },
      { command: ["walk *"] },
      { command: ["run"] },
      { command: ["* end"] },
    ]);
    const { certain, possible } = compare(`/a/${"b".repeat(Limit.PATH)}/x`, `run ${"x".repeat(Limit.COMMAND)} end`);
    assert.deepEqual(
      [certain, possible].map((numbers) => numbers.filter((number) => number < 8)),
      [
        [0, 4],
        [0, 3, 4, 7],
      ],
    );
  });

  it("that take too long to compare fit perhaps", () => {
    take([{ command: [`*${"a".repeat(200)}b*`] }, { command: ["*a*"] }]);
    const { certain, possible } = compare("/x", "a".repeat(500));
    assert.deepEqual(
      [certain, possible].map((numbers) => numbers.filter((number) => number < 2)),
      [[1], [0, 1]],
    );
  });
});
