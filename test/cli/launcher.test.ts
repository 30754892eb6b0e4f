import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { VERSION } from "../../agent/values/version.ts";
import { eventually } from "../harness/eventually.ts";
import { requires, root } from "../harness/require.ts";
import { environment, LAUNCHER, startFixture } from "../api/support.ts";

const run = promisify(execFile);
const PLATFORM = `node-linux-${process.arch}`;
const NODE_PACKAGE = join(import.meta.dirname, "../../node_modules", PLATFORM);

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-launcher-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A package as npm installs it, whose main file says how it was started. */
function installed(modules: string): string {
  const home = join(modules, "weir");
  mkdirSync(join(home, "agent"), { recursive: true });
  mkdirSync(join(home, "dist/agent/cli"), { recursive: true });
  copyFileSync(LAUNCHER, join(home, "agent/weir"));
  chmodSync(join(home, "agent/weir"), 0o755);
  writeFileSync(
    join(home, "dist/agent/cli/main.js"),
    "console.log(JSON.stringify({ words: process.argv.slice(2), node: process.execPath, cache: process.env.NODE_COMPILE_CACHE ?? null }))\n",
  );
  return join(home, "agent/weir");
}

test("a symbolic link to the launcher starts weir, under the lockfile's Node.js whatever is on the PATH", async (t) => {
  const folder = scratch(t);
  writeFileSync(join(folder, "node"), "#!/bin/sh\necho the wrong node; exit 9\n", { mode: 0o755 });
  symlinkSync(LAUNCHER, join(folder, "weir"));
  const { stdout } = await run(join(folder, "weir"), ["--version"], {
    cwd: "/",
    env: environment({ PATH: `${folder}:${process.env["PATH"]}` }),
  });
  assert.equal(stdout, `weir ${VERSION}\n`);
});

test("the launcher becomes weir: its pid is the agent's, and a signal reaches it", async () => {
  await using fixture = await startFixture();
  const child = spawn(LAUNCHER, ["watch"], { env: environment({ WEIR_CONTROL_SOCKET: fixture.path }), stdio: "ignore" });
  await eventually("it watches", () => fixture.agent.listeners.size === 1);
  assert.equal(readlinkSync(`/proc/${child.pid}/exe`), realpathSync(join(NODE_PACKAGE, "bin/node")));
  child.kill("SIGTERM");
  const [code, signal] = await once(child, "exit");
  assert.deepEqual([code, signal], [0, null]);
});

test("an installed package runs what was compiled, with the Node.js that npm put beside it", async (t) => {
  const modules = join(scratch(t), "node_modules");
  const launcher = installed(modules);
  symlinkSync(NODE_PACKAGE, join(modules, PLATFORM));
  mkdirSync(join(modules, ".bin"));
  symlinkSync("../weir/agent/weir", join(modules, ".bin/weir"));
  for (const path of [launcher, join(modules, ".bin/weir")]) {
    const { stdout } = await run(path, ["rule", "a b", "", "*"], { cwd: "/", env: environment() });
    assert.deepEqual(JSON.parse(stdout).words, ["rule", "a b", "", "*"]);
  }
});

test("without dependencies it says how to install them", async (t) => {
  const launcher = installed(join(scratch(t), "node_modules"));
  const failure = await run(launcher, [], { env: environment() }).catch((error: { code: number; stderr: string }) => error);
  assert.ok("code" in failure && failure.code === 1);
  assert.match(failure.stderr, /dependencies are not installed in .*npm start.*npm ci --ignore-scripts/);
});

test("compiled code is kept only where nobody but root can write", requires(root()), async (t) => {
  const folder = scratch(t);
  const modules = join(folder, "node_modules");
  const launcher = installed(modules);
  symlinkSync(NODE_PACKAGE, join(modules, PLATFORM));
  const cacheWith = async (WEIR_CACHE: string, more = {}) => {
    const { stdout } = await run(launcher, [], { env: environment({ WEIR_CACHE, ...more }) });
    return JSON.parse(stdout).cache as string | null;
  };
  const good = join(folder, "cache");
  assert.equal(await cacheWith(good), good, "it is made");
  assert.ok(readdirSync(good).length > 0);
  assert.equal(await cacheWith(good), good, "it is found");
  const open = join(folder, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  assert.equal(await cacheWith(open), null);
  symlinkSync(good, join(folder, "link"));
  assert.equal(await cacheWith(join(folder, "link")), null);
  const inside = join(dirname(dirname(launcher)), "cache");
  assert.equal(await cacheWith(inside), null);
  assert.ok(!existsSync(inside), "nothing is left in the checkout");
  assert.equal(await cacheWith(good, { NODE_COMPILE_CACHE: "" }), good);
});
