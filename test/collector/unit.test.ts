import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { requires, tool } from "../harness/require.ts";
import { SHIPPED } from "./expressions.ts";
import { confinementOf } from "./service/unit.ts";

const run = promisify(execFile);

test("systemd understands every line of the unit", requires(tool("systemd-analyze", "systemd")), async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "weir-unit-"));
  context.after(() => rm(directory, { recursive: true }));
  // It also looks whether the command is installed, which is not the question here.
  const unit = (await readFile(join(SHIPPED, "weir.service"), "utf8")).replace("ExecStart=weir", "ExecStart=/bin/true");
  const complaints = async (text: string): Promise<string> => {
    await writeFile(join(directory, "weir.service"), text);
    const { stderr } = await run("systemd-analyze", ["verify", join(directory, "weir.service")], { env: { ...process.env, LC_ALL: "C" } });
    return stderr
      .split("\n")
      .filter((line) => line.includes(directory))
      .join("\n");
  };
  assert.equal(await complaints(unit), "");
  assert.match(await complaints(unit.replace("UMask=", "UMaks=")), /UMaks/);
});

test("a directive that nobody tried with the agent is found", async () => {
  const unit = await readFile(join(SHIPPED, "weir.service"), "utf8");
  assert.equal(confinementOf(unit).refusal, "EPERM", "what is not foreseen fails, and does not kill the agent");
  assert.throws(() => confinementOf(unit.replace("[Service]\n", "[Service]\nMemoryDenyWriteExecute=yes\n")), /MemoryDenyWriteExecute/);
});
