import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeLab } from "./netns.ts";
import { Ethernet, IPv4, UDP, VLAN, frame, payload } from "./packet.ts";
import { requires, root, tool } from "./require.ts";

const here = requires(
  root(),
  tool("ip", "iproute2"),
  tool("nsenter", "util-linux"),
  tool("ping", "iputils-ping"),
  tool("ethtool", "ethtool"),
);

const namespaces = (): string[] => readdirSync("/var/run/netns");

test("two namespaces reach each other over both families, and are gone with their processes afterwards", here, async () => {
  const names: string[] = [];
  const children = [];
  {
    await using lab = await makeLab();
    names.push(lab.name("client"), lab.name("server"));
    const { ipv4, ipv6 } = lab.end("server:eth0");
    await lab.exec("client", "ping", "-c1", "-W2", ipv4);
    await lab.exec("client", "ping", "-c1", "-W2", ipv6);
    assert.notEqual((await lab.attempt("client", "ping", "-c1", "-W1", "198.18.0.77")).code, 0);
    await assert.rejects(lab.exec("client", "false"), /client: false ended with 1/);

    const [port] = await lab.freePorts("server", 1);
    assert.ok(port !== undefined && port > 0);
    children.push(lab.spawn("server", ["sleep", "1000"]));
  }
  assert.equal(children[0]?.signalCode, "SIGKILL");
  assert.deepEqual(
    namespaces().filter((name) => names.includes(name)),
    [],
  );
});

test("a frame arrives byte for byte, with its tags", here, async () => {
  await using lab = await makeLab({ namespaces: ["a", "b"], links: [{ from: "a:eth0", to: "b:eth7", mtu: 9000, offload: false }] });
  const sender = await lab.wire("a:eth0");
  const receiver = await lab.wire("b:eth7");
  const big = frame(Ethernet(), IPv4(), UDP(), payload(8000));
  const tagged = frame(Ethernet(), VLAN({ id: 5, tpid: 0x88a8 }), VLAN(6), IPv4(), UDP(), payload("tagged"));
  await sender.send(big, tagged);
  assert.deepEqual(await receiver.find((got) => got.length === tagged.length), tagged);
  assert.deepEqual(await receiver.find((got) => got.length === big.length), big);
  assert.equal(await sender.find((got) => got.length === big.length, 50), undefined, "a sender does not see its own frames");
  await assert.rejects(sender.send(frame(Ethernet(), payload(10_000))), /EMSGSIZE/);
  await assert.rejects(lab.wire("a:eth9"), /no device eth9/);
});

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`a run ended by ${signal} leaves no namespace to the next`, here, async () => {
    const script = `
      import { makeLab } from ${JSON.stringify(join(import.meta.dirname, "netns.ts"))};
      const lab = await makeLab();
      lab.spawn("client", ["sleep", "1000"]);
      console.log(lab.name("client"));
      setInterval(() => {}, 1000);`;
    const run = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    const name = String((await once(run.stdout, "data"))[0]).trim();
    assert.ok(namespaces().includes(name));
    run.kill(signal);
    const [, endedBy] = await once(run, "exit");
    assert.equal(endedBy, signal);
    if (signal === "SIGKILL") await (await makeLab())[Symbol.asyncDispose]();
    assert.ok(!namespaces().includes(name));
  });
}
