/** What processes do with sockets, told by a real agent: each deed beside a like one that is none. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { SocketEvent, SocketEventType } from "../../agent/observe/events/event.ts";
import { formatAddress, parseAddress } from "../../agent/values/address.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab, type Outcome } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

/** Listens before the agent starts. */
const OLD = 7001;
const [TAKEN, CLOSED, AGAIN, HELD] = [7002, 7003, 7004, 7005];
const NOBODY = ["setpriv", "--reuid=65534", "--clear-groups"];

describe("socket events", requires(root(), tool("nc", "netcat-openbsd"), tool("perl", "perl-base"), tool("setpriv", "util-linux")), () => {
  let lab: Lab;
  let agent: AgentHome;

  before(async () => {
    lab = await makeLab();
    listen(OLD);
    await eventually("it listens", async () => (await lab.exec("server", "ss", "-Hltn")).includes(`:${OLD} `));
    agent = await AgentHome.make(lab, "server");
    await agent.start({ config: "interfaces: { include: [eth0] }" });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  function listen(port: number): ReturnType<Lab["spawn"]> {
    return lab.spawn("server", ["nc", "-4", "-lk", String(port)], { stdio: "ignore" });
  }

  /** Perl asks the kernel for exactly this, and for nothing before. */
  function perl(code: string, ...before: string[]): Promise<Outcome> {
    return lab.attempt("server", ...before, "perl", "-MSocket", "-e", code);
  }

  const bind = (address: string, port: number, ...before: string[]): Promise<Outcome> =>
    perl(`socket(S, AF_INET, SOCK_STREAM, 6) && bind(S, pack_sockaddr_in(${port}, inet_aton("${address}"))) or die "not bound"`, ...before);

  const lines = async (type: SocketEventType): Promise<string[]> =>
    (await agent.audit()).split("\n").filter((line) => line.includes(` ${type} `));

  /** The first of `weir watch` while this is done again and again. */
  async function watched(type: SocketEventType, deed: () => Promise<unknown>): Promise<SocketEvent> {
    let seen: string | undefined;
    const watch = agent.weir("watch", "--type", type.toLowerCase(), "--count", "1", "--json").then((text) => (seen = text));
    while (seen === undefined) await Promise.race([watch, deed().then(() => sleep(200))]);
    return JSON.parse(seen) as SocketEvent;
  }

  async function metric(line: string): Promise<number | undefined> {
    const found = (await agent.weir("metrics")).split("\n").find((text) => text.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.split(" ").at(-1));
  }

  it("who begins to listen is told, and whether that is new", async () => {
    const first = listen(AGAIN);
    assert.match(
      await agent.auditLine(new RegExp(` LISTENING tcp 0\\.0\\.0\\.0:${AGAIN} `)),
      new RegExp(` \\(new\\) pid=${first.pid} nc `),
    );
    first.kill();
    await eventually("it is gone", () => first.signalCode !== null);
    const second = listen(AGAIN);
    assert.doesNotMatch(await agent.auditLine(new RegExp(` LISTENING tcp .* pid=${second.pid} `)), /\(new\)/);
    const third = listen(TAKEN);
    await agent.auditLine(new RegExp(` LISTENING tcp 0\\.0\\.0\\.0:${TAKEN} \\(new\\) pid=${third.pid} `));
    await perl("socket(S, AF_INET, SOCK_STREAM, 6); listen(S, 1) or die; sleep 2");
    assert.match(await agent.auditLine(/ LISTENING tcp .* perl /), / 0\.0\.0\.0:[1-9]\d* \(new\) /, "on a port that it did not ask for");
    await perl(`socket(S, AF_INET, SOCK_STREAM, 6); setsockopt(S, 1, 15, 1); bind(S, pack_sockaddr_in(${OLD}, INADDR_ANY)) or die`);
    const all = await lines("LISTENING");
    assert.equal(all.length, 4, all.join("\n"));
    assert.equal(await metric("weir_socket_ports_new_total"), 3);
  });

  it("a listener that was there before the agent is not new when it begins again", async () => {
    const again = listen(OLD);
    assert.doesNotMatch(await agent.auditLine(new RegExp(` LISTENING tcp 0\\.0\\.0\\.0:${OLD} `)), /\(new\)/);
    again.kill();
  });

  it("a connection that is refused from afar is told with the process that wanted it", async () => {
    const { ipv4, ipv6 } = lab.end("client:eth0");
    lab.spawn("client", ["nc", "-4", "-lk", String(TAKEN)], { stdio: "ignore" });
    await eventually("it listens", async () => (await lab.exec("client", "ss", "-Hltn")).includes(`:${TAKEN} `));
    for (const to of [ipv4, ipv6]) await lab.attempt("server", "nc", "-w", "2", to, String(CLOSED));
    await lab.exec("server", "nc", "-z", ipv4, String(TAKEN));
    await eventually("both", async () => (await lines("CONNECT_REFUSED")).length >= 2);
    const refused = await lines("CONNECT_REFUSED");
    assert.deepEqual(
      refused.map((line) => / > (\S+) took=[\d.]+ms pid=\d+ nc /.exec(line)?.[1]),
      [`${ipv4}:${CLOSED}`, `[${formatAddress(parseAddress(ipv6).bytes)}]:${CLOSED}`],
    );
    assert.ok((await metric('weir_socket_errors_total{error_type="ECONNREFUSED"}'))! >= 2);
  });

  it("a socket that could not be bound is told with the reason and who is in the way", async () => {
    const holder = listen(HELD);
    await agent.auditLine(new RegExp(` LISTENING .*:${HELD} `));
    const tries = [await bind("0.0.0.0", HELD), await bind("192.0.2.7", CLOSED), await bind("0.0.0.0", 81, ...NOBODY)];
    const works = [await bind("127.0.0.1", CLOSED), await bind("0.0.0.0", 81), await bind("0.0.0.0", 0, ...NOBODY)];
    assert.deepEqual(
      [...tries, ...works].map(({ code }) => code === 0),
      [false, false, false, true, true, true],
    );
    await eventually("all three", async () => (await lines("BIND_FAILED")).length >= 3);
    const failed = new Map((await lines("BIND_FAILED")).map((line) => [/ tcp (\S+)/.exec(line)![1], line]));
    assert.match(failed.get(`0.0.0.0:${HELD}`)!, new RegExp(` reason=port_in_use holder=${holder.pid} nc pid=\\d+ perl `));
    assert.match(failed.get(`192.0.2.7:${CLOSED}`)!, / reason=address_not_here pid=\d+ perl /);
    assert.match(failed.get("0.0.0.0:81")!, / reason=port_privileged pid=\d+ perl user=nobody /);
    await perl("sleep 3");
    assert.equal((await lines("BIND_FAILED")).length, 3);
    const { type, protocol, local, reason, process: of } = await watched("BIND_FAILED", () => bind("0.0.0.0", HELD));
    assert.deepEqual(
      [type, protocol, local, reason, of?.executable],
      ["BIND_FAILED", "tcp", { address: "0.0.0.0", port: HELD }, "port_in_use", "/usr/bin/perl"],
    );
  });

  it("raw and packet sockets are told once, and others not at all", async () => {
    await perl("socket(A, AF_INET, SOCK_RAW, 1) && socket(B, AF_INET6, SOCK_RAW, 58) && socket(C, 17, SOCK_RAW, 0) or die; sleep 3");
    await perl("socket(A, AF_INET, SOCK_DGRAM, 0) && socket(B, 16, SOCK_RAW, 0) && socket(C, AF_UNIX, SOCK_STREAM, 0) or die; sleep 2");
    assert.notEqual((await perl("socket(C, 17, SOCK_RAW, 0) or die", ...NOBODY)).code, 0);
    await eventually("the packet socket", async () => (await lines("PACKET_SOCKET")).length > 0);
    assert.deepEqual(
      (await lines("RAW_SOCKET")).map((line) => / RAW_SOCKET (\S+ \S+) pid=\d+ perl /.exec(line)?.[1]),
      ["icmp 0.0.0.0", "icmpv6 [::]"],
    );
    const packets = await lines("PACKET_SOCKET");
    assert.equal(packets.length, 1, packets.join("\n"));
    assert.match(packets[0]!, / PACKET_SOCKET pid=\d+ perl /);
    for (const [type, count] of [
      ["raw_socket", 2],
      ["packet_socket", 1],
    ] as const)
      assert.equal(await metric(`weir_socket_events_total{weir_socket_event="${type}"}`), count);
  });

  it("the accounts hold, nothing is dropped, and the audit log is whole", async () => {
    const { counters } = await agent.status();
    const { emitted, received, pending, lost } = counters.events;
    assert.deepEqual([emitted, lost, counters.packets.dropped], [received + pending + lost, 0, 0]);
    await agent.weir("audit", "verify");
  });
});
