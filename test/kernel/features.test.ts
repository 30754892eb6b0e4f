import assert from "node:assert/strict";
import { release } from "node:os";
import { describe, it } from "node:test";

import { probeFeatures } from "../../agent/kernel/features.ts";
import { makeLab } from "../harness/netns.ts";
import { inNamespace } from "./support.ts";

const [major, minor] = release().split(".").map(Number) as [number, number];

describe("a feature probe", () => {
  it("finds what every supported kernel has", () => {
    const { tcx: _, ...always } = probeFeatures();
    for (const [name, feature] of Object.entries(always)) assert.deepEqual(feature, { state: "available", reason: "" }, name);
  });

  it("finds TCX exactly on the kernels that have it", () => {
    const { tcx } = probeFeatures();
    assert.equal(tcx.state, major > 6 || (major === 6 && minor >= 6) ? "available" : "missing");
    assert.equal(tcx.reason === "", tcx.state === "available");
  });

  it("tells a device with native XDP from one without, and from one that is not there", async () => {
    await using lab = await makeLab();
    const inside = inNamespace(
      lab,
      "client",
      `
      for (const where of [device("eth0"), device("lo"), { ifindex: 9999, name: "gone" }]) say(features.probeNativeXdp(where));
      say(device("eth0").xdp ?? "detached again");
    `,
    );
    assert.equal((await inside.next()).state, "available");
    const missing = await inside.next();
    assert.equal(missing.state, "missing");
    assert.match(missing.reason, /the driver has no native XDP \(EOPNOTSUPP\); set ingress: tcx/);
    assert.equal((await inside.next()).state, "inconclusive");
    assert.equal(await inside.next(), "detached again");
  });

  it("cannot tell without the rights to try", async () => {
    await using lab = await makeLab({ namespaces: ["one"], links: [] });
    const inside = inNamespace(lab, "one", `process.setgid(65534); process.setuid(65534); say(features.probeFeatures().tcx);`);
    const tcx = await inside.next();
    assert.equal(tcx.state, "inconclusive");
    assert.match(tcx.reason, /permission denied \(EPERM\): run weir as root/);
  });
});
