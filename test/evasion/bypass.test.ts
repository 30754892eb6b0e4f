/**
 * Frames that pass the egress hooks unseen: a process with CAP_NET_RAW alone sends them by PACKET_QDISC_BYPASS, however it
 * sets that, and by AF_XDP. They are told, and refused where the configuration wants it, beside twins that are neither.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";

import type { SocketRow } from "../../agent/observe/sockets/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { Ethernet, frame, IPv4, payload, UDP } from "../harness/packet.ts";
import { requires, root, tool } from "../harness/require.ts";
import type { Wire } from "../harness/wire.ts";
import { ONLY_NET_RAW, sendByPacketSocket, withNetRaw } from "./net-raw.ts";

const config = (packetSockets: string, mode = "prevent"): string =>
  `mode: ${mode}\npacket_sockets: ${packetSockets}\ninterfaces: { include: [eth0], ingress: tcx }\ndefaults: { action: block, on_error: { ingress: block, egress: block } }\n`;
const WAYS = ["qdisc", "uring", "xdp"] as const;
/** io_uring does this since Linux 6.7: before, the call fails whoever asks. */
const UNKNOWN_CALL = /setsockopt: E(INVAL|OPNOTSUPP|NOSYS)/;

describe(
  "frames past the egress hooks",
  requires(root(), tool("cc", "gcc"), tool("perl", "perl-base"), tool("setpriv", "util-linux")),
  () => {
    let lab: Lab;
    let agent: AgentHome;
    let wire: Wire;
    let ifindex: number;
    let folder: string;
    let program: string;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "weir-bypass-"));
      program = join(folder, "bypass");
      execFileSync("cc", ["-O2", "-Wall", "-Werror", "-o", program, join(import.meta.dirname, "bypass.c")]);
      execFileSync("chmod", ["-R", "a+rx", folder]);
      lab = await makeLab();
      wire = await lab.wire("client:eth0");
      ifindex = (JSON.parse(await lab.exec("server", "ip", "-j", "link", "show", "eth0")) as { ifindex: number }[])[0]!.ifindex;
      agent = await AgentHome.make(lab, "server");
    });

    after(async () => {
      await agent[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });

    function outward(text: string): Uint8Array {
      const [client, server] = [lab.end("client:eth0"), lab.end("server:eth0")];
      return frame(
        Ethernet({ src: server.mac, dst: client.mac }),
        IPv4({ src: server.ipv4, dst: client.ipv4 }),
        UDP({ dport: 9 }),
        payload(text),
      );
    }

    /** What the program says of its try. */
    async function attempt(way: string, text: string, namespace = "server"): Promise<string> {
      const { stdout, stderr } = await lab.attempt(
        namespace,
        ...ONLY_NET_RAW,
        program,
        way,
        String(ifindex),
        Buffer.from(outward(text)).toString("hex"),
      );
      return (stdout + stderr).trim();
    }

    async function arrived(text: string): Promise<boolean> {
      return (await wire.find((bytes) => Buffer.from(bytes).includes(text), 2000)) !== undefined;
    }

    const lines = async (): Promise<string[]> => (await agent.audit()).split("\n").filter((line) => line.includes(" PACKET_BYPASS "));
    const metric = async (line: string): Promise<number> =>
      Number(
        (await agent.weir("metrics"))
          .split("\n")
          .find((text) => text.startsWith(`${line} `))
          ?.split(" ")
          .at(-1),
      );

    async function hold(way: string): Promise<{ pid: number; close(): Promise<void> }> {
      const child = lab.spawn("server", [program, way, String(ifindex), Buffer.from(outward(way)).toString("hex")], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const [said] = (await once(createInterface(child.stdout!), "line")) as [string];
      assert.equal(said, "sent");
      return { pid: child.pid!, close: async () => (child.stdin!.end(), void (await once(child, "exit"))) };
    }

    it("sockets that are older than the agent are told, are in status and in weir sockets, until they are closed", async () => {
      const older = [await hold("held-qdisc"), await hold("held-xdp")];
      await agent.start({ config: config("report") });
      await eventually("both", async () => (await lines()).length === 2);
      const told = await lines();
      for (const [index, bypass] of ["qdisc", "af_xdp"].entries()) {
        assert.match(
          told.find((line) => line.includes(`bypass=${bypass} `)) ?? "",
          new RegExp(` PACKET_BYPASS bypass=${bypass} outcome=found pid=${older[index]!.pid} bypass `),
        );
      }
      assert.deepEqual((await agent.status()).packet_sockets, { policy: "report", bypassing: { qdisc: 1, af_xdp: 1, unknown: 0 } });
      assert.match(await agent.weir("status"), /^bypass +2 sockets send past the egress rules \(qdisc 1, af_xdp 1\)/m);
      const rows = JSON.parse(await agent.weir("sockets", "--json")) as SocketRow[];
      const seen = rows
        .filter(({ bypass }) => bypass !== undefined)
        .map(({ protocol, bypass, process: of }) => [protocol, bypass, of?.pid]);
      assert.deepEqual(seen.sort(), [
        ["packet", "qdisc", older[0]!.pid],
        ["xdp", "af_xdp", older[1]!.pid],
      ]);
      assert.match(await agent.weir("sockets", "--protocol", "packet"), /packet, bypasses rules/);
      assert.equal(rows.filter(({ protocol }) => protocol === "packet").length, 1);
      for (const socket of older) await socket.close();
      assert.ok(!(await agent.weir("sockets", "--json")).includes('"bypass"'));
    });

    for (const way of WAYS) {
      it(`report: what ${way} sends arrives, is told once and counted; the same without is dropped`, async (t) => {
        const [count, text] = [(await lines()).length, `reported by ${way}`];
        const said = await attempt(way, text);
        if (way === "uring" && UNKNOWN_CALL.test(said)) return t.skip("io_uring of this kernel sets no options");
        assert.equal(said, "sent");
        assert.ok(await arrived(text));
        assert.match(
          await agent.auditLine(
            new RegExp(` PACKET_BYPASS bypass=${way === "xdp" ? "af_xdp" : "qdisc"} outcome=reported pid=\\d+ bypass user=nobody `),
          ),
          / executable=|bypass/,
        );
        await withNetRaw(lab, "server", sendByPacketSocket(ifindex, outward(`twin of ${way}`)));
        assert.ok(!(await arrived(`twin of ${way}`)));
        assert.equal((await lines()).length, count + 1);
      });
    }

    it("the option that a 32-bit program sets is found, as is its socket, for the kernel tells nobody of such calls", async (t) => {
      if (process.arch !== "x64") return t.skip("no such calls are made here");
      const socket = await hold("held-compat");
      await agent.auditLine(new RegExp(` PACKET_SOCKET pid=${socket.pid} bypass `));
      await agent.auditLine(new RegExp(` PACKET_BYPASS bypass=qdisc outcome=found pid=${socket.pid} bypass `));
      assert.equal((await lines()).filter((line) => line.includes(`pid=${socket.pid} `)).length, 1);
      await socket.close();
    });

    it("what others do with options is neither told nor refused, and works as without weir", async () => {
      const [count, events] = [(await lines()).length, await metric('weir_socket_events_total{weir_socket_event="packet_bypass"}')];
      await agent.configure(config("refuse"));
      await agent.weir("reload");
      const twins = `
socket(U, AF_INET, SOCK_DGRAM, 17) or die "udp";
setsockopt(U, SOL_PACKET, QDISC_BYPASS, pack("i", 1)) and die "a datagram socket took the option of a packet socket";
$! =~ /Protocol not available/ or die "refused: $!";
setsockopt(U, SOL_SOCKET, SO_REUSEADDR, pack("i", 1) . "\\0" x 8192) or die "longer than a page: $!";
unpack("i", getsockopt(U, SOL_SOCKET, SO_REUSEADDR)) or die "it was not set";
socket(P, AF_PACKET, SOCK_RAW, 0) or die "packet: $!";
setsockopt(P, SOL_PACKET, QDISC_BYPASS, pack("i", 0)) or die "off: $!";
setsockopt(P, SOL_PACKET, 10, pack("i", 2)) or die "version: $!";
setsockopt(P, SOL_PACKET, QDISC_BYPASS, pack("n", 1)) and die "half a number";
$! =~ /Invalid argument/ or die "half a number: $!";
`;
      const { code, stderr } = await withNetRaw(lab, "server", twins);
      assert.equal(code, 0, stderr);
      // In another network namespace it is no way past the rules of this one.
      assert.equal(await attempt("qdisc", "elsewhere", "client"), "sent");
      assert.deepEqual(
        [(await lines()).length, await metric('weir_socket_events_total{weir_socket_event="packet_bypass"}')],
        [count, events],
      );
    });

    it("refuse: prevent refuses each way and tells so, also while no agent runs; detect tells what it would refuse", async () => {
      const refused = async (phase: string): Promise<void> => {
        for (const way of WAYS) {
          const text = `${phase} ${way}`;
          const said = await attempt(way, text);
          if (way === "uring" && UNKNOWN_CALL.test(said)) continue;
          assert.equal(said, "setsockopt: EPERM", text);
          assert.ok(!wire.received.some((bytes) => Buffer.from(bytes).includes(text)), text);
        }
      };
      const outcomes = async (outcome: string): Promise<number> =>
        (await lines()).filter((line) => line.includes(` outcome=${outcome} `)).length;

      await refused("prevent");
      await eventually("told", async () => (await outcomes("refused")) >= WAYS.length - 1);
      assert.equal((await agent.status()).packet_sockets.policy, "refuse");

      await agent.weir("mode", "detect");
      assert.equal(await attempt("qdisc", "in detect"), "sent");
      assert.ok(await arrived("in detect"));
      await eventually("told", async () => (await outcomes("would_refuse")) === 1);

      await agent.weir("mode", "prevent");
      await agent.stop("SIGKILL");
      await refused("killed");
      await agent.restart();
      await eventually("told by the next agent", async () => (await outcomes("refused")) >= 2 * (WAYS.length - 1));
      await agent.stop();
      assert.equal(await attempt("qdisc", "when weir has gone"), "sent");
    });

    it("of many a second a part is told, and all are counted", async () => {
      await agent.start({ config: `${config("report")}events_per_second: 10\n` });
      const many = `for (1 .. 500) { socket(my $s, AF_PACKET, SOCK_RAW, 0) or die; for (1 .. 3) { setsockopt($s, SOL_PACKET, QDISC_BYPASS, pack("i", 1)) or die } }`;
      const before = (await lines()).length;
      assert.equal((await withNetRaw(lab, "server", many)).code, 0);
      const count = (name: string): Promise<number> => metric(`${name}{weir_socket_event="packet_bypass"}`);
      assert.equal(await count("weir_socket_events_total"), 500, "each socket once");
      const suppressed = await count("weir_socket_events_suppressed_total");
      await eventually("the rest is told", async () => (await lines()).length === before + 500 - suppressed);
      assert.ok(suppressed > 0);
    });
  },
);
