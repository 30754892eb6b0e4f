/** Before a switch to prevent the operator hears of a session whose outer packets no failsafe speaks for. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { type Lab, makeLab, type Outcome } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";

const WEIR = join(import.meta.dirname, "../../agent/weir");

/** `weir mode`, from a session with this peer. Nobody answers it, so that all it says comes before the switch. */
function switchTo(lab: Lab, mode: string, peer: string): Promise<Outcome> {
  return lab.attempt(
    "server",
    "env",
    `SSH_CONNECTION=${peer} 51234 192.0.2.1 22`,
    WEIR,
    "mode",
    mode,
    "--socket",
    "/nonexistent/control.sock",
  );
}

test(
  "a session that comes by a VPN is told of before the switch to prevent, and no other",
  requires(root(), existsSync("/dev/net/tun") ? undefined : "there is no /dev/net/tun"),
  async () => {
    await using lab = await makeLab();
    const { ipv4: remote, ipv6: remote6 } = lab.end("client:eth0");
    await using _vpn = await lab.tun("server:tun0");
    await lab.exec(
      "server",
      "sh",
      "-c",
      [
        "ip address add 10.8.0.1/24 dev tun0",
        "ip address add fd08::1/64 dev tun0 nodad",
        "ip link set tun0 up",
        `ip link add vx0 type vxlan id 7 dstport 4789 remote ${remote}`,
        "ip address add 10.7.0.1/24 dev vx0",
        "ip link set vx0 up",
        `ip link add vx1 type vxlan id 7 dstport 6081 remote ${remote}`,
        "ip address add 10.9.0.1/24 dev vx1",
        "ip link set vx1 up",
        "ip link add br0 type bridge",
        "ip link add vx2 type vxlan id 8 dstport 6081 remote 192.0.2.9",
        "ip link set vx2 master br0",
        "ip link set vx2 up",
        "ip address add 10.10.0.1/24 dev br0",
        "ip link set br0 up",
        `ip link add vx3 type vxlan id 7 dstport 14789 remote ${remote}`,
        "ip address add 10.11.0.1/24 dev vx3",
        "ip link set vx3 up",
      ].join(" && "),
    );
    for (const [peer, device] of [
      ["10.8.0.2", "tun0 \\(tun\\)"],
      ["fd08::2", "tun0 \\(tun\\)"],
      ["10.9.0.2", "vx1 \\(vxlan\\)"],
      ["10.10.0.2", "vx2 \\(vxlan\\)"],
    ] as const) {
      const { stderr } = await switchTo(lab, "prevent", peer);
      assert.match(stderr, new RegExp(`^Your session from ${peer} comes by ${device}\\. .*failsafe\\.addresses`), peer);
      assert.doesNotMatch((await switchTo(lab, "detect", peer)).stderr, /Your session from/, `${peer}, to detect`);
    }
    for (const peer of [remote, remote6, "10.7.0.2", "10.11.0.2", "203.0.113.9"])
      assert.doesNotMatch((await switchTo(lab, "prevent", peer)).stderr, /Your session from/, peer);
  },
);
