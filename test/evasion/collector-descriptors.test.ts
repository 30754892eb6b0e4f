/** A user lends his listener to root's processes, and keeps a copy of it where no process holds it. */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { ControlGroups } from "../harness/control-groups.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

/** Keeps whatever descriptor it is sent, as a bus or a supervisor does. */
const KEEPER = `import socket, sys, os, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777); s.listen(1)
print("ready", flush=True)
c, _ = s.accept(); kept = socket.recv_fds(c, 1, 4)[1]
print("kept", len(kept), flush=True)
time.sleep(600)`;

/** Arguments: the keeper's socket, a control group, and how the listener is made: by the user, or by root before. */
const LENDER = `import socket, sys, os, time
open(sys.argv[2] + "/cgroup.procs", "w").write(str(os.getpid()))
def listener():
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", 4318)); s.listen(16); return s
os.setgroups([]); os.setgid(1000); os.setuid(1000)
s = listener()
hidden, other = socket.socketpair()
keeper = socket.socket(socket.AF_UNIX); keeper.connect(sys.argv[1])
socket.send_fds(keeper, [b"x"], [s.fileno()])
socket.send_fds(hidden, [b"x"], [s.fileno()])
s.close()
print("lent", flush=True)
time.sleep(20)
s = socket.socket(fileno=socket.recv_fds(other, 1, 1)[1][0])
s.settimeout(1)
got = 0
while True:
    try:
        c, _ = s.accept(); c.settimeout(1)
        try: got += len(c.recv(65536))
        except OSError: pass
    except OSError: break
print("got", got, flush=True)`;

async function says(child: ChildProcess, word: RegExp, milliseconds?: number): Promise<string> {
  let said = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  return eventually(`${word} in ${said}`, async () => word.exec(said)?.[0], milliseconds);
}

test("a listener that a user made and root holds for him is sent no byte", requires(root(), tool("python3", "python3")), async () => {
  using groups = new ControlGroups(); // which can go once the processes of the lab have
  await using lab = await makeLab();
  const folder = await mkdtemp(join(tmpdir(), "weir-lend-"));
  try {
    const keeperSocket = `/tmp/${folder.split("/").at(-1)}.sock`;
    const keeper = lab.spawn("server", ["python3", "-c", KEEPER, keeperSocket], { stdio: ["ignore", "pipe", "pipe"] });
    await says(keeper, /ready/, 60_000);
    const lender = lab.spawn("server", ["python3", "-c", LENDER, keeperSocket, groups.make("user.slice/user-1000.slice/session-1.scope")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [got] = await Promise.all([
      says(lender, /got \d+/, 120_000),
      says(keeper, /kept 1/, 60_000),
      (async () => {
        await using agent = await AgentHome.make(lab, "server");
        await agent.start({ env: { OTEL_METRIC_EXPORT_INTERVAL: "500" } });
        const { telemetry } = await eventually(
          "the signal has no collector",
          async () => agent.status().then((status) => status.telemetry.metrics?.state === "no_collector" && status),
          60_000,
        );
        assert.match(
          telemetry.metrics!.error!,
          /user 1000 made the socket at its other end, and no process of that user that weir can see has it open/,
        );
        await rm(keeperSocket);
        await eventually("the lender has looked", async () => lender.exitCode !== null, 90_000);
      })(),
    ]);
    assert.equal(got, "got 0");
  } finally {
    await rm(folder, { recursive: true });
  }
});
