import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "weir-abuse-"));
after(() => rmSync(folder, { recursive: true }));

const valid = join(folder, "valid.yaml");
// With an anchor, so that what reads those is already in memory.
writeFileSync(valid, "version: &one 1\n");

interface Cost {
  accepted: boolean;
  problems: string[];
  cpuMs: number;
  megabytes: number;
}

async function load(path: string): Promise<Cost> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, "refuse.ts"), valid, path]);
  return JSON.parse(stdout) as Cost;
}

async function refusesCheaply(path: string, first: RegExp): Promise<void> {
  const { accepted, problems, cpuMs, megabytes } = await load(path);
  assert.ok(!accepted);
  assert.match(problems[0] ?? "", first);
  assert.ok(problems.length <= 101, `${problems.length} problems`);
  assert.ok(megabytes <= 50, `${megabytes} MB more`);
  assert.ok(cpuMs <= 1000, `${cpuMs} ms of processor time`);
}

const repeat = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join("");
const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${repeat(8, (index) => {
  const [before, name] = ["abcdefgh"[index], "bcdefghi"[index]];
  return `${name}: &${name} [${new Array(9).fill(`*${before}`).join()}]\n`;
})}`;

const TEXTS: [what: string, text: string, first: RegExp][] = [
  ["an alias bomb", `version: 1\n${bomb}rules: *i\n`, /:\d+:\d+: with its aliases written out, the file has more than 100000 values/],
  [
    "truncated YAML of 2 MB",
    `version: 1\nrules:\n${repeat(20_000, (index) => `  - { name: r${index}, action: block, layer3: { source: [10.0.0.1] } }\n`)}  - { name: "x`,
    /:20003:13: the quotes are not closed/,
  ],
  [
    "YAML of 2 MB that only a full reader knows",
    `version: 1\nrules:\n${repeat(20_000, (index) => `  - name: &a${index} r${index}\n    action: block\n    description: |\n      text\n`)}`,
    /:3:11: "&" begins an anchor.*has to be JSON or simple YAML/,
  ],
  [
    "4,900 aliases of a list",
    `version: 1\nx: &x [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]\ny: [${repeat(4_900, () => "*x,")}*x]\nz: *x\n`,
    /:2:1: x: unknown key "x"/,
  ],
  [
    "20,000 aliases",
    `version: 1\nx: &x 1\ny: [${repeat(20_000, () => "*x,")}]\n`,
    /:2:4: "&" begins an anchor.*has to be JSON or simple YAML/,
  ],
  ["4,000 keys after an anchor", `x: &x 1\n${repeat(4_000, (index) => `k${index}: 1\n`)}`, /:1:1: a mapping has more than 1000 keys/],
  ["200,000 unknown keys", repeat(200_000, (index) => `key${index}: 1\n`), /:1001:1: a mapping has more than 1000 keys/],
  [
    "200,000 wrong ports",
    `version: 1\nrules: [{ name: a, action: block, layer4: { protocol: tcp, destination_ports: [${repeat(200_000, () => "70000,")}] } }]\n`,
    /70000 is outside 0 to 65535/,
  ],
  ["20,000 empty rules", `version: 1\nrules:\n${repeat(20_000, () => "  - {}\n")}`, /:3:5: rules\[0\]: the rule is empty/],
  ["4 MB of brackets", `version: 1\nrules: ${"[".repeat(4_000_000)}`, /:2:39: the file is nested more than 32 levels deep/],
  [
    "9,000 brackets after an anchor",
    `version: 1\nx: &x 1\nrules: ${"[".repeat(9_000)}`,
    /:3:\d+: the file is nested more than 32 levels deep/,
  ],
  ["9,000 closing brackets after an anchor", `version: 1\nx: &x 1\nrules: ${"]".repeat(9_000)}`, /:3:\d+: /],
  ["9,000 dashes after an anchor", `version: 1\nx: &x 1\nrules:\n${"- ".repeat(9_000)}`, /nested more than 32 levels deep/],
  ["4 MB in one name", `version: 1\nrules: [{ name: ${"a".repeat(4_000_000)}, action: block }]\n`, /:2:17: a text is longer than 16 kB/],
  ["4 MB in one unknown key", `version: 1\n${"k".repeat(4_000_000)}: 1\n`, /:2:1: a text is longer than 16 kB/],
  ["4 MB of spaces", `version: 1\nmode:${" ".repeat(4_000_000)}x\n`, /"x" is not one of detect, prevent/],
  ["4 MB of comment signs", `version: 1\nmode: ${"#".repeat(4_000_000)}`, /:2:1: mode: this is empty/],
  ["4 MB of quotes", `version: 1\nmode: ${"'".repeat(4_000_000)}\n`, /:2:7: a text is longer than 16 kB/],
  ["a NUL after 4 MB", `version: 1\n#${" ".repeat(4_000_000)}\n\0`, /:3:1: there is a control character \(0x00\)/],
];

for (const [index, [what, text, first]] of TEXTS.entries()) {
  test(`refuses ${what} within bounds of memory and time`, async () => {
    const path = join(folder, `text-${index}.yaml`);
    writeFileSync(path, text);
    await refusesCheaply(path, first);
  });
}

test("refuses JSON that ends in the middle within bounds of memory and time", async () => {
  const path = join(folder, "cut.json");
  writeFileSync(path, `{"version": 1, "rules": [${repeat(20_000, (index) => `{"name": "r${index}", "action": "block"},\n`)}`);
  await refusesCheaply(path, /cut\.json:1:25: "\[" is never closed/);
});

test("reads of millions of entries no more than a list may have", async () => {
  for (const [index, [entries, place]] of [
    [`[${"7,".repeat(8_000_000)}]`, "2:2097161"],
    [`\n${"-\n".repeat(8_000_000)}`, "1048579:1"],
  ].entries()) {
    const path = join(folder, `entries-${index}.yaml`);
    writeFileSync(path, `version: 1\nrules: ${entries}\n`);
    const { problems, cpuMs, megabytes } = await load(path);
    assert.deepEqual(problems, [`${path}:${place}: a list has more than 1048576 entries`]);
    assert.ok(megabytes <= 120, `${megabytes} MB more`);
    assert.ok(cpuMs <= 1000, `${cpuMs} ms of processor time`);
  }
});

test("refuses a file of 100 MB by its size alone", async () => {
  const path = join(folder, "large.yaml");
  const file = openSync(path, "w");
  ftruncateSync(file, 100 * 1024 * 1024);
  closeSync(file);
  await refusesCheaply(path, /large\.yaml: the file has 100 MB; at most 64 MB are read$/);
});

test("refuses what is no file, and does not wait for a pipe's other end", async () => {
  const pipe = join(folder, "pipe.yaml");
  await run("mkfifo", [pipe]);
  await refusesCheaply(pipe, /pipe\.yaml: this is a pipe, not a file$/);
  await refusesCheaply(folder, /: this is a directory, not a file$/);
  await refusesCheaply("/dev/zero", /^\/dev\/zero: this is a device, not a file$/);
  await refusesCheaply(join(folder, "absent.yaml"), /absent\.yaml: no such file; write one, or name another with --config$/);
  await refusesCheaply(join(valid, "below.yaml"), /: a part of the path is a file, not a directory$/);
  const loop = join(folder, "loop.yaml");
  symlinkSync(loop, loop);
  await refusesCheaply(loop, /: the symbolic link leads to itself$/);
  const socket = join(folder, "socket.yaml");
  const server = createServer().listen(socket);
  await once(server, "listening");
  await refusesCheaply(socket, /: this is a socket or a device without a driver, not a file$/);
  server.close();
});

test("refuses text that is not UTF-8 and says where that begins", async () => {
  const path = join(folder, "latin.yaml");
  writeFileSync(path, Buffer.from("version: 1\n# größe \xe4\n", "latin1"));
  await refusesCheaply(path, /latin\.yaml:2:5: this is not UTF-8; save the file as UTF-8$/);
  writeFileSync(path, Buffer.from("\ufeffversion: 1\n", "utf16le"));
  await refusesCheaply(path, /latin\.yaml:1:1: this is UTF-16; save the file as UTF-8$/);
});

test("the bounds would notice a reader without them", async () => {
  const path = join(folder, "many.json");
  writeFileSync(
    path,
    `{"version": 1, "rules": [${repeat(150_000, (index) => `{"name": "r${index}", "action": "allow", "layer4": {"protocol": "tcp"}},\n`)}]}`,
  );
  const { accepted, megabytes } = await load(path);
  assert.ok(accepted);
  assert.ok(megabytes > 50, `${megabytes} MB`);
});
