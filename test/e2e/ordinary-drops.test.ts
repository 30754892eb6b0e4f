/** `weir drops` on real traffic: healthy traffic gives an empty list, and what somebody would miss is in it. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import type { DropRow } from "../../agent/observe/flows/drop-row.ts";
import type { FlowRow } from "../../agent/observe/flows/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const WEB = 8000;
const CLOSED = 9;
/** Nobody is there, and weir is told to send to it. */
const COLLECTOR = 11;
const FULL = 9000;

const SERVER = `require("http").createServer((request, response) => response.end("x".repeat(Number(request.url.slice(1))))).listen(${WEB}, "::", () => console.log("listening"))`;
const NEVER_READS = `import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
s.bind(("0.0.0.0", ${FULL}))
print("bound", flush=True)
time.sleep(60)`;

describe(
  "ordinary drops",
  requires(root(), tool("nc", "netcat-openbsd"), tool("curl", "curl"), tool("ping", "iputils-ping"), tool("python3", "python3")),
  () => {
    let lab: Lab;
    let agent: AgentHome;

    before(async () => {
      lab = await makeLab();
      agent = await AgentHome.make(lab, "server");
      await agent.start({ config: `interfaces: { include: [eth0], ingress: tcx }\notel: { endpoint: "http://127.0.0.1:${COLLECTOR}" }` });
      for (const namespace of ["client", "server"] as const) {
        const web = lab.spawn(namespace, [process.execPath, "-e", SERVER], { stdio: ["ignore", "pipe", "ignore"] });
        await new Promise((resolve) => web.stdout!.once("data", resolve));
      }
    });

    after(async () => {
      await agent[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    });

    const drops = async (...words: string[]): Promise<DropRow[]> => JSON.parse(await agent.weir("drops", "--json", ...words)) as DropRow[];
    const run = (from: "client" | "server", command: string): Promise<unknown> => lab.attempt(from, "sh", "-c", command);
    const dropped = (...words: string[]): Promise<DropRow> =>
      eventually(`a drop, ${words.join(" ")}`, async () => (await drops(...words))[0]);
    /** Once its drops can be told, later ones are not what is missing. */
    const settled = async (): Promise<void> => {
      const port = String(20_000 + (Math.floor(performance.now()) % 10_000));
      await run("client", `printf x | nc -u -w 1 ${lab.end("server:eth0").ipv4} ${port}`);
      await dropped("--port", port);
    };

    it("healthy traffic gives an empty list, in both families and both directions", async () => {
      const [server, client] = [lab.end("server:eth0"), lab.end("client:eth0")];
      for (const [from, to] of [
        ["client", server],
        ["server", client],
      ] as const) {
        for (const address of [to.ipv4, to.ipv6, "127.0.0.1", "::1"]) await run(from, `ping -c 2 -i 0.2 ${address}`);
        for (const address of [to.ipv4, `[${to.ipv6}]`, "127.0.0.1"]) {
          for (const size of [0, 100, 5_000_000]) await run(from, `curl -s -o /dev/null http://${address}:${WEB}/${size}`);
        }
        await run(from, `for each in 1 2 3 4 5 6 7 8; do curl -s -o /dev/null http://${to.ipv4}:${WEB}/100000 & done; wait`);
        await run(from, `curl -s -m 1 -o /dev/null --limit-rate 100k http://${to.ipv4}:${WEB}/50000000`); // leaves in the middle
      }
      await run("server", `curl -s http://${client.ipv4}:${CLOSED}/`); // the other host says no, which is no drop here
      const before = await drops();
      await settled();
      const rows = await drops();
      assert.deepEqual([before, rows.length], [[], 1], JSON.stringify(rows));
      const all = await drops("--all");
      assert.ok(all.filter(({ ordinary }) => ordinary === true).length > 3, "what is left out is there for who asks for all of it");
      assert.ok(all.some(({ protocol, reason }) => protocol === "icmp" && reason === "no_socket"));
      const flows = JSON.parse(await agent.weir("flows", "--json", "--limit", "1000")) as FlowRow[];
      assert.deepEqual(
        flows.filter(({ dropped: of, protocol }) => of !== undefined && protocol !== "udp"),
        [],
        "and in no flow's DROPPED",
      );
      const reasons = await drops("--reason", "no_socket", "--protocol", "icmp");
      assert.ok(reasons.length > 0, "a reason that is named is shown");
      assert.match(await agent.weir("metrics"), /weir_drops_others_total\{[^}]*no_socket/);
    });

    it("weir's own attempts to reach its collector are left out, and those of others to the same port are not", async () => {
      const own = await eventually("weir was refused", async () => (await drops("--all", "--port", String(COLLECTOR)))[0]);
      assert.equal(own.ordinary, true);
      assert.deepEqual(await drops("--port", String(COLLECTOR)), []);
      await run("server", `curl -s http://127.0.0.1:${COLLECTOR}/`);
      const row = await dropped("--port", String(COLLECTOR));
      assert.deepEqual([row.reason, row.interface, row.ordinary], ["no_socket", "lo", undefined]);
    });

    for (const family of ["ipv4", "ipv6"] as const) {
      it(`a connection and a datagram to a port where nobody listens are shown, ${family}`, async () => {
        const { [family]: address } = lab.end("server:eth0");
        await run(
          "client",
          `curl -s 'http://${family === "ipv6" ? `[${address}]` : address}:${CLOSED}/'; printf x | nc -u -w 1 ${address} ${CLOSED}`,
        );
        for (const protocol of ["tcp", "udp"])
          assert.equal((await dropped("--port", String(CLOSED), "--protocol", protocol, "--address", address)).reason, "no_socket");
      });
    }

    it("a receiver that does not read, an address that is nobody's and a host that does not answer are shown", async () => {
      const { ipv4 } = lab.end("server:eth0");
      const receiver = lab.spawn("server", ["python3", "-c", NEVER_READS], { stdio: ["ignore", "pipe", "ignore"] });
      await new Promise((resolve) => receiver.stdout!.once("data", resolve));
      await run("client", `i=0; while [ $i -lt 20 ]; do head -c 1000 /dev/zero | nc -u -w 0 ${ipv4} ${FULL} & i=$((i+1)); done; wait`);
      assert.equal((await dropped("--port", String(FULL))).reason, "socket_rcvbuff");
      await run("client", `ip route add 198.18.99.0/24 via ${ipv4}; ping -c 1 -W 1 198.18.99.9`);
      assert.match((await dropped("--address", "198.18.99.9")).reason, /^ip_|not_specified/);
      await run("server", "ping -c 1 -W 4 198.18.0.77");
      assert.match((await dropped("--address", "198.18.0.77", "--direction", "egress")).reason, /^neigh_failed|not_specified/);
    });

    it("netfilter's drops are shown, of healthy services too", requires(tool("nft", "nftables")), async () => {
      const { ipv4 } = lab.end("server:eth0");
      await lab.exec("server", "nft", `table inet f { chain i { type filter hook input priority 0; tcp dport ${WEB} drop; }; }`);
      await run("client", `curl -s -m 1 http://${ipv4}:${WEB}/1`);
      assert.deepEqual([(await dropped("--port", String(WEB))).by], ["netfilter"]);
    });
  },
);
