/** The agent tells its service manager that it is ready, and lives, by the loop that reads events. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { closeSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onReadable } from "../../agent/kernel/poll.ts";
import { Drainage } from "../../agent/kernel/ring.ts";
import { check, libc } from "../../agent/kernel/syscall.ts";
import { ServiceManager } from "../../agent/daemon/service-manager.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;

/** What systemd would hear. */
function listen(t: TestContext, name: string): string[] {
  const heard: string[] = [];
  const fd = check("make a socket", libc().socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0));
  const address = Buffer.from(`\x01\0${name.replace("@", "\0")}`);
  check("bind a socket", libc().bind(fd, address, address.length));
  const polling = onReadable(fd, () => {
    const message = Buffer.alloc(4096);
    const length = libc().recv(fd, message, message.length, 0);
    if (length > 0) heard.push(message.toString("utf8", 0, length));
  });
  t.after(() => {
    polling.close();
    closeSync(fd);
  });
  return heard;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("messages reach a socket by its path and by its abstract name, and nothing is sent where nobody asks", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "weir-notify-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of [join(folder, "notify"), `@weir-test-${process.pid}`]) {
    const heard = listen(t, name);
    const manager = new ServiceManager({ NOTIFY_SOCKET: name, WATCHDOG_USEC: "4000000", WATCHDOG_PID: String(process.pid) });
    manager.ready("detect, 3 rules");
    manager.alive();
    manager.stopping();
    await eventually("three messages", () => heard.length === 3);
    assert.deepEqual(heard, ["READY=1\nSTATUS=detect, 3 rules\n", "WATCHDOG=1\n", "STOPPING=1\n"]);
    assert.equal(manager.interval, 1000);
  }
  for (const env of [
    {},
    { NOTIFY_SOCKET: "" },
    { NOTIFY_SOCKET: "vsock:2:1234" },
    { NOTIFY_SOCKET: `/${"x".repeat(200)}` },
    { NOTIFY_SOCKET: "/nonexistent/notify" },
  ]) {
    new ServiceManager(env).ready("x"); // a service manager that is gone is no trouble of the agent's
  }
  assert.equal(
    new ServiceManager({ NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "4000000", WATCHDOG_PID: "1" }).interval,
    undefined,
    "another process is watched",
  );
});

test("a ring that holds records and is not read is told from one that is empty or read", () => {
  const ring = { consumer: 0, producer: 0, size: 4096 };
  const drainage = new Drainage({ state: () => ring });
  assert.equal(drainage.goesOn(), true);
  ring.producer = 100;
  assert.deepEqual([drainage.goesOn(), drainage.goesOn()], [false, false]);
  ring.consumer = 50;
  assert.equal(drainage.goesOn(), true);
  ring.consumer = 100;
  assert.deepEqual([drainage.goesOn(), drainage.goesOn()], [true, true]);
});

test(
  "an agent is ready when its rules are in force, says that it lives, and says no more when its loop hangs",
  requires(root()),
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "weir-notify-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const heard = listen(t, join(folder, "notify"));
    await using lab = await makeLab({ namespaces: ["host"], links: [] });
    await using agent = await AgentHome.make(lab, "host");
    await agent.start({
      config: "interfaces: { include: [lo] }\nrules: [{ name: a, action: block, layer4: { protocol: tcp, destination_ports: [23] } }]",
      env: { NOTIFY_SOCKET: join(folder, "notify"), WATCHDOG_USEC: "1000000" },
    });
    await eventually("signs of life", () => heard.filter((line) => line.includes("WATCHDOG=1")).length >= 3);
    assert.equal(heard.filter((line) => line.includes("READY=1")).length, 1);
    assert.match(heard[0]!, /^READY=1\nSTATUS=detect, 1 rule/, "before it lives it is ready");

    process.kill(agent.pid, "SIGSTOP"); // as a loop that hangs
    await pause(500); // what it sent is heard
    heard.splice(0);
    await pause(2000); // twice the time after which systemd would restart it
    assert.equal(heard.length, 0, heard.join());
    process.kill(agent.pid, "SIGCONT");
    await eventually("it lives again", () => heard.some((line) => line.includes("WATCHDOG=1")));
    await agent.stop();
    await eventually("it says that it stops", () => heard.some((line) => line.includes("STOPPING=1")));
  },
);
