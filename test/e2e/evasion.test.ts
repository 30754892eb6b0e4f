/** A blocked datagram reaches no socket, however it is written; its allowed twin does, where Linux takes such a one. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { Ethernet, frame, IPv4, payload, UDP } from "../harness/packet.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";
import { TAGS, type Trick, tricks, VXLAN_DEVICE } from "./tricks.ts";

const here = requires(root(), tool("ip", "iproute2"));

const [BLOCKED, ALLOWED, END] = [9009, 9010, 9011];

/** Gives the receiver what it needs to open every trick; answers the kinds of devices that this kernel has. */
async function addDevices(lab: Lab): Promise<Set<string>> {
  const kinds = new Set<string>();
  const add = async (kind: string, name: string, how: string): Promise<void> => {
    if ((await lab.attempt("server", "sh", "-c", `ip link add ${how} && ip link set ${name} up`)).code === 0) kinds.add(kind);
  };
  const { ipv4: local } = lab.end("server:eth0");
  const { ipv4: remote } = lab.end("client:eth0");
  for (const [index, tag] of TAGS.entries())
    await add("vlan", `tag${tag}`, `link ${index === 0 ? "eth0" : `tag${TAGS[index - 1]}`} name tag${tag} type vlan id ${tag}`);
  await add(
    "vxlan",
    "in-vxlan",
    `in-vxlan address ${VXLAN_DEVICE.mac} type vxlan id ${VXLAN_DEVICE.vni} dstport 4789 local ${local} remote ${remote} dev eth0`,
  );
  await add("vxlan-gpe", "in-gpe", "in-gpe type vxlan external gpe dstport 4790");
  for (const kind of ["ipip", "sit", "gre"]) await add(kind, `in-${kind}`, `in-${kind} type ${kind} local ${local} remote ${remote}`);
  // Each of them takes what is for the addresses of eth0.
  await lab.exec("server", "sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
  return kinds;
}

describe("tricks", { ...here, concurrency: 2 }, () => {
  for (const hook of ["tcx", "xdp"] as const) {
    it(`${hook}: what is blocked never arrives in prevent, and everything does in detect`, async () => {
      await using lab = await makeLab();
      const kinds = await addDevices(lab);
      const receiver = await Receiver.open(lab, "server", { udp: [BLOCKED, ALLOWED, END] });
      await using agent = await AgentHome.make(lab, "server");
      await agent.start({
        config: `
interfaces: { include: [eth0], ingress: ${hook} }
defaults: { on_error: { ingress: block } }
events_per_second: 100000
rules:
  - { name: no-udp, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: [${BLOCKED}] } }
`,
      });
      const [from, to] = [lab.end("client:eth0"), lab.end("server:eth0")];
      const wire = await lab.wire("client:eth0");
      const all = tricks(from, to);
      const arrives = ({ arrives }: Trick): boolean => (typeof arrives === "string" ? kinds.has(arrives) : arrives);
      const text = (mode: string, what: string, { name }: Trick): string => `${mode} ${what}: ${name}`;
      let sent = 0;

      for (const mode of ["detect", "prevent"]) {
        await agent.weir("mode", mode);
        for (const trick of all) {
          for (const [what, port] of [
            ["blocked", BLOCKED],
            ["allowed", ALLOWED],
          ] as const) {
            await wire.send(...trick.frames({ id: ++sent, port, text: text(mode, what, trick) }));
          }
        }
        const expected = all.filter(arrives).flatMap((trick) => {
          if (mode === "detect") return [text(mode, "blocked", trick), text(mode, "allowed", trick)];
          return trick.undecided === undefined ? [text(mode, "allowed", trick)] : [];
        });
        await wire.send(
          frame(
            Ethernet({ src: from.mac, dst: to.mac }),
            IPv4({ src: from.ipv4, dst: to.ipv4 }),
            UDP({ dport: END }),
            payload(`${mode} end`),
          ),
        );
        await receiver.arrival(`${mode} end`);
        const got = (await receiver.texts()).filter((one) => one.startsWith(`${mode} `) && one !== `${mode} end`);
        assert.deepEqual(got.sort(), expected.sort());
        const { counters, undecided, faults } = await agent.status();
        assert.deepEqual(Object.keys(undecided).sort(), [...new Set(all.flatMap((trick) => trick.undecided ?? []))].sort());
        assert.deepEqual(faults, {});
        assert.equal(counters.packets.dropped > 0, mode === "prevent");
      }
    });
  }
});
