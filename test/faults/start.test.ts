/**
 * A start ends within its time, whatever the paths of its configuration lead to: the agent runs, or it is refused with a
 * sentence that says where and what to do. A path that cannot be used never keeps it busy or waiting.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { removeLeftovers } from "../../agent/enforce/adoption/leftovers.ts";
import { pinDirectory } from "../../config/settings.ts";
import { defaultConfig } from "../../config/defaults.ts";
import { AgentHome } from "../harness/agent.ts";
import { type Lab, makeLab, type Outcome } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { SilentFiles } from "../harness/silent-files.ts";

const WEIR = join(import.meta.dirname, "../../agent/weir");
/** A start that goes on for ever is ended by timeout(1), which answers this. */
const TIMED_OUT = 124;

describe("a start", requires(root(), tool("cc", "gcc")), () => {
  let lab: Lab;
  const folder = mkdtempSync(join(tmpdir(), "weir-start-"));
  const state = join(folder, "state");

  before(async () => {
    lab = await makeLab({ namespaces: ["host"], links: [] });
  });

  after(async () => {
    await lab[Symbol.asyncDispose]();
    removeLeftovers(pinDirectory({ ...defaultConfig(), state_dir: state }));
    rmSync(folder, { recursive: true });
  });

  /** Runs an agent that never comes to its end by itself, with these settings instead of good ones. */
  function run(settings: Record<string, string>, ...words: string[]): Promise<Outcome> {
    const path = join(folder, "weir.yaml");
    const all = {
      version: "1",
      interfaces: "{ include: [lo] }",
      state_dir: state,
      control_socket: join(folder, "control.sock"),
      audit: `{ path: ${folder}/audit.log }`,
      ...settings,
    };
    writeFileSync(
      path,
      Object.entries(all)
        .map(([key, value]) => `${key}: ${value}\n`)
        .join(""),
    );
    return start(path, ...words);
  }

  function start(path: string, ...words: string[]): Promise<Outcome> {
    return lab.attempt("host", "timeout", "-k", "1", "40", WEIR, "run", "--no-view", "--config", path, ...words);
  }

  function refuses({ code, stderr }: Outcome, sentence: RegExp, exit = 1): void {
    assert.notEqual(code, TIMED_OUT, `it went on:\n${stderr}`);
    assert.match(stderr, sentence);
    assert.equal(code, exit, stderr);
    assert.doesNotMatch(stderr, /\n\s+at /, "a sentence, no stack");
  }

  for (const [what, settings] of [
    ["an audit log", { audit: "{ path: /proc/x/audit.log }" }],
    ["a state directory", { state_dir: "/proc/x/state" }],
    ["a control socket", { control_socket: "/proc/x/control.sock" }],
  ] as const) {
    it(`refuses ${what} below a folder that cannot be made`, async () => {
      refuses(await run(settings), /the folder \/proc\/x cannot be made: \/proc is there, and takes no new folders/);
    });
  }

  it("refuses a pipe in the place of each file that it reads, and does not wait for its other end", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    refuses(await start(pipe, "--strict"), /this is a pipe, not a file/, 2);
    refuses(await run({ audit: `{ path: ${pipe} }` }), /pipe is not a regular file/);
    refuses(await run({ control_socket: pipe }), /pipe is not a socket/);
    mkdirSync(join(folder, "piped"), { mode: 0o700 });
    execFileSync("mkfifo", [join(folder, "piped", "agent.lock")]);
    refuses(await run({ state_dir: join(folder, "piped") }), /agent\.lock is not a regular file/);
  });

  it("runs all the same with pipes and huge files in the place of what it keeps, and with lists that are none", async () => {
    await using agent = await AgentHome.make(lab, "host");
    mkdirSync(agent.stateDirectory, { mode: 0o700 });
    for (const name of ["mode.json", "sessions.json", "audit.head"]) execFileSync("mkfifo", [join(agent.stateDirectory, name)]);
    for (const name of ["dynamic-rules.json", "bans.journal"]) {
      writeFileSync(join(agent.stateDirectory, name), "");
      truncateSync(join(agent.stateDirectory, name), 2 ** 40);
    }
    execFileSync("mkfifo", [join(agent.folder, "list")]);
    await agent.start({
      config: `interfaces: { include: [lo] }\nsets: { one: { file: ${agent.folder}/list }, other: { file: /dev/zero } }`,
    });
    const { health } = await agent.status();
    for (const word of ["this is a pipe, not a file", "this is a device, not a file"])
      assert.ok(
        health.reasons.some((reason) => reason.includes(word)),
        `${word}: ${health.reasons.join("\n")}`,
      );
  });

  for (const silence of ["lookup", "open", "read"] as const) {
    it(`is refused in time when a file system does not answer "${silence}"`, async () => {
      await using files = await SilentFiles.mount(silence);
      const silent = new RegExp(`not done in time: ${files.file} does not answer`);
      refuses(await start(files.file, "--start-within", "5s"), silent);
      refuses(await run({ sets: `{ feed: { file: ${files.file} } }` }, "--start-within", "5s"), silent);
      refuses(await run({ audit: `{ path: ${files.file} }` }, "--start-within", "5s"), silent);
      if (silence !== "lookup") return; // it is refused because it is a file
      for (const key of ["state_dir", "control_socket"]) refuses(await run({ [key]: files.file }, "--start-within", "5s"), silent);
    });
  }

  it("ends where it fails after it has attached, and no socket that it opened keeps it", async () => {
    const pins = pinDirectory({ state_dir: state });
    mkdirSync(pins, { mode: 0o700 });
    symlinkSync("/proc/version", join(pins, "agent")); // where it notes whose the pins are
    try {
      refuses(await run({}), /EEXIST.*agent/);
    } finally {
      removeLeftovers(pins);
    }
  });

  it("is ended by its deadline whatever keeps it, and says what that is", async () => {
    const endless = join(import.meta.dirname, "endless-start-child.ts");
    refuses(
      await lab.attempt("host", "timeout", "-k", "1", "40", process.execPath, endless),
      /^weir: The start was not done within 2 s: it was waiting for nothing\.\nGo home\.\n$/,
    );
  });

  it("is not ended while its time is not counted, and afterwards it is", async () => {
    const child = join(import.meta.dirname, "uncounted-start-child.ts");
    const outcome = await lab.attempt("host", "timeout", "-k", "1", "80", process.execPath, child);
    assert.equal(outcome.stdout, "went on\n");
    refuses(outcome, /^weir: The start was not done within 5 s: it was waiting for nothing\.\nGo home\.\n$/);
  });

  it("has no time limit any more once the agent runs", async () => {
    await using agent = await AgentHome.make(lab, "host");
    await agent.start({ config: "interfaces: { include: [lo] }" });
    assert.equal(await agent.stop(), 0);
    assert.doesNotMatch(agent.said, /not done within/);
  });
});
