/** Root calls npm in a checkout that another user owns. npm exports root's own settings to the scripts that it runs. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

import { ControlClient } from "../../agent/api/client.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const run = promisify(execFile);
const CHECKOUT = join(import.meta.dirname, "../..");
const SOURCES = ["agent", "audit", "collector", "config", "otel", "probes", "test", "package.json", "package-lock.json", "tsconfig.json"];
/** The owner of the checkout is in no list of users, and so has no home. */
const OWNER = 54321;

describe(
  "the set-up in a checkout of somebody else",
  requires(root(), tool("npm", "npm"), tool("clang", "clang"), tool("setpriv", "util-linux")),
  () => {
    let folder: string;
    let checkout: string;
    let rootHome: string;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "weir-set-up-"));
      await run("chmod", ["755", folder]);
      checkout = join(folder, "checkout");
      for (const name of SOURCES) await cp(join(CHECKOUT, name), join(checkout, name), { recursive: true });
      rmSync(join(checkout, "probes/build"), { recursive: true });
      await run("chown", ["-R", `${OWNER}:${OWNER}`, checkout]);
      rootHome = join(folder, "root");
      mkdirSync(rootHome, { mode: 0o700 });
      writeFileSync(join(rootHome, ".npmrc"), "fund=false\n", { mode: 0o600 });
    });

    after(() => rm(folder, { recursive: true, force: true }));

    /** The environment is as sudo leaves it, which sets HOME to root's. */
    const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => {
      const plain = Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_(registry|cafile))|NODE_(?!EXTRA))/i.test(name));
      const options = {
        npm_config_cache: join(rootHome, "cache"),
        npm_config_prefix: join(rootHome, "prefix"),
        npm_config_userconfig: join(rootHome, ".npmrc"),
      };
      return { ...Object.fromEntries(plain), HOME: rootHome, SUDO_UID: String(OWNER), SUDO_GID: String(OWNER), ...options, ...more };
    };
    const notOf = async (uid: number, where: string): Promise<string> => (await run("find", [where, "!", "-uid", String(uid)])).stdout;

    it("hands the settings of registries on, and keeps the owner's downloads in his home", async () => {
      const [home, users] = [join(folder, "home"), join(folder, "passwd")];
      mkdirSync(home);
      chownSync(home, OWNER, OWNER);
      writeFileSync(users, `root:x:0:0::${rootHome}:/bin/sh\nowner:x:${OWNER}:${OWNER}::${home}:/bin/sh\n`);
      const asked: string[] = [];
      await using registry = createServer((request, response) => {
        asked.push(`${request.headers["user-agent"]}`);
        response.writeHead(404).end();
      }).listen(0, "127.0.0.1");
      await once(registry, "listening");
      const npm_config_registry = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;

      const inside = ["--mount", "sh", "-c", `mount --bind ${users} /etc/passwd && exec npm run setup`];
      const complaint = (): Promise<string> =>
        run("unshare", inside, { cwd: checkout, env: environment({ npm_config_registry }) }).then(
          () => "",
          (error: { stderr: string }) => error.stderr,
        );
      assert.match(await complaint(), /404/);
      assert.ok(
        asked.some((agent) => agent.startsWith("npm/")),
        asked.join(),
      );
      assert.ok(existsSync(join(home, ".npm")));
      assert.equal(await notOf(OWNER, home), "");
      assert.equal(await notOf(0, rootHome), "");
      assert.equal(await notOf(OWNER, checkout), "");

      // An npm that root called with the owner's HOME has left files there.
      await run("chown", ["-R", "0:0", join(home, ".npm")]);
      asked.length = 0;
      assert.match(await complaint(), /404/);
      assert.ok(asked.length > 0);
      assert.equal(await notOf(0, join(home, ".npm")), "");
    });

    it("makes everything the owner's, who needs no home, and leaves root's folders to root", async () => {
      await run("npm", ["run", "setup"], { cwd: checkout, env: environment() });
      assert.ok(existsSync(join(checkout, "node_modules/.weir-lock")));
      assert.ok(existsSync(join(checkout, "probes/build/stamp")));
      assert.equal(await notOf(OWNER, checkout), "");
      assert.equal(await notOf(0, rootHome), "");
      const { stdout } = await run("npm", ["run", "setup"], { cwd: checkout, env: environment() });
      assert.doesNotMatch(stdout, /^set-up: (installing|building)/m, "the second call has nothing to do");
    });

    it("runs tests by npm, which leave nothing in the checkout", async () => {
      await run("npm", ["test", "--", "test/imports.test.ts"], { cwd: checkout, env: environment() });
      assert.equal(await notOf(OWNER, checkout), "");
      assert.equal(await notOf(0, rootHome), "");
    });

    it("starts the agent by npm, which is root's, and nothing in the checkout is", async () => {
      await using lab = await makeLab();
      const [config, socket] = [join(folder, "weir.yaml"), join(folder, "control.sock")];
      writeFileSync(
        config,
        `version: 1\nstate_dir: ${join(folder, "state")}\ncontrol_socket: ${socket}\naudit: { path: ${join(folder, "audit.log")} }\ninterfaces: { include: [eth0] }\n`,
      );
      const child = lab.spawn("server", ["npm", "start", "--", "--no-view", "--config", config], {
        cwd: checkout,
        env: environment({ WEIR_CACHE: join(folder, "compiled") }),
        stdio: ["ignore", "ignore", "pipe"],
      });
      let said = "";
      child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
      const status = await eventually(
        "the agent answers",
        async () => {
          if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}:\n${said}`);
          return new ControlClient(socket).status().catch(() => undefined);
        },
        60_000,
      );
      assert.equal(status.mode, "detect");
      assert.match(readFileSync(`/proc/${status.pid}/status`, "utf8"), /^Uid:\s+0\s/m);
      const gone = once(child, "exit");
      process.kill(status.pid, "SIGTERM");
      await gone;
      assert.equal(await notOf(OWNER, checkout), "");
      assert.equal(await notOf(0, rootHome), "");
    });
  },
);
