/**
 * What the kernel programs tell of connections that this kernel's netfilter translates: both their tuples, and the socket
 * in the network namespace behind. This process is the host, one namespace is a container of it and one is far away.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { after, before, describe, it } from "node:test";

import koffi from "koffi";

import { formatAddress, parseAddress } from "../../agent/values/address.ts";
import { natOf } from "../../agent/observe/events/decode.ts";
import { flowEntries, flowTablesOf, type FlowTables, readFlow } from "../../agent/observe/flows/collect.ts";
import { Unanswered } from "../../agent/observe/flows/unanswered.ts";
import { Owner } from "../../agent/generated/layout.ts";
import { NamespacesBehind } from "../../agent/enforce/interfaces/behind.ts";
import type { Attachment } from "../../agent/kernel/attachment.ts";
import { check, libc } from "../../agent/kernel/syscall.ts";
import { attachClsact } from "../../agent/kernel/tc.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf } from "../conformance/policy.ts";
import { eventually } from "../harness/eventually.ts";
import { enterOwnNamespace, ip, setNetworkKey } from "../harness/own-namespace.ts";
import { requires, root, tool } from "../harness/require.ts";

const RULES = `
table inet nat {
  chain out { type nat hook postrouting priority 100;
    oifname eth0 meta l4proto { tcp, udp } th dport 9000 masquerade
  }
  chain in { type nat hook prerouting priority -100;
    iifname eth0 meta nfproto ipv4 meta l4proto { tcp, udp } th dport 8080 dnat ip to 10.77.0.2:80
    iifname eth0 meta nfproto ipv6 meta l4proto { tcp, udp } th dport 8080 dnat ip6 to [fd77::2]:80
  }
}`;

const HERE = { ipv4: "198.18.0.1", ipv6: "fd18::1" } as const;
const FAR = { ipv4: "198.18.0.2", ipv6: "fd18::2" } as const;
const CONTAINER = { ipv4: "10.77.0.2", ipv6: "fd77::2" } as const;
const GATEWAY = { ipv4: "10.77.0.1", ipv6: "fd77::1" } as const;

type Protocol = "tcp" | "udp";
type Family = keyof typeof HERE;

describe("a connection that netfilter translates", requires(root(), tool("nft", "nftables")), () => {
  const [container, far] = ["container", "far"].map((name) => `weir-nat-${process.pid}-${name}`) as [string, string];
  const attached: Attachment[] = [];
  let judge: KernelJudge;
  let behind: NamespacesBehind;
  let tables: FlowTables;

  before(async () => {
    enterOwnNamespace();
    for (const [name, device, own, other] of [
      [container, "v1", GATEWAY, CONTAINER],
      [far, "eth0", HERE, FAR],
    ] as const) {
      ip("netns", "add", name);
      ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name);
      ip("address", "add", `${own.ipv4}/24`, "dev", device);
      ip("address", "add", `${own.ipv6}/64`, "dev", device, "nodad");
      ip("link", "set", device, "up");
      ip("-n", name, "address", "add", `${other.ipv4}/24`, "dev", "eth0");
      ip("-n", name, "address", "add", `${other.ipv6}/64`, "dev", "eth0", "nodad");
      ip("-n", name, "link", "set", "eth0", "up");
      ip("-n", name, "route", "add", "default", "via", own.ipv4);
      ip("-n", name, "route", "add", "default", "via", own.ipv6);
    }
    setNetworkKey("ipv4/ip_forward", "1");
    setNetworkKey("ipv6/conf/all/forwarding", "1");
    execFileSync("nft", ["-f", "-"], { input: RULES });
    const [{ ifindex }] = JSON.parse(ip("-j", "link", "show", "eth0")) as [{ ifindex: number }];
    judge = new KernelJudge(new Map([["eth0", ifindex]]));
    const { plane } = judge;
    await judge.start(policyOf({ mode: "detect", rules: [] }));
    behind = new NamespacesBehind(plane.map("address_namespaces"));
    behind.start();
    plane.noteNat();
    for (const direction of ["ingress", "egress"] as const)
      attached.push(attachClsact(plane.program(`weir_tc_${direction}`), { name: "eth0", ifindex }, direction));
    tables = flowTablesOf((name) => plane.map(name));
  });

  after(() => {
    for (const attachment of attached) attachment.detach();
    behind?.close();
    judge?.close();
    for (const name of [container, far]) execFileSync("ip", ["netns", "delete", name]);
  });

  async function flowOf(client: Socket): Promise<{ to: string; nat: ReturnType<typeof natOf>; cookie: bigint }> {
    return eventually("the flow", () => {
      for (const entry of flowEntries(tables)) {
        const { protocol, sourcePort, destination, nat: ends, cookie } = readFlow(entry);
        const nat = natOf(ends, protocol);
        if (sourcePort === client.port || nat?.source.port === client.port) return { to: formatAddress(destination), nat, cookie };
      }
      return undefined;
    });
  }

  for (const family of ["ipv4", "ipv6"] as const) {
    for (const protocol of ["tcp", "udp"] as const) {
      for (const [port, translated] of [
        [9000, true],
        [9001, false],
      ] as const) {
        it(`is that of the container's socket from its first packet on, and so is one that is ${translated ? "masqueraded" : "only passed on"} (${protocol}, ${family})`, async () => {
          using _server = new Socket(far, protocol, family, { port, listens: true });
          using client = new Socket(container, protocol, family);
          const own = client.cookie; // sockets get theirs when somebody asks, as weir does when they are made
          client.connect(FAR[family], port);
          const { nat, cookie } = await flowOf(client);
          assert.equal(cookie, own);
          assert.deepEqual(
            nat,
            translated
              ? { source: { address: CONTAINER[family], port: client.port }, destination: { address: FAR[family], port } }
              : undefined,
          );
        });
      }

      it(`is that of the container's socket, although another one listens at the published port (${protocol}, ${family})`, async () => {
        using server = new Socket(container, protocol, family, { port: 80, listens: true });
        using proxy = new Socket(undefined, protocol, family, { port: 8080, listens: true });
        using client = new Socket(far, protocol, family);
        for (const socket of [server, proxy]) judge.plane.map("owners").update(socket.key, Buffer.alloc(Owner.size));
        client.connect(HERE[family], 8080);
        if (protocol === "udp") {
          assert.equal((await flowOf(client)).cookie, 0n);
          server.answer(FAR[family], client.port);
        }
        const { to, nat, cookie } = await eventually("the answer", async () => {
          const found = await flowOf(client);
          return found.nat !== undefined && found;
        });
        assert.equal(to, HERE[family]);
        assert.deepEqual(nat, {
          source: { address: FAR[family], port: client.port },
          destination: { address: CONTAINER[family], port: 80 },
        });
        assert.equal(cookie, server.cookie);
      });

      if (protocol === "udp") {
        for (const [port, elsewhere] of [
          [8080, true],
          [8082, false],
        ] as const) {
          it(`is ${elsewhere ? "nobody's" : "that of a socket of the host"} where nobody answers and netfilter led it ${elsewhere ? "elsewhere" : "nowhere"} (${family})`, async () => {
            for (const _ of judge.plane.map("local_ends").batches({ remove: true }));
            using listener = new Socket(undefined, protocol, family, { port });
            using _server = new Socket(container, protocol, family, { port: 80 });
            const own = listener.key;
            judge.plane.map("owners").update(own, Buffer.alloc(Owner.size));
            using client = new Socket(far, protocol, family);
            client.connect(HERE[family], port);
            assert.equal((await flowOf(client)).cookie, 0n);
            const walk = new Unanswered(judge.plane.map("local_ends")).walk();
            for (const entry of flowEntries(tables)) walk.stays(entry);
            walk.finish();
            using second = new Socket(far, protocol, family);
            for (const speaker of [client, second]) {
              speaker.connect(HERE[family], port);
              assert.equal((await flowOf(speaker)).cookie, elsewhere ? 0n : own.readBigUInt64LE());
            }
          });
        }
      }

      it(`is that of a socket of the host where it was not led elsewhere (${protocol}, ${family})`, async () => {
        using server = new Socket(undefined, protocol, family, { port: 8081, listens: true });
        judge.plane.map("owners").update(server.key, Buffer.alloc(Owner.size));
        for (let time = 1; time <= 2; time++) {
          using client = new Socket(far, protocol, family);
          client.connect(HERE[family], 8081);
          // Nobody knows before the first was answered.
          if (protocol === "udp" && time === 1) assert.equal((await flowOf(client)).cookie, 0n);
          if (protocol === "udp") server.answer(FAR[family], client.port);
          const { nat, cookie } = await eventually("the answer", async () => {
            const found = await flowOf(client);
            return found.cookie !== 0n && found;
          });
          assert.deepEqual([nat, cookie], [undefined, server.cookie]);
        }
      });
    }
  }
});

const SOCKET_TYPE = { tcp: 1, udp: 2 } as const;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_COOKIE = 57;
const CLONE_NEWNET = 0x40000000;

const c = koffi.load("libc.so.6");
const call = {
  connect: c.func("int connect(int fd, void *address, uint32_t length)") as unknown as (
    fd: number,
    address: Uint8Array,
    length: number,
  ) => number,
  listen: c.func("int listen(int fd, int backlog)") as unknown as (fd: number, backlog: number) => number,
  sendto: c.func("long sendto(int fd, void *data, size_t length, int flags, void *address, uint32_t size)") as unknown as (
    fd: number,
    data: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    size: number,
  ) => number,
  getsockname: c.func("int getsockname(int fd, void *address, void *length)") as unknown as (
    fd: number,
    address: Uint8Array,
    length: Uint8Array,
  ) => number,
  setns: c.func("int setns(int fd, int type)") as unknown as (fd: number, type: number) => number,
};

/** A socket of the kernel's own kind, in a namespace that this thread only visits. */
class Socket implements Disposable {
  readonly #fd: number;
  readonly #protocol: Protocol;

  constructor(namespace: string | undefined, protocol: Protocol, family: Family, { port = 0, listens = false } = {}) {
    this.#protocol = protocol;
    this.#fd = visiting(namespace, () => check("socket", libc().socket(family === "ipv4" ? 2 : 10, SOCKET_TYPE[protocol], 0)));
    const on = Buffer.from([1, 0, 0, 0]);
    check("setsockopt", libc().setsockopt(this.#fd, SOL_SOCKET, SO_REUSEADDR, on, on.length));
    const any = addressOf(family === "ipv4" ? "0.0.0.0" : "::", port);
    check("bind", libc().bind(this.#fd, any, any.length));
    if (listens && protocol === "tcp") check("listen", call.listen(this.#fd, 16));
  }

  /** Of UDP it says something, too. */
  connect(to: string, port: number): void {
    const address = addressOf(to, port);
    check("connect", call.connect(this.#fd, address, address.length));
    if (this.#protocol === "udp") check("send", libc().send(this.#fd, Buffer.from("x"), 1, 0));
  }

  answer(to: string, port: number): void {
    const address = addressOf(to, port);
    check("sendto", call.sendto(this.#fd, Buffer.from("y"), 1, 0, address, address.length));
  }

  get port(): number {
    const [address, length] = [Buffer.alloc(28), Buffer.from([28, 0, 0, 0])];
    check("getsockname", call.getsockname(this.#fd, address, length));
    return address.readUInt16BE(2);
  }

  get key(): Buffer {
    const [value, length] = [Buffer.alloc(8), Buffer.from([8, 0, 0, 0])];
    check("getsockopt", libc().getsockopt(this.#fd, SOL_SOCKET, SO_COOKIE, value, length));
    return value;
  }

  get cookie(): bigint {
    return this.key.readBigUInt64LE();
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

function visiting<T>(namespace: string | undefined, work: () => T): T {
  if (namespace === undefined) return work();
  const [home, there] = [openSync("/proc/thread-self/ns/net", "r"), openSync(`/var/run/netns/${namespace}`, "r")];
  try {
    check("enter", call.setns(there, CLONE_NEWNET));
    try {
      return work();
    } finally {
      check("return", call.setns(home, CLONE_NEWNET));
    }
  } finally {
    closeSync(home);
    closeSync(there);
  }
}

/** struct sockaddr_in, or sockaddr_in6. */
function addressOf(text: string, port: number): Buffer {
  const { family, bytes } = parseAddress(text);
  const address = Buffer.alloc(family === 4 ? 16 : 28);
  address.writeUInt16LE(family === 4 ? 2 : 10, 0);
  address.writeUInt16BE(port, 2);
  address.set(family === 4 ? bytes.subarray(12) : bytes, family === 4 ? 4 : 8);
  return address;
}
