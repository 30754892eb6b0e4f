/** Processes in control groups as runtimes and systemd make them are told with what they are part of. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, rmdirSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import type { FlowRow } from "../../agent/observe/flows/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { ControlGroups } from "../harness/control-groups.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";

const UID = "74c13223-5a00-11e9-b385-42010a80018d";
const PORT = 9009;
/** A version 1 hierarchy that this machine may have. */
const MEMORY = "/sys/fs/cgroup/memory";

describe("processes in control groups", requires(root(), tool("nc", "netcat-openbsd")), () => {
  const groups = new ControlGroups();
  let lab: Lab;
  let agent: AgentHome;
  let receiver: Receiver;
  /** Docker, which knows one container. */
  const named = { id: randomBytes(32).toString("hex"), asked: 0 };
  const runtime = createServer(({ url }, answer) => {
    const wanted = decodeURIComponent(url!).includes(named.id);
    answer.end(
      JSON.stringify(wanted ? [{ Id: named.id, Names: ["/web"], Image: "nginx:1.27", Labels: {} }] : []),
      () => wanted && named.asked++,
    );
  });
  const older = { id: randomBytes(32).toString("hex"), group: "" };

  before(async () => {
    lab = await makeLab();
    receiver = await Receiver.open(lab, "server", { udp: [PORT] });
    older.group = groups.make(`docker/${older.id}`);
    agent = await AgentHome.make(lab, "client");
    runtime.listen(join(agent.folder, "docker.sock"));
    await once(runtime, "listening");
    await agent.start({
      config: `interfaces: { include: [eth0] }\nrules: [{ name: watched, action: block, direction: egress, layer4: { protocol: udp, destination_ports: [${PORT}] } }]`,
      env: { DOCKER_HOST: `unix://${runtime.address()}` },
    });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    runtime.close();
    await lab[Symbol.asyncDispose]();
    groups[Symbol.dispose]();
  });

  /** A process that joins the group, sends a datagram, and has ended when this returns. */
  async function send(group: string): Promise<void> {
    const text = randomBytes(8).toString("hex");
    await lab.exec(
      "client",
      "sh",
      "-c",
      `echo $$ > ${group}/cgroup.procs && echo ${text} | nc -u -q0 ${lab.end("server:eth0").ipv4} ${PORT}`,
    );
    await receiver.arrival(`${text}\n`);
  }

  for (const [what, path, words] of [
    ["Docker's", (id) => `docker/${id}`, (id) => `container=${id.slice(0, 12)}`],
    ["Docker's with systemd", (id) => `system.slice/docker-${id}.scope`, (id) => `container=${id.slice(0, 12)}`],
    ["Podman's", (id) => `machine.slice/libpod-${id}.scope/container`, (id) => `container=${id.slice(0, 12)}`],
    [
      "a user's",
      (id) => `user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`,
      (id) => `container=${id.slice(0, 12)} unit=user@1000.service`,
    ],
    [
      "a pod's of containerd",
      (id) => `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID.replaceAll("-", "_")}.slice/cri-containerd-${id}.scope`,
      (id) => `container=${id.slice(0, 12)} pod=${UID}`,
    ],
    ["a pod's of CRI-O", (id) => `kubepods/besteffort/pod${UID}/crio-${id}`, (id) => `container=${id.slice(0, 12)} pod=${UID}`],
    ["LXC's", (id) => `lxc.payload.${id.slice(0, 20)}/system.slice/cron.service`, (id) => `container=${id.slice(0, 20)}`],
    ["a unit's", (id) => `system.slice/test-${id}.service`, (id) => `unit=test-${id}.service`],
  ] as const satisfies [string, (id: string) => string, (id: string) => string][]) {
    it(`${what} are told so`, async () => {
      const id = randomBytes(32).toString("hex");
      await send(groups.make(path(id)));
      await agent.auditLine(
        new RegExp(` DETECTED watched .* pid=\\d+ nc (executable=\\S+ )?(user=\\S+ )?(by=\\S+ )?${words(id)} \\(would drop\\)`),
      );
    });
  }

  it("one that is older than the agent is known, too", async () => {
    await send(older.group);
    await agent.auditLine(new RegExp(` DETECTED watched .* container=${older.id.slice(0, 12)} `));
  });

  it("one that is gone when its event is read is told all the same", async () => {
    const id = randomBytes(32).toString("hex");
    process.kill(agent.pid, "SIGSTOP");
    try {
      const group = groups.make(`docker/${id}`);
      await send(group);
      rmdirSync(group);
    } finally {
      process.kill(agent.pid, "SIGCONT");
    }
    await agent.auditLine(new RegExp(` DETECTED watched .* container=${id.slice(0, 12)} `));
  });

  it("one that the runtime knows is asked for when it is made, and named", async () => {
    const group = groups.make(`docker/${named.id}`);
    await eventually("the runtime has been asked", () => Promise.resolve(named.asked > 0));
    await send(group);
    await agent.auditLine(new RegExp(` DETECTED watched .* container=${named.id.slice(0, 12)}/web \\(would drop\\)`));
    const rows = JSON.parse(await agent.weir("flows", "--container", "web", "--json")) as FlowRow[];
    assert.deepEqual(
      rows.map(({ container }) => container),
      [{ id: named.id, runtime: "docker", name: "web", image: "nginx:1.27" }],
    );
  });

  it(
    "one of version 1 is told by a process that lives",
    requires(existsSync(`${MEMORY}/cgroup.procs`) ? undefined : `${MEMORY} is not mounted`),
    async () => {
      const id = randomBytes(32).toString("hex");
      const group = groups.make(`docker/${id}`, MEMORY);
      const child = lab.spawn(
        "client",
        ["sh", "-c", `echo $$ > ${group}/cgroup.procs && exec nc -u ${lab.end("server:eth0").ipv4} ${PORT}`],
        { stdio: ["pipe", "ignore", "inherit"] },
      );
      child.stdin!.write("hello");
      await agent.auditLine(new RegExp(` DETECTED watched .* container=${id.slice(0, 12)} `));
      child.stdin!.end();
      child.kill();
    },
  );

  it("live connections are listed with it", async () => {
    const id = randomBytes(32).toString("hex");
    await send(groups.make(`docker/${id}`));
    const rows = JSON.parse(await agent.weir("flows", "--container", id.slice(0, 12), "--json")) as FlowRow[];
    assert.deepEqual(
      rows.map(({ container }) => container),
      [{ id, runtime: "docker" }],
    );
    assert.equal(await agent.weir("flows", "--container", "nobody", "--json"), "[]\n");
  });
});
