import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseSession } from "../../agent/values/session.ts";
import { operatorSession } from "../../agent/cli/own-session.ts";

test("SSH_CONNECTION names the remote end and the local port", () => {
  assert.deepEqual(parseSession("203.0.113.5 51234 198.51.100.2 22"), { address: "203.0.113.5", remote_port: 51234, local_port: 22 });
  assert.deepEqual(parseSession("fe80::1%eth0 51234 fe80::2%eth0 2222"), { address: "fe80::1", remote_port: 51234, local_port: 2222 });
});

test("anything else is no session", () => {
  for (const text of [
    undefined,
    "",
    "203.0.113.5",
    "203.0.113.5 51234 198.51.100.2",
    "example.com 1 198.51.100.2 22",
    "203.0.113.5 0 198.51.100.2 22",
    "203.0.113.5 1 198.51.100.2 22 x",
    "203.0.113.5 x 198.51.100.2 22",
    "203.0.113.5 1 198.51.100.2 99999",
  ]) {
    assert.equal(parseSession(text), undefined, text);
  }
});

test("the nearest ancestor's session counts where sudo has removed the variable", () => {
  const proc = mkdtempSync(join(tmpdir(), "weir-proc-"));
  try {
    const plant = (pid: number, parent: number, command: string, environ: string) => {
      mkdirSync(join(proc, String(pid)));
      writeFileSync(join(proc, String(pid), "stat"), `${pid} (${command}) S ${parent} 1 1 0 -1`);
      writeFileSync(join(proc, String(pid), "environ"), environ);
    };
    plant(300, 200, "sudo", "PATH=/bin\0");
    plant(200, 100, "a) S 1 (b", "HOME=/home/op\0SSH_CONNECTION=203.0.113.5 51234 198.51.100.2 22\0LANG=C\0");
    plant(100, 1, "sshd", "SSH_CONNECTION=192.0.2.1 1 192.0.2.2 22\0");
    plant(400, 500, "cron", "PATH=/bin\0");
    assert.deepEqual(operatorSession({}, 300, proc), { address: "203.0.113.5", remote_port: 51234, local_port: 22 });
    assert.equal(operatorSession({}, 400, proc), undefined, "500 has ended");
    assert.equal(operatorSession({}, 1, proc), undefined);
    assert.equal(operatorSession({ SSH_CONNECTION: "198.51.100.9 7 198.51.100.2 22" }, 300, proc)?.address, "198.51.100.9");
  } finally {
    rmSync(proc, { recursive: true });
  }
});
