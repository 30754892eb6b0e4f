/**
 * Connections of containers, which are network namespaces behind a bridge or a device of their own: translated by netfilter
 * or only passed on, both ways. Each is told with both its tuples and its process, or with none, and never with another's.
 *
 * WEIR_STORM sets how many short-lived processes there are; the default is a small number.
 */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";

import { ControlClient } from "../../agent/api/client.ts";
import type { FlowRow } from "../../agent/observe/flows/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { ControlGroups } from "../harness/control-groups.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const TALKER = join(import.meta.dirname, "talker-child.ts");
const STORM = Number(process.env["WEIR_STORM"] ?? 100);
/** Each of them talks to an address of its own here. */
const MANY = "10.9.0.0/16";
const PROTOCOLS = ["tcp", "udp"] as const;
const FAMILIES = ["ipv4", "ipv6"] as const;

/** What the two containers behind the bridge, and the one with a device of its own, have; each bridge has the first. */
const NET = { ipv4: "10.77.0", ipv6: "fd77:" } as const;
const at = (family: "ipv4" | "ipv6", number: number): string => (family === "ipv4" ? `${NET.ipv4}.${number}` : `${NET.ipv6}:${number}`);

const RULES = (own: Record<"ipv4" | "ipv6", string>): string => `
table inet weir_test {
  chain out { type nat hook postrouting priority 100;
    oifname eth0 meta l4proto { tcp, udp } th dport 9000-9099 masquerade
  }
  chain in { type nat hook prerouting priority -100;
    iifname eth0 ip daddr ${own.ipv4} meta l4proto { tcp, udp } th dport 8080 dnat ip to ${at("ipv4", 2)}:80
    iifname eth0 ip6 daddr ${own.ipv6} meta l4proto { tcp, udp } th dport 8080 dnat ip6 to [${at("ipv6", 2)}]:80
    iifname eth0 meta l4proto { tcp, udp } th dport 8090 redirect to :8091
  }
}`;

describe(
  "a connection that this host translates or passes on",
  requires(root(), tool("nft", "nftables"), tool("cc", "gcc"), tool("sysctl", "procps")),
  () => {
    const folder = mkdtempSync(join(tmpdir(), "weir-actor-"));
    const [actor, visitor] = [join(folder, "actor"), join(folder, "visitor")];
    const groups = new ControlGroups();
    let lab: Lab;
    let agent: AgentHome;
    let here: Record<"ipv4" | "ipv6", string>;
    let far: Record<"ipv4" | "ipv6", string>;

    before(async () => {
      for (const program of [actor, visitor])
        execFileSync("cc", ["-O2", "-Wall", "-Werror", "-o", program, join(import.meta.dirname, `${basename(program)}.c`)]);
      lab = await makeLab({
        namespaces: ["one", "two", "routed", "host", "outside"],
        links: [
          { from: "host:eth0", to: "outside:eth0" },
          { from: "host:v1", to: "one:eth0" },
          { from: "host:v2", to: "two:eth0" },
          { from: "host:v3", to: "routed:eth0" },
        ],
      });
      here = endsOf("host:eth0");
      far = endsOf("outside:eth0");
      await lab.exec("host", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
      const rules = lab.spawn("host", ["nft", "-f", "-"], { stdio: ["pipe", "inherit", "inherit"] });
      rules.stdin!.end(RULES(here));
      await lab.exec(
        "host",
        "sh",
        "-c",
        `ip link add br0 type bridge && ip address add ${at("ipv4", 1)}/24 dev br0 && ip address add ${at("ipv6", 1)}/64 dev br0 nodad && ip link set br0 up
      for device in v1 v2; do ip address flush dev $device && ip link set $device master br0; done`,
      );
      for (const [number, namespace] of [
        [2, "one"],
        [3, "two"],
      ] as const) {
        await lab.exec(
          namespace,
          "sh",
          "-c",
          `ip address flush dev eth0 && ip address add ${at("ipv4", number)}/24 dev eth0 && ip address add ${at("ipv6", number)}/64 dev eth0 nodad
        ip route add default via ${at("ipv4", 1)} && ip route add default via ${at("ipv6", 1)}`,
        );
      }
      for (const [namespace, gateway] of [
        ["routed", "host:v3"],
        ["outside", "host:eth0"],
      ] as const) {
        const { ipv4, ipv6 } = lab.end(gateway);
        await lab.exec(namespace, "sh", "-c", `ip route add default via ${ipv4} && ip route add default via ${ipv6}`);
      }
      await lab.exec("host", "ip", "route", "add", MANY, "via", far.ipv4);
      await lab.exec("outside", "ip", "route", "add", "local", MANY, "dev", "lo");
      agent = await AgentHome.make(lab, "host");
      await agent.start({ config: "interfaces: { include: [eth0] }\nevents_per_second: 100000\nrules:\n  - { name: all, action: allow }" });
      for (const protocol of PROTOCOLS) for (const port of [9000, 7000]) await talk("outside", "serve", protocol, "::", String(port));
    });

    after(async () => {
      await agent[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
      groups[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    });

    /** Answers once it serves, or was answered. */
    async function talk(namespace: string, ...words: string[]): Promise<Talker> {
      const talker = new Talker(lab.spawn(namespace, [process.execPath, TALKER, ...words], { stdio: ["pipe", "pipe", "inherit"] }));
      await talker.said(/^(serves|answered|waits)$/);
      return talker;
    }

    /** As weir writes them. */
    function endsOf(end: string): Record<"ipv4" | "ipv6", string> {
      const { ipv4, ipv6 } = lab.end(end);
      return { ipv4, ipv6: new URL(`http://[${ipv6}]`).hostname.slice(1, -1) };
    }

    async function flow(which: (row: FlowRow) => boolean): Promise<FlowRow> {
      return eventually("the flow", async () => (await new ControlClient(agent.controlSocket).flows({ limit: 10_000 })).find(which));
    }

    const from =
      (protocol: string, port: number) =>
      (row: FlowRow): boolean =>
        row.protocol === protocol && (row.nat?.source.port ?? row.source.port) === port;

    for (const protocol of PROTOCOLS) {
      for (const family of FAMILIES) {
        for (const [port, translated] of [
          [9000, true],
          [7000, false],
        ] as const) {
          it(`of a container's own is its process's, ${translated ? "masqueraded" : "not translated"} (${protocol}, ${family})`, async () => {
            for (const [namespace, address] of [
              ["one", at(family, 2)],
              ["routed", endsOf("routed:eth0")[family]],
            ] as const) {
              using client = await talk(namespace, "speak", protocol, far[family], String(port));
              const row = await flow(from(protocol, client.port));
              assert.equal(row.direction, "egress");
              assert.equal(row.process?.pid, client.pid, JSON.stringify(row));
              assert.deepEqual(row.destination, { address: far[family], port });
              assert.equal(row.source.address, translated ? here[family] : address);
              assert.deepEqual(row.nat, translated ? { source: { address, port: client.port }, destination: row.destination } : undefined);
            }
          });
        }
      }
    }

    /** What was told of its first packet. */
    const opening = (protocol: string, client: Talker): Promise<string> =>
      agent.auditLine(new RegExp(` ALLOWED all ${protocol} \\S+:${client.port} > `));

    /** Somebody outside comes to a port here. */
    const comes = (protocol: string, family: "ipv4" | "ipv6", port: number): Promise<Talker> =>
      talk("outside", "speak", protocol, here[family], String(port));

    for (const protocol of PROTOCOLS) {
      for (const family of FAMILIES) {
        const arrived = (client: Talker): Promise<FlowRow> => flow(from(protocol, client.port));

        it(`to a published port is the container's, whoever listens on it here (${protocol}, ${family})`, async () => {
          using server = await talk("one", "serve", protocol, family === "ipv4" ? "0.0.0.0" : "::", "80");
          using _listener = await talk("host", "serve", protocol, here[family], "8080");
          for (let time = 1; time <= 2; time++) {
            using client = await comes(protocol, family, 8080);
            const row = await arrived(client);
            assert.deepEqual(
              [row.direction, row.source.address, row.destination],
              ["ingress", far[family], { address: here[family], port: 8080 }],
            );
            assert.deepEqual(row.nat, { source: row.source, destination: { address: at(family, 2), port: 80 } });
            assert.equal(row.process?.pid, server.pid, JSON.stringify(row));
            assert.doesNotMatch(await opening(protocol, client), / pid=/);
          }
        });

        it(`to a port that is not published is its listener's (${protocol}, ${family})`, async () => {
          using server = await talk("host", "serve", protocol, here[family], "8081");
          for (let time = 1; time <= 2; time++) {
            using client = await comes(protocol, family, 8081);
            const row = await arrived(client);
            assert.deepEqual([row.nat, row.process?.pid], [undefined, server.pid]);
            // Before the first is answered nobody knows that it was not led elsewhere.
            if (time === 1) assert.doesNotMatch(await opening(protocol, client), / pid=/);
            else assert.match(await opening(protocol, client), new RegExp(` pid=${server.pid} `));
          }
        });

        it(`to a port that is led to another one here is that one's listener's (${protocol}, ${family})`, async () => {
          using server = await talk("host", "serve", protocol, here[family], "8091");
          using client = await comes(protocol, family, 8090);
          const row = await arrived(client);
          assert.deepEqual(row.nat?.destination, { address: here[family], port: 8091 });
          assert.equal(row.process?.pid, server.pid);
          const sockets = await new ControlClient(agent.controlSocket).sockets({ port: 8091 });
          assert.ok(
            sockets.some(({ connections, process }) => connections > 0 && process?.pid === server.pid),
            JSON.stringify(sockets),
          );
        });
      }
    }

    it("to a published port is the listener's until the worker that accepted it sends", async () => {
      using server = new Talker(
        lab.spawn("one", [actor, "serve", "silent", at("ipv4", 2), "80", "3"], { stdio: ["pipe", "pipe", "inherit"] }),
      );
      await server.said(/ listen /);
      for (let visit = 0; visit < 4; visit++) {
        using client = await comes("tcp", "ipv4", 8080);
        await server.said(new RegExp(`^${client.port} `));
        const worker = Number(server.lines.find((line) => line.startsWith(`${client.port} `))!.split(" ")[2]);
        assert.notEqual(worker, server.pid);
        await eventually("the flow is the worker's", async () => (await flow(from("tcp", client.port))).process?.pid === worker);
      }
    });

    for (const [protocol, first] of [
      ["tcp", "10.9.0.0"],
      ["udp", "10.9.128.0"],
    ] as const) {
      it(`of each of many processes that live no longer than it is that one's (${protocol})`, async () => {
        using doer = new Talker(
          lab.spawn("one", [actor, "storm", protocol, first, "9000", String(STORM)], { stdio: ["pipe", "pipe", "inherit"] }),
        );
        const told = await eventually(
          "all connections",
          async () => {
            const found = new Map<string, string | undefined>();
            for (const line of (await agent.audit()).split("\n")) {
              const [, to] = new RegExp(` ${protocol} \\S+ > (10\\.9\\.[\\d.]+):9000 eth0 out nat=`).exec(line) ?? [];
              if (to !== undefined) found.set(to, / pid=(\d+)/.exec(line)?.[1]);
            }
            return found.size === STORM && doer.lines.length === STORM && found;
          },
          60_000,
        );
        const deeds = doer.lines.map((line) => line.split(" ") as [string, string, string]);
        assert.deepEqual(
          deeds.filter(([to, , pid]) => told.get(to) !== undefined && told.get(to) !== pid),
          [],
        );
        const unknown = deeds.filter(([to]) => told.get(to) === undefined).length;
        assert.ok(unknown <= STORM / 1000, `${unknown} of ${STORM} are unknown`);
      });
    }

    it("is the sender's where another container has the same address, and nobody's where it has the same connection", async () => {
      await lab.exec("two", "ip", "address", "add", `${at("ipv4", 2)}/32`, "dev", "lo");
      try {
        const [address, port] = [at("ipv4", 2), 41_000];
        using one = await talk("one", "speak", "udp", far.ipv4, "9000", address, String(port));
        assert.equal((await flow(from("udp", port))).process?.pid, one.pid);
        const twins = [
          await talk("one", "speak", "udp", far.ipv4, "9001", address, `silent${port + 1}`),
          await talk("two", "speak", "udp", far.ipv4, "9001", address, `silent${port + 1}`),
        ] as const;
        twins[0].again();
        const row = await flow(from("udp", port + 1));
        assert.deepEqual([row.nat?.source, row.process], [{ address, port: port + 1 }, undefined]);
        for (const twin of twins) twin[Symbol.dispose]();
      } finally {
        await lab.exec("two", "ip", "address", "delete", `${at("ipv4", 2)}/32`, "dev", "lo");
      }
    });

    it("is the process's also from an address that the container got later", async () => {
      const address = `${NET.ipv4}.9`;
      await lab.exec("two", "ip", "address", "add", `${address}/24`, "dev", "eth0");
      for (let port = 42_000; ; port++) {
        using client = await talk("two", "speak", "udp", far.ipv4, "9000", address, String(port));
        const { nat, process } = await flow(from("udp", port));
        assert.equal(nat?.source.address, address);
        if (process === undefined && port < 42_020) continue; // weir may not have heard of it yet
        assert.equal(process?.pid, client.pid);
        break;
      }
    });

    it("is told with both its tuples, its process and its container in the audit log from its first packet on", async () => {
      const id = randomBytes(32).toString("hex");
      const group = groups.make(`docker/${id}`);
      const inGroup = ["sh", "-c", `echo $$ > ${group}/cgroup.procs && exec "$0" "$@"`];
      using client = new Talker(
        lab.spawn("one", [...inGroup, process.execPath, TALKER, "speak", "tcp", far.ipv4, "9000"], { stdio: ["pipe", "pipe", "inherit"] }),
      );
      await client.said(/^answered$/);
      const line = await agent.auditLine(
        new RegExp(` ALLOWED all tcp \\S+ > ${far.ipv4.replaceAll(".", "\\.")}:9000 eth0 out nat=\\S+:${client.port}>`),
      );
      assert.ok(line.includes(` nat=${at("ipv4", 2)}:${client.port}>${far.ipv4}:9000 pid=${client.pid} `), line);
      assert.ok(line.includes(` container=${id.slice(0, 12)}`), line);
    });

    it("to a published port is undecided where a rule asks for its process, and to another port is decided", async () => {
      await agent.configure(
        "interfaces: { include: [eth0] }\nrules:\n  - { name: no, action: block, direction: ingress, enforce: true, process: { executable: /nowhere } }",
      );
      await agent.weir("reload");
      using server = await talk("one", "serve", "tcp", "0.0.0.0", "80");
      using _own = await talk("host", "serve", "tcp", here.ipv4, "8081");
      for (const [port, said] of [
        [8080, /^\S+ #\d+ UNDECIDED .* reason=process_unknown /],
        [8081, /^\S+ #\d+ ALLOWED /],
      ] as const) {
        using client = await comes("tcp", "ipv4", port);
        assert.match(
          await agent.auditLine(new RegExp(` (ALLOWED|UNDECIDED) \\S+ tcp \\S+:${client.port} > `)),
          said,
          `port ${port}, whose server is ${server.pid}`,
        );
      }
    });

    it("is blocked at its first packet by a rule about its process, and that of another program passes", async () => {
      const [blocked, allowed] = ["blocked", "allowed"].map((name) => join(folder, name)) as [string, string];
      for (const program of [blocked, allowed]) copyFileSync(visitor, program);
      await agent.configure(
        `mode: prevent\ninterfaces: { include: [eth0] }\nrules:\n  - { name: no, action: block, enforce: true, reject: true, direction: egress, process: { executable: ${blocked} } }`,
      );
      await agent.weir("reload");
      assert.equal(
        (await lab.attempt("one", visitor, far.ipv4, "9000", String(2 * STORM), blocked, allowed)).stdout.trim(),
        `${blocked} 0 ${STORM} 0\n${allowed} ${STORM} 0 0`,
      );
      await agent.auditLine(
        new RegExp(` BLOCKED no tcp \\S+ > ${far.ipv4.replaceAll(".", "\\.")}:9000 eth0 out nat=\\S+ pid=\\d+ blocked `),
      );
    });
  },
);

class Talker implements Disposable {
  readonly child: ChildProcess;
  readonly lines: string[] = [];

  constructor(child: ChildProcess) {
    this.child = child;
    createInterface(child.stdout!).on("line", (line) => this.lines.push(line));
  }

  async said(what: RegExp): Promise<void> {
    await eventually(`${this.child.spawnargs.join(" ")} says ${what}, not ${this.lines.join(", ")}`, () =>
      this.lines.some((line) => what.test(line)),
    );
  }

  get pid(): number {
    return this.child.pid!;
  }

  get port(): number {
    return Number(this.lines[0]);
  }

  /** Speaks once more. */
  again(): void {
    this.child.stdin!.write("x");
  }

  [Symbol.dispose](): void {
    this.child.stdin!.end();
  }
}
