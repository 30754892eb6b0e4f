import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { MOST_LISTED, parseList, readList } from "../../../agent/enforce/networks/list.ts";
import { SetLibrary } from "../../../agent/enforce/sets/library.ts";
import { isSilent, readListAside } from "../../../agent/enforce/sets/list-thread.ts";
import { formatNetwork } from "../../../agent/values/address.ts";
import { Random } from "../../harness/random.ts";
import { requires, root, tool } from "../../harness/require.ts";
import { SilentFiles } from "../../harness/silent-files.ts";

function listed(text: string): string[] {
  const reading = parseList(text, "feed.txt");
  assert.ok("networks" in reading, JSON.stringify(reading));
  return [...reading.networks.networks()].map(formatNetwork);
}

function problem(reading: Awaited<ReturnType<typeof readList>>): string {
  assert.ok("problem" in reading);
  return reading.problem;
}

describe("a list in a file", () => {
  let folder: string;
  before(() => void (folder = mkdtempSync(join(tmpdir(), "weir-list-"))));
  after(() => rmSync(folder, { recursive: true }));

  it("has an address, prefix or range a line, comments and empty lines, and what stands twice once", () => {
    assert.deepEqual(
      listed("# feed of today\n\n192.0.2.7\n 192.0.2.7 # again\r\n198.51.100.0/24\t\n2001:db8::/32\n203.0.113.1-203.0.113.2"),
      ["192.0.2.7", "198.51.100.0/24", "2001:db8::/32", "203.0.113.1", "203.0.113.2"],
    );
    assert.deepEqual([listed(""), listed("# nothing\n"), listed("\n\n")], [[], [], []]);
    assert.deepEqual(listed("::/0"), ["::/1", "8000::/1"]);
  });

  it("is refused as a whole, with the place, where a line is none of them", () => {
    for (const [text, expected] of [
      ["192.0.2.7\n192.0.2.300\n", /^feed\.txt:2: "192\.0\.2\.300" has a part above 255$/],
      ["192.0.2.0/33\n", /^feed\.txt:1: /],
      ["# so\n\nexample.org\n", /^feed\.txt:3: "example\.org" is not an address/],
      ["192.0.2.9-192.0.2.1\n", /^feed\.txt:1: /],
      ["192.0.2.7 192.0.2.8\n", /^feed\.txt:1: /],
      ["192.0.2.7\0\n", /^feed\.txt:1: /],
      ["\x1b[2J\n", /^feed\.txt:1: [\x20-\x7e]*$/],
    ] as const)
      assert.match(problem(parseList(text, "feed.txt")), expected, text);
  });

  it("is refused where it is no text, no file, or too long", async () => {
    const path = join(folder, "odd.txt");
    assert.match(problem(await readList(path)), /odd\.txt: no such file$/);
    writeFileSync(path, Buffer.from([0x31, 0x0a, 0xff, 0x0a]));
    assert.match(problem(await readList(path)), /odd\.txt:2:1: this is not UTF-8/);
    mkdirSync(join(folder, "folder"));
    assert.match(problem(await readList(join(folder, "folder"))), /this is a directory, not a file/);
    const many = Array.from({ length: MOST_LISTED + 1 }, (_, at) => `${1 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}.1`).join("\n");
    assert.match(
      problem(parseList(many, "feed.txt")),
      new RegExp(`^feed\\.txt:${MOST_LISTED + 1}: the list holds more than ${MOST_LISTED} networks`),
    );
  });

  it("is read in a thread as it is read here, be it short, long, bad or missing", async () => {
    const random = new Random(5);
    const line = (): string =>
      random.oneIn(2)
        ? `10.${random.below(256)}.${random.below(256)}.${random.below(256)}/${24 + random.below(9)}`
        : `2001:db8:${random.below(65536).toString(16)}::/48`;
    for (const [name, lines] of [
      ["short", 10],
      ["long", 20_000],
    ] as const) {
      const path = join(folder, name);
      writeFileSync(path, Array.from({ length: lines }, line).join("\n"));
      const [here, aside] = [await readList(path), await readListAside(path)];
      assert.ok("networks" in here && "networks" in aside);
      assert.deepEqual([...aside.networks.networks()], [...here.networks.networks()], name);
      assert.deepEqual([aside.networks.size, aside.networks.lengths()], [here.networks.size, here.networks.lengths()], name);
      writeFileSync(path, `${Array.from({ length: lines }, line).join("\n")}\nnobody\n`);
      assert.match(problem(await readListAside(path)), new RegExp(`${name}:${lines + 1}: "nobody" is not an address`));
    }
    assert.match(problem(await readListAside(join(folder, "none"))), /none: no such file$/);
  });

  it("whatever stands in it is read or refused, and never throws", () => {
    const random = new Random(17);
    const pieces = [
      "192.0.2.7",
      "/",
      "24",
      "-",
      ":",
      "::",
      "2001:db8::",
      "#",
      "\n",
      "\r\n",
      " ",
      "\t",
      "0",
      "255",
      "256",
      ".",
      "@",
      "\0",
      "é",
      "﻿",
      "1".repeat(400),
      "/129",
      "%eth0",
    ];
    let read = 0;
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: 1 + random.below(8) }, () => random.pick(pieces)).join("");
      const reading = parseList(text, "feed.txt");
      if ("networks" in reading) read++;
      else assert.match(reading.problem, /^feed\.txt:\d+: [^\x00-\x1f]{1,400}$/, JSON.stringify(text));
    }
    assert.ok(read > 500, `${read}`);
  });
});

for (const silence of ["lookup", "open", "read"] as const) {
  it(`a list whose file system does not answer "${silence}" is not taken, and nobody waits for it`, {
    ...requires(root(), tool("cc", "gcc")),
    timeout: 60_000,
  }, async () => {
    await using files = await SilentFiles.mount(silence);
    const library = new SetLibrary({ read: readListAside, isSilent });
    const sets = await library.open({ feed: { file: files.file }, other: { addresses: ["192.0.2.1"] } });
    assert.deepEqual([...sets.keys()], ["feed", "other"]);
    assert.deepEqual(library.trouble, [`the file of the set feed is not used: ${files.file}: its file system does not answer`]);
  });
}
