/** `weir check` says where answers would be undecided, and only there. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { warnOfUnknownOpeners } from "../../../agent/enforce/interfaces/unknown-openers.ts";
import { defaultConfig } from "../../../config/defaults.ts";
import type { InterfacesConfig } from "../../../config/types.ts";
import { makeLab } from "../../harness/netns.ts";
import { requires, root } from "../../harness/require.ts";

const config = (more: Partial<InterfacesConfig>): InterfacesConfig => ({ ...defaultConfig().interfaces, ...more });

test("all that is watched both ways is warned of nowhere, and neither is one interface that is not", () => {
  assert.deepEqual(warnOfUnknownOpeners(config({}), ["eth0", "eth1", "eth2"]), []);
  assert.deepEqual(warnOfUnknownOpeners(config({ include: ["eth0"] }), ["eth0", "eth1"]), []);
});

test("two interfaces that are not watched, and egress that is off, are warned of", () => {
  assert.match(warnOfUnknownOpeners(config({ include: ["eth0"] }), ["eth0", "eth1", "eth2"]).join(), /"eth1" and "eth2" are not watched/);
  assert.match(
    warnOfUnknownOpeners(config({ exclude: ["eth1", "eth2"] }), ["eth0", "eth1", "eth2"]).join(),
    /"eth1" and "eth2" are not watched/,
  );
  assert.match(
    warnOfUnknownOpeners(
      config({ include: ["eth0"] }),
      Array.from({ length: 9 }, (_, n) => `eth${n}`),
    ).join(),
    /"eth5" and 3 more are not watched/,
  );
  assert.match(warnOfUnknownOpeners(config({ egress: false }), ["eth0"]).join(), /interfaces\.egress is false/);
});

test("check says so on a host that forwards, and not on one that does not", requires(root()), async () => {
  await using lab = await makeLab({ namespaces: ["router", "peer"], links: [{ from: "router:eth0", to: "peer:eth0" }] });
  const folder = await mkdtemp(join(tmpdir(), "weir-check-"));
  try {
    const file = join(folder, "weir.yaml");
    await writeFile(file, "version: 1\ninterfaces: { egress: false }\n", { mode: 0o600 });
    const check = async (): Promise<string> => (await lab.attempt("router", "agent/weir", "check", file)).stderr;
    assert.doesNotMatch(await check(), /forwards/);
    await lab.exec("router", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
    assert.match(await check(), /warning: .*which forwards packets: interfaces\.egress is false/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
