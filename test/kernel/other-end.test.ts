/** This process as the kernel's records know it, and the processes at the other end of a connection, as this kernel tells. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";

import { DataPlane } from "../../agent/kernel/dataplane.ts";
import { readIteratorAside } from "../../agent/kernel/iterator.ts";
import { describeSelf, isSelf } from "../../agent/kernel/self.ts";
import { type Ends, OtherEnd } from "../../agent/observe/sockets/other-end.ts";
import { requires, root } from "../harness/require.ts";

const TICK_NS = 10_000_000n;

function opened(t: TestContext): { plane: DataPlane; otherEnd: OtherEnd } {
  const plane = new DataPlane({ capacity: { slots: 64, cells: 64 } });
  t.after(() => plane.close());
  return {
    plane,
    otherEnd: new OtherEnd({
      asked: plane.map("asked_sockets"),
      readHolders: () => readIteratorAside(plane.program("weir_socket_holders")),
      pathOf: () => undefined,
    }),
  };
}

async function connected(t: TestContext, port: number): Promise<Ends> {
  const socket: Socket = connect({ host: "127.0.0.1", port });
  t.after(() => socket.destroy());
  socket.on("error", () => {}); // its other end is killed with the test
  await once(socket, "connect");
  return { local: { address: socket.localAddress!, port: socket.localPort! }, remote: { address: "127.0.0.1", port } };
}

test("the kernel tells which process this is", requires(root()), (t) => {
  const { plane } = opened(t);
  const self = describeSelf(plane.program("weir_describe_caller"), plane.map("caller"));
  const stat = readFileSync("/proc/self/stat", "utf8");
  assert.equal(self.pid, process.pid, "the tests run in the first pid namespace");
  assert.equal(String(self.startedNs / TICK_NS), stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  assert.deepEqual(
    [
      isSelf(self, process.pid, self.startedNs),
      isSelf(self, process.pid, self.startedNs + 1n),
      isSelf(self, process.pid + 1, self.startedNs),
    ],
    [true, false, false],
  );
});

test(
  "root at the other end may be told, accepted or not; a user of no service may not, and nor may who cannot be found",
  requires(root()),
  async (t) => {
    const { otherEnd } = opened(t);
    const server: Server = createServer().listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    assert.equal(otherEnd.listens(port), true);
    const ends = await connected(t, port);
    assert.equal(await otherEnd.refuses(ends), undefined);
    assert.match((await otherEnd.refuses({ ...ends, remote: { ...ends.remote, port: 1 } }))!, /cannot be found/);
    assert.equal(otherEnd.listens(1), false);

    for (const accepts of [true, false]) {
      const program = `process.setuid(1000); const server = require("node:net").createServer(); server.listen(0, "127.0.0.1", () => { console.log(String(server.address().port)); ${accepts ? "" : "for (;;);"} })`;
      const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
      t.after(() => child.kill("SIGKILL"));
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      const refused = await otherEnd.refuses(await connected(t, Number(line.toString())));
      assert.match(
        refused ?? "",
        new RegExp(`^process ${child.pid} \\S+ of user 1000 has it open`),
        accepts ? "accepted" : "not accepted yet",
      );
      child.kill("SIGKILL");
    }
  },
);
