/** What `npm pack` makes is installed as anybody would, and works with neither TypeScript nor a compiler at hand. */

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

import { VERSION } from "../../agent/values/version.ts";
import { AgentHome } from "../harness/agent.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const run = promisify(execFile);

const CHECKOUT = join(import.meta.dirname, "../..");
/** What the package is made from: a copy of it, so that runs side by side do not meet in dist/. */
const SOURCES = [
  "agent",
  "audit",
  "collector",
  "config",
  "otel",
  "probes",
  "LICENSE",
  "README.md",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];
/** All that the launcher calls, and what enters a namespace. */
const TOOLS = ["dirname", "find", "id", "mkdir", "nsenter", "readlink", "sh", "uname"];

describe("the package", requires(root(), tool("npm", "npm"), tool("clang", "clang")), () => {
  let folder: string;
  let home: string;
  let weir: string;
  let tarball: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-package-"));
    const checkout = join(folder, "checkout");
    for (const name of SOURCES) await cp(join(CHECKOUT, name), join(checkout, name), { recursive: true });
    await cloneModules(checkout);
    await run("npm", ["pack", "--pack-destination", folder], { cwd: checkout, env: plainEnvironment() });
    tarball = join(folder, `weir-${VERSION}.tgz`);
    const prefix = join(folder, "prefix");
    const options = ["--global", "--prefix", prefix, "--ignore-scripts", "--omit=dev", "--prefer-offline", "--no-audit", "--no-fund"];
    await run("npm", ["install", ...options, tarball], { cwd: folder, env: plainEnvironment() });
    home = join(prefix, "lib/node_modules/weir");
    weir = join(prefix, "bin/weir");
    env = { ...plainEnvironment(), PATH: await fewTools(join(folder, "tools")), WEIR_CACHE: "none" };
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it("holds no TypeScript, and the objects beside their sources and licence", () => {
    const own = globSync("**", { cwd: home, exclude: ["node_modules"] });
    assert.deepEqual(
      own.filter((path) => path.endsWith(".ts")),
      [],
    );
    const sources = globSync("**/*.{c,h}", { cwd: join(CHECKOUT, "probes") });
    assert.ok(sources.length > 20, `${sources.length} sources`);
    const wanted = [
      ...sources,
      "LICENSE",
      "build.sh",
      ...sources.filter((name) => name.endsWith(".c")).map((name) => `build/${name.replace(/c$/, "o")}`),
    ];
    assert.deepEqual(
      wanted.filter((name) => !existsSync(join(home, "dist/probes", name))),
      [],
    );
    for (const name of ["README.md", "config/README.md", "agent/cli/view.svg", "LICENSE", "config/schema.json", "collector/compose.yaml"])
      assert.ok(existsSync(join(home, name)), name);
    assert.ok(!existsSync(join(home, "node_modules/typescript")), "nor are modules for development installed");
  });

  it("holds what runs beside the agent, which nothing imports", async () => {
    const wanted: string[] = [];
    for (const file of globSync("{agent,audit,otel}/**/*.ts", { cwd: CHECKOUT })) {
      for (const [, path] of (await readFile(join(CHECKOUT, file), "utf8")).matchAll(/new URL\(`(\.[^`$]+)\$\{extname\(/g))
        wanted.push(`dist/${join(dirname(file), path!)}.js`);
    }
    assert.ok(wanted.length > 2, wanted.join());
    assert.deepEqual(
      wanted.filter((path) => !existsSync(join(home, path))),
      [],
    );
  });

  it("is installed with the versions of the lockfile, of which npm has only those of the machine to fetch", async () => {
    const { packages } = JSON.parse(await readFile(join(CHECKOUT, "package-lock.json"), "utf8")) as {
      packages: Record<string, { version: string; dev?: boolean; optional?: boolean }>;
    };
    const wanted = Object.entries(packages).filter(([path, { dev, optional }]) => path !== "" && !dev && !optional);
    assert.ok(wanted.length > 50);
    const { stdout: listed } = await run("tar", ["-tzf", tarball], { maxBuffer: 16 << 20 });
    const files = new Set(listed.split("\n"));
    const fetched: string[] = [];
    for (const [path, { version }] of wanted) {
      const installed = JSON.parse(await readFile(join(home, path, "package.json"), "utf8")) as { version: string };
      assert.equal(installed.version, version, path);
      if (!files.has(`package/${path}/package.json`)) fetched.push(path);
    }
    assert.deepEqual(fetched, ["node_modules/koffi"], "which is of the machine, as Node.js is");
    for (const own of globSync("node_modules/{node-linux-*,@koromix/*}", { cwd: home })) {
      const installed = JSON.parse(await readFile(join(home, own, "package.json"), "utf8")) as { version: string };
      assert.equal(installed.version, packages[own]?.version, own);
    }
  });

  it("bundles all but what is of the machine", async () => {
    const { dependencies, bundleDependencies } = JSON.parse(await readFile(join(CHECKOUT, "package.json"), "utf8")) as {
      dependencies: object;
      bundleDependencies: string[];
    };
    assert.deepEqual(
      bundleDependencies,
      Object.keys(dependencies).filter((name) => name !== "koffi"),
    );
  });

  it("holds every file that its compose file mounts", async () => {
    const { stdout } = await run("grep", ["-oE", "\\./[a-z./]+", join(home, "collector/compose.yaml")]);
    const mounted = stdout.trim().split("\n");
    assert.ok(mounted.length > 4, stdout);
    assert.deepEqual(
      mounted.filter((path) => !existsSync(join(home, "collector", path))),
      [],
    );
  });

  it("explains itself, and checks its own examples", async () => {
    assert.equal((await run(weir, ["--version"], { env, cwd: "/" })).stdout, `weir ${VERSION}\n`);
    const { stdout } = await run(weir, ["--help"], { env, cwd: "/" });
    assert.match(stdout, /^Usage: weir COMMAND/);
    const examples = globSync("config/examples/*.yaml", { cwd: home });
    assert.ok(examples.length > 1);
    for (const example of examples) {
      const { stdout } = await run(weir, ["check", join(home, example)], { env, cwd: "/" });
      assert.match(stdout, /is valid: /);
    }
  });

  it("runs the agent", async () => {
    await using lab = await makeLab();
    await using agent = await AgentHome.make(lab, "server", weir);
    await agent.start({ config: "interfaces: { include: [eth0] }", env: { PATH: env["PATH"]!, WEIR_CACHE: "none" } });
    const status = await agent.status();
    assert.equal(status.pid, agent.pid);
    assert.equal(status.version, VERSION);
    assert.deepEqual(
      status.interfaces.map(({ name, ingress, egress }) => [name, ingress.hook !== "none", egress.hook !== "none"]),
      [["eth0", true, true]],
    );
    assert.equal(await agent.stop(), 0);
    assert.equal(existsSync(agent.pins), false);
  });
});

/** npm does not bundle what is reached through a symbolic link. Hard links cost nothing, where they are possible. */
async function cloneModules(checkout: string): Promise<void> {
  const [from, to] = [join(CHECKOUT, "node_modules"), join(checkout, "node_modules")];
  await run("cp", ["-al", from, to]).catch(() => run("cp", ["-aT", from, to]));
}

/** `npm test` hands its own settings on to every npm below it. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_(?!EXTRA_CA_CERTS$))/i.test(name)));
}

/** A PATH on which there is neither a compiler nor a Node.js. */
async function fewTools(folder: string): Promise<string> {
  await mkdir(folder);
  for (const name of TOOLS)
    await symlink(execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(), join(folder, name));
  return folder;
}
