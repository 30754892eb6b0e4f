/**
 * The file systems of the configuration and of a list stop answering while the agent runs: it says so, goes on with what it has
 * read, writes its own files, takes commands, and stops when it is told to.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { SilentFiles } from "../harness/silent-files.ts";

const LISTS = 5;
const PATIENCE_MS = 60_000;

for (const silence of ["lookup", "read"] as const) {
  test(`an agent whose configuration and lists stop answering "${silence}" goes on, and stops`, {
    ...requires(root(), tool("cc", "gcc")),
    timeout: 300_000,
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "weir-silent-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const [content, list] = [join(folder, "weir.yaml"), join(folder, "list")];
    await using lab = await makeLab();
    await using agent = await AgentHome.make(lab, "server");
    await using lists = await SilentFiles.mount(silence, list);
    await using files = await SilentFiles.mount(silence, content);
    writeFileSync(list, "192.0.2.1\n");
    const sets = Array.from({ length: LISTS }, (_, each) => `one${each}: { file: ${lists.file} }`).join(", ");
    const write = (rules: string): void => {
      const own = [
        "version: 1",
        `state_dir: ${agent.stateDirectory}`,
        `control_socket: ${agent.controlSocket}`,
        `audit: { path: ${agent.auditPath} }`,
      ];
      writeFileSync(content, `${own.join("\n")}\ninterfaces: { include: [eth0] }\nsets: { ${sets} }\nrules: [${rules}]\n`, { mode: 0o600 });
    };
    write("");
    symlinkSync(files.file, agent.configPath);
    await agent.restart();
    const rules = async (): Promise<number> => (await agent.status()).rules.loaded;
    const before = await rules();
    write("{ name: first, action: allow }");
    await eventually("a change is taken while it answers", async () => (await rules()) === before + 1, PATIENCE_MS);
    writeFileSync(list, "192.0.2.1\n192.0.2.2\n");
    await agent.auditLine(/ SET-FILE .*members=2/);

    files.fallSilent();
    lists.fallSilent();
    write("{ name: second, action: allow }, { name: third, action: allow }");
    writeFileSync(list, "192.0.2.1\n192.0.2.2\n192.0.2.3\n");
    for (const reason of [
      /weir\.yaml does not answer, so weir does not notice changes of the configuration/,
      /the file of the set one0 does not answer/,
    ]) {
      await eventually(
        `health says ${reason}`,
        async () => (await agent.status()).health.reasons.some((one) => reason.test(one)),
        PATIENCE_MS,
      );
    }
    const refused = await agent.attempt("reload");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /weir\.yaml does not answer; check its file system/);
    assert.equal(await rules(), before + 1, "what was in force stays so");
    await agent.weir("rule", "add", "--dst", "192.0.2.9", "--action", "block");
    assert.equal(await rules(), before + 2);
    await agent.weir("set", "add", "one0", "192.0.2.7");
    await agent.auditLine(/ RELOAD-FAILED .*does not answer/);
    await agent.auditLine(/ RULE-ADD /);
    assert.equal(await agent.stop(), 0);
    assert.match(await agent.audit(), / STOP /);
  });
}
