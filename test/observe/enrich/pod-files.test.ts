import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { podFiles } from "../../../agent/observe/enrich/pod-files.ts";

const ID = "c".repeat(64);
const UID = "74c13223-5a00-11e9-b385-42010a80018d";
const STATIC_UID = "89f4f2cb511c3b0b7e5272cff5ec37bf";

function makeLogs(t: TestContext, pods: string[], containers: string[]): string {
  const logs = mkdtempSync(join(tmpdir(), "weir-logs-"));
  t.after(() => rmSync(logs, { recursive: true }));
  for (const folder of pods) mkdirSync(join(logs, "pods", folder), { recursive: true });
  mkdirSync(join(logs, "containers"));
  for (const file of containers) symlinkSync("/nonexistent", join(logs, "containers", file));
  return logs;
}

const ask = (logs: string) => podFiles(logs).ask(undefined, new AbortController().signal);

test("pods and containers are read off the names of their logs, which nobody opens", async (t) => {
  const logs = makeLogs(
    t,
    [`shop_web-0.blue_${UID}`, `kube-system_kube-apiserver-node1_${STATIC_UID}`],
    [`web-0.blue_shop_nginx-${ID}.log`],
  );
  assert.deepEqual(Object.fromEntries(await ask(logs)), {
    [`pod:${UID}`]: { pod: { name: "web-0.blue", namespace: "shop" } },
    [`pod:${STATIC_UID}`]: { pod: { name: "kube-apiserver-node1", namespace: "kube-system" } },
    [ID]: { container: { name: "nginx" }, pod: { name: "web-0.blue", namespace: "shop" } },
  });
});

test("other files are passed over", async (t) => {
  const logs = makeLogs(
    t,
    ["lost+found", `shop_web_${UID}_x`, `Shop_web_${UID}`, `shop_web_${UID.toUpperCase()}`],
    ["web.log", `web_shop_nginx-${ID}.log.1`, `web_shop_nginx-${ID.slice(1)}.log`, `we b_shop_nginx-${ID}.log`],
  );
  assert.equal((await ask(logs)).size, 0);
});

test("a host that is no node of a cluster has none", async () => {
  assert.equal((await ask("/nonexistent")).size, 0);
});
