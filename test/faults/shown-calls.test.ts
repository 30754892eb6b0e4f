/** Programs that show the calls of a process end with whoever looks, and with the agent, however either of them ends. */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

/** The other programs at system calls are off, so that each such place has either the program that shows it or none. */
const CONFIG = "interfaces: { include: [eth0] }\nprobes: { system_calls: off }\n";
const SENDER =
  'socket(S, AF_INET, SOCK_DGRAM, 17); connect(S, pack_sockaddr_in(9, inet_aton("198.18.0.1")));' +
  'while (1) { send(S, "x" x 123, 0); select(undef, undef, undef, 0.05) }';

test(
  "programs that show calls are gone once the reader is killed, and once the agent stops or is killed",
  requires(root(), tool("perl", "perl-base"), tool("bpftool", "bpftool")),
  async () => {
    await using lab = await makeLab();
    await using agent = await AgentHome.make(lab, "server");
    const sender = lab.spawn("server", ["perl", "-MSocket", "-e", SENDER], { stdio: "ignore" });
    try {
      await agent.start({ config: CONFIG });
      const before = linksHeldBy(agent.pid);

      const killed = await look(agent, sender);
      const links = linksHeldBy(agent.pid).difference(before);
      assert.ok(links.size >= 17, `${links.size} links`);
      killed.reader.kill("SIGKILL");
      await allEnded(agent, links);
      assert.deepEqual(linksHeldBy(agent.pid), before);

      const stopped = await look(agent, sender);
      const atStop = linksHeldBy(agent.pid).difference(before);
      assert.equal(atStop.size, links.size);
      const [said, [code]] = await Promise.all([stopped.said, once(stopped.reader, "exit"), agent.stop()]);
      assert.equal(code, 1, said);
      assert.match(said, /^\((\d+) calls? seen, \1 shown\)\nweir: the agent has stopped, and with it this stream\.$/m);
      await allEnded(agent, atStop);

      await agent.restart();
      const others = linksHeldBy(agent.pid);
      const left = await look(agent, sender);
      const atKill = linksHeldBy(agent.pid).difference(others);
      assert.equal(atKill.size, links.size);
      const [complaint, [failed]] = await Promise.all([left.said, once(left.reader, "exit"), agent.stop("SIGKILL")]);
      assert.equal(failed, 1, complaint);
      assert.match(complaint, /^weir: the agent has stopped, and with it this stream\.$/m);
      await allEnded(agent, atKill);
    } finally {
      sender.kill();
    }
  },
);

/** Resolves when the first call is shown. `said` is what the reader writes to its standard error until it ends. */
async function look({ lab, namespace, launcher, controlSocket }: AgentHome, { pid }: ChildProcess) {
  const words = [launcher, "sockets", "--calls", String(pid), "--socket", controlSocket];
  const reader = lab.spawn(namespace, words, { stdio: ["ignore", "pipe", "pipe"] });
  const said = text(reader.stderr!);
  await once(reader.stdout!, "data");
  reader.stdout!.resume();
  return { reader, said };
}

/** Ids of the BPF links of which a process holds a descriptor. */
function linksHeldBy(pid: number): Set<number> {
  const folder = `/proc/${pid}/fdinfo`;
  const ids = readdirSync(folder).map((descriptor) => {
    try {
      return /^link_id:\s*(\d+)$/m.exec(readFileSync(`${folder}/${descriptor}`, "utf8"))?.[1];
    } catch {
      return undefined; // The descriptor was closed meanwhile.
    }
  });
  return new Set(ids.filter((id) => id !== undefined).map(Number));
}

async function allEnded({ lab, namespace }: AgentHome, links: ReadonlySet<number>): Promise<void> {
  for (const id of links)
    await eventually(
      `the end of link ${id}`,
      async () => (await lab.attempt(namespace, "bpftool", "link", "show", "id", String(id))).code !== 0,
    );
}
