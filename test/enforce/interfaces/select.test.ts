import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { chooseIngress, chooseInterface, type DeviceFacts } from "../../../agent/enforce/interfaces/select.ts";
import type { InterfacesConfig } from "../../../config/types.ts";

const nic: DeviceFacts = {
  ifindex: 2,
  name: "eth0",
  loopback: false,
  ethernet: true,
  kind: undefined,
  masterKind: undefined,
  hasAddress: true,
  driver: "e1000e",
  mergesOnReceive: false,
};
const config: InterfacesConfig = { include: ["*"], exclude: ["lo"], ingress: "auto", egress: true, offload: false, overrides: [] };

describe("which interfaces are watched", () => {
  const watched = (device: Partial<DeviceFacts>, change: Partial<InterfacesConfig> = {}): boolean =>
    chooseInterface({ ...nic, ...device }, { ...config, ...change }).watch;

  it("takes an ordinary device for `*`", () => assert.equal(watched({}), true));
  it("leaves out what is excluded, though it is included too", () =>
    assert.equal(watched({}, { include: ["eth0"], exclude: ["eth*"] }), false));
  it("leaves out what no pattern names", () => assert.equal(watched({}, { include: ["wlan*"] }), false));
  it("leaves loopback out of `*` and takes it by name", () => {
    assert.equal(watched({ name: "lo", loopback: true }, { exclude: [] }), false);
    assert.equal(watched({ name: "lo", loopback: true }, { exclude: [], include: ["lo"] }), true);
  });
  it("leaves ports of bridges and members of bonds out of `*`", () => {
    assert.equal(watched({ masterKind: "bridge" }), false);
    assert.equal(watched({ masterKind: "bond" }), false);
    assert.equal(watched({ masterKind: "bridge" }, { include: ["eth0"] }), true);
  });
  it("leaves ifb devices out of `*`, which carry what another one redirects", () => {
    assert.equal(watched({ kind: "ifb" }), false);
    assert.equal(watched({ kind: "ifb" }, { include: ["eth*"] }), true);
  });
  it("leaves a veth without an address out of `*`, and takes one with an address", () => {
    assert.equal(watched({ kind: "veth", hasAddress: false }), false);
    assert.equal(watched({ kind: "veth", hasAddress: true }), true);
  });
});

describe("the ingress hook", () => {
  const hook = (device: Partial<DeviceFacts>, change: Partial<InterfacesConfig> = {}): string =>
    chooseIngress({ ...nic, ...device }, { ...config, ...change }).hook;

  it("is TC in auto for a driver that may reset its rings", () => assert.equal(hook({}), "tc"));
  it("is XDP in auto for virtio_net without receive offload, and TC with it", () => {
    assert.equal(hook({ driver: "virtio_net" }), "xdp");
    assert.equal(hook({ driver: "virtio_net", mergesOnReceive: true }), "tc");
  });
  it("is TC in auto for veth, and XDP when asked for", () => {
    assert.equal(hook({ kind: "veth" }), "tc");
    assert.equal(hook({ kind: "veth" }, { ingress: "xdp" }), "xdp");
  });
  it("is TC on a device without Ethernet frames even when XDP is asked for", () =>
    assert.equal(hook({ ethernet: false }, { ingress: "xdp" }), "tc"));
  it("follows the first override that fits the name", () => {
    const overrides = [
      { name: "eth*", ingress: "xdp" as const },
      { name: "eth0", ingress: "tcx" as const },
    ];
    assert.equal(hook({}, { overrides }), "xdp");
    assert.equal(hook({ name: "wlan0" }, { overrides }), "tc");
  });
  it("always says why", () => assert.match(chooseIngress({ ...nic, kind: "veth" }, config).reason, /segmentation offload/));
});
