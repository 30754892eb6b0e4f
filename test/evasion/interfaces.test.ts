/** A device whose index falls on another's place is not taken for that one. */

import assert from "node:assert/strict";
import { describe, it, test } from "node:test";

import { Limit } from "../../agent/generated/layout.ts";
import { u32 } from "../../agent/kernel/maps.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { Ethernet, frame, IPv4, payload, UDP } from "../harness/packet.ts";
import { openPinnedTable } from "../harness/pinned-table.ts";
import { requires, root } from "../harness/require.ts";
import { Receiver } from "../e2e/receiver.ts";

const PORT = 9009;
const EARLY = 1001;
/** Indexes that share a place, and the names of their devices. */
const SHARING = { early: EARLY, late: EARLY + Limit.INTERFACE_PLACES, later: EARLY + 2 * Limit.INTERFACE_PLACES } as const;
type Name = keyof typeof SHARING;

const ADDRESS: Record<Name, string> = { early: "10.0.1.1", late: "10.0.2.1", later: "10.0.3.1" };

/** A veth whose both ends are the server's. The far end has no address, so that it is not watched. */
async function add(lab: Lab, name: Name): Promise<void> {
  await lab.exec(
    "server",
    "sh",
    "-c",
    [
      `ip link add ${name} index ${SHARING[name]} type veth peer name ${name}-far index ${SHARING[name] + 1}`,
      `ip address add ${ADDRESS[name]}/24 dev ${name}`,
      `ip link set ${name} up`,
      `ip link set ${name}-far up`,
    ].join(" && "),
  );
}

describe("devices whose indexes share a place", requires(root()), () => {
  for (const ingress of ["tcx", "xdp"] as const) {
    it(`${ingress}: a rule by interface holds for the one that it names, whichever came first`, async () => {
      await using lab = await makeLab();
      const receiver = await Receiver.open(lab, "server", { udp: [PORT] });
      await add(lab, "early");
      await using agent = await AgentHome.make(lab, "server");
      await agent.start({
        config: `
mode: prevent
interfaces: { include: [early, late, later], ingress: ${ingress} }
rules:
  - { name: not-by-late, action: block, enforce: true, direction: ingress, interfaces: [late], layer4: { protocol: udp, destination_ports: [${PORT}] } }
`,
      });
      await add(lab, "late");
      await add(lab, "later");
      const watched = async (): Promise<boolean> =>
        (await agent.status()).interfaces.filter(({ ingress }) => ingress.hook !== "none").length === 3;
      await eventually("all are watched", watched);
      await lab.exec("server", "sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");

      const send = async (name: Name, text: string): Promise<void> => {
        const [link] = JSON.parse(await lab.exec("server", "ip", "-j", "link", "show", name)) as { address: string }[];
        await using wire = await lab.wire(`server:${name}-far`);
        await wire.send(
          frame(
            Ethernet({ dst: link!.address }),
            IPv4({ src: ADDRESS[name].replace(/1$/, "9"), dst: ADDRESS[name] }),
            UDP({ dport: PORT }),
            payload(text),
          ),
        );
      };
      const round = async (text: string): Promise<string[]> => {
        for (const name of ["late", "early", "later"] as const) await send(name, `${text} ${name}`);
        await receiver.arrival(`${text} later`);
        return (await receiver.texts()).filter((one) => one.startsWith(`${text} `));
      };
      assert.deepEqual(await round("first"), ["first early", "first later"]);

      assert.equal(await agent.stop("SIGKILL"), null);
      assert.deepEqual(await round("orphaned"), ["orphaned early", "orphaned later"]);
      await agent.restart();
      await eventually("all are watched again", watched);
      assert.deepEqual(await round("adopted"), ["adopted early", "adopted later"]);

      await lab.exec("server", "ip", "link", "delete", "early");
      await eventually("early is forgotten", async () => (await agent.status()).interfaces.length === 2);
      await add(lab, "early");
      await eventually("early is back", watched);
      assert.deepEqual(await round("back"), ["back early", "back later"]);
      assert.deepEqual((await agent.status()).faults, {});
      // Interfaces that come and go degrade the health for a moment.
      await eventually("the agent is well again", async () => (await agent.status()).health.state === "ok");
    });
  }
});

test("a device that the kernel's table does not have is undecided, and its frames are not guessed at", requires(root()), async () => {
  await using lab = await makeLab();
  const receiver = await Receiver.open(lab, "server", { udp: [PORT] });
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({
    config: `
mode: prevent
interfaces: { include: [eth0] }
defaults: { on_error: { ingress: block } }
rules:
  - { name: all, action: allow, direction: ingress }
`,
  });
  const [from, to] = [lab.end("client:eth0"), lab.end("server:eth0")];
  const send = async (text: string): Promise<void> => {
    await using wire = await lab.wire("client:eth0");
    await wire.send(
      frame(Ethernet({ src: from.mac, dst: to.mac }), IPv4({ src: from.ipv4, dst: to.ipv4 }), UDP({ dport: PORT }), payload(text)),
    );
  };
  const [{ ifindex }] = JSON.parse(await lab.exec("server", "ip", "-j", "link", "show", "eth0")) as [{ ifindex: number }];
  const table = openPinnedTable(agent.pins, "interfaces");
  const entry = table.lookup(u32(ifindex))!;
  table.update(u32(ifindex), Buffer.alloc(table.valueBytes));
  await send("unknown");
  table.update(u32(ifindex), entry);
  table.close();
  await send("known");
  await receiver.arrival("known");
  assert.deepEqual(await receiver.texts(), ["known"]);
  const { undecided, faults } = await agent.status();
  assert.equal((undecided["interface_unknown"] ?? 0) > 0, true);
  assert.equal((faults["interface_unknown"] ?? 0) > 0, true);
});
