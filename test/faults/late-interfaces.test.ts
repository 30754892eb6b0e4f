/** Devices that appear while the agent runs: it is there before they carry anything, or says how much they carried by then. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import type { InterfaceState } from "../../agent/observe/events/snapshot.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

/** Sends so many frames that nobody answers by each device, then says that it is done. */
const SEND = `
my ($count, @devices) = @ARGV;
for my $device (@devices) {
  socket(my $s, 17, SOCK_RAW, 0) or die "socket: $!";
  open(my $file, "<", "/dev/null");
  my $ifr = pack("a16 x24", $device);
  ioctl($s, 0x8933, $ifr) or die "$device: $!";
  my $place = pack("S n i S C C a8", 17, 0x88b5, unpack("x16 i", $ifr), 0, 0, 6, "");
  send($s, pack("H*", "020000000001" . "020000000002" . "88b5" . "00" x 50), 0, $place) or die "send: $!" for 1 .. $count;
}
`;
const FRAMES = 40;

describe("a device that appears while the agent runs", requires(root(), tool("perl", "perl-base")), () => {
  let lab: Lab;
  let agent: AgentHome;

  before(async () => {
    lab = await makeLab();
    // Nothing but the frames of the test.
    await lab.exec("server", "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1");
    agent = await AgentHome.make(lab, "server");
    await agent.start({ config: "interfaces: { include: [eth0, 'late*'], ingress: tcx }" });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const shell = (script: string): Promise<string> => lab.exec("server", "sh", "-ec", script);
  /** From the far end, and from the near one. */
  const send = (name: string): string => `perl -MSocket -e '${SEND}' ${FRAMES} far-${name} ${name}`;

  async function stateOf(name: string): Promise<InterfaceState> {
    return eventually(`${name} is watched`, async () => {
      const { interfaces } = await agent.status();
      const found = interfaces.find((one) => one.name === name);
      return found?.ingress.hook !== "none" && found?.egress.hook !== "none" && found;
    });
  }

  /** What the programs counted, and what the device did. */
  async function countsOf(name: string, direction: "ingress" | "egress"): Promise<{ seen: number; device: number }> {
    const { traffic } = await agent.status();
    const seen = traffic
      .filter((cell) => cell.interface === name && cell.direction === direction)
      .reduce((sum, cell) => sum + cell.packets, 0);
    const [link] = JSON.parse(await lab.exec("server", "ip", "-j", "-s", "link", "show", name)) as {
      stats64: Record<"rx" | "tx", { packets: number }>;
    }[];
    return { seen, device: link!.stats64[direction === "ingress" ? "rx" : "tx"].packets };
  }

  async function unseenMetric(): Promise<number> {
    return [...(await agent.weir("metrics")).matchAll(/^weir_packets_unseen_total\{.*\} (\d+)$/gm)].reduce(
      (sum, [, packets]) => sum + Number(packets),
      0,
    );
  }

  async function allAccountedFor(name: string): Promise<InterfaceState> {
    const state = await stateOf(name);
    for (const direction of ["ingress", "egress"] as const) {
      const { seen, device } = await countsOf(name, direction);
      assert.equal(seen + state.unseen[direction], device, `${direction} on ${name}: ${seen} seen, ${state.unseen[direction]} not`);
    }
    return state;
  }

  for (const pause of [0, 0.05, 0.5]) {
    it(`is watched, or its packets before that are told, when it is up ${pause * 1000} ms later`, async () => {
      const name = `late${pause * 1000}`;
      await shell(
        `ip link add ${name} type veth peer name far-${name}; sleep ${pause}; ip link set ${name} up; ip link set far-${name} up; ${send(name)}`,
      );
      await allAccountedFor(name);
    });
  }

  it("is watched before the first packet where it is set up after that, and nothing is told of it", async () => {
    const [name, before] = ["late-calm", await unseenMetric()];
    await shell(`ip link add ${name} type veth peer name far-${name}`);
    await stateOf(name);
    await shell(`ip link set ${name} up; ip link set far-${name} up; ${send(name)}`);
    assert.deepEqual((await allAccountedFor(name)).unseen, { ingress: 0, egress: 0 });
    assert.equal(await unseenMetric(), before);
    assert.doesNotMatch(await agent.auditLine(new RegExp(` ATTACH interface=${name} direction=ingress`)), /unseen/);
    assert.doesNotMatch(await agent.weir("status"), new RegExp(`${name}.*passed before`));
  });

  /** Until then a device throws away what it is to send. */
  const waitFor = (...names: string[]): string =>
    names.map((name) => `until ip link show ${name} | grep -q "state UP"; do sleep 0.01; done`).join("; ");

  /** While the agent is held, exactly these frames pass. */
  async function unwatched(script: string): Promise<void> {
    process.kill(agent.pid, "SIGSTOP");
    try {
      await shell(script);
    } finally {
      process.kill(agent.pid, "SIGCONT");
    }
  }

  it("is told with exactly what its own counters say, when it is made and up in one go", async () => {
    const [name, before] = ["late-quick", await unseenMetric()];
    await unwatched(
      `ip link add ${name} up type veth peer name far-${name}; ip link set far-${name} up; ${waitFor(name, `far-${name}`)}; ${send(name)}`,
    );
    const state = await allAccountedFor(name);
    assert.deepEqual(state.unseen, { ingress: FRAMES, egress: FRAMES });
    assert.equal(await unseenMetric(), before + 2 * FRAMES);
    for (const direction of ["ingress", "egress"])
      assert.match(
        await agent.auditLine(new RegExp(` ATTACH interface=${name} direction=${direction}`)),
        new RegExp(` unseen=${FRAMES}\\b`),
      );
    assert.match(await agent.weir("status"), new RegExp(`${name}.*${2 * FRAMES} packets passed before it was watched`));
    assert.match(agent.said, /watched, after packets had passed/);
  });

  it("that comes from another namespace is told with what it carried here, and that gets its name later with what it carried since", async () => {
    await lab.exec(
      "client",
      "sh",
      "-ec",
      `ip link add late-moved type veth peer name far-late-moved; ip link set late-moved up; ip link set far-late-moved up; ${waitFor("late-moved", "far-late-moved")}; ${send("late-moved")}`,
    );
    const move = ["late-moved", "far-late-moved"]
      .map((device) => `nsenter --net=${lab.path("client")} ip link set ${device} netns ${lab.name("server")}`)
      .join("; ");
    await unwatched(
      `${move}; ip link set late-moved up; ip link set far-late-moved up; ${waitFor("late-moved", "far-late-moved")}; ${send("late-moved")}`,
    );
    assert.deepEqual((await stateOf("late-moved")).unseen, { ingress: FRAMES, egress: FRAMES });

    await shell(
      `ip link add other type veth peer name far-other; ip link set other up; ip link set far-other up; ${waitFor("other", "far-other")}; ${send("other")}`,
    );
    await unwatched(
      `ip link set other down; ip link set other name late-named; ip link set late-named up; ${waitFor("late-named", "far-other")}; perl -MSocket -e '${SEND}' ${FRAMES} far-other late-named`,
    );
    assert.deepEqual((await stateOf("late-named")).unseen, { ingress: FRAMES, egress: FRAMES });
  });
});
