/** The program that is told what the kernel drops, on this kernel: loopback datagrams to ports where nobody listens. */

import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { before, describe, it } from "node:test";

import { DropReasons } from "../../agent/observe/flows/drop-reasons.ts";
import { whoDrops } from "../../agent/observe/flows/droppers.ts";
import { DropKey } from "../../agent/generated/layout.ts";
import { PROBES } from "../../agent/kernel/dataplane.ts";
import type { BpfMap } from "../../agent/kernel/maps.ts";
import { openObject } from "../../agent/kernel/objects.ts";
import { netnsCookie } from "../../agent/kernel/sockets.ts";
import { attachTpBtf } from "../../agent/kernel/trace.ts";
import { eventually } from "../harness/eventually.ts";
import { enterOwnNamespace } from "../harness/own-namespace.ts";
import { requires, root } from "../harness/require.ts";

type Family = "udp4" | "udp6";
const LOCAL: Record<Family, string> = { udp4: "127.0.0.1", udp6: "::1" };

async function opened(family: Family): Promise<Socket> {
  const socket = createSocket(family).bind(0, LOCAL[family]);
  await once(socket, "listening");
  return socket;
}

/** Reasons for which datagrams to this port were dropped. */
function reasonsFor(drops: BpfMap, port: number, names: DropReasons): string[] {
  const found: string[] = [];
  for (const { keys, count } of drops.batches()) {
    for (let at = 0; at < count * DropKey.size; at += DropKey.size) {
      const { ports } = DropKey.flow;
      const fromLow = keys.readUInt32LE(at + DropKey.from_low);
      if (keys.readUInt16LE(at + ports.at + fromLow * ports.stride) === port)
        found.push(names.name(keys.readUInt32LE(at + DropKey.reason)));
    }
  }
  return found;
}

describe("what the kernel drops", requires(root()), () => {
  before(enterOwnNamespace);

  for (const namespace of ["its own", "another"] as const) {
    it(`is told of ${namespace} network namespace${namespace === "another" ? " not" : ", with its reason"}`, async () => {
      const object = openObject(join(PROBES, "drops.bpf.o"), { rodata: { netns_cookie: namespace === "another" ? 1n : netnsCookie() } });
      const attachment = attachTpBtf(object.programs.get("weir_kernel_drop")!);
      try {
        const [drops, names] = [object.maps.get("drops")!, new DropReasons()];
        for (const family of ["udp4", "udp6"] as const) {
          const [sender, heard, closed] = [await opened(family), await opened(family), await opened(family)];
          const [open, nobody] = [heard.address().port, closed.address().port];
          closed.close();
          await once(closed, "close");
          sender.on("error", () => undefined); // the ICMP error
          sender.send("hello", nobody, LOCAL[family]);
          const arrived = once(heard, "message");
          sender.send("hello", open, LOCAL[family]);
          await arrived;
          if (namespace === "another") assert.deepEqual(reasonsFor(drops, nobody, names), []);
          else
            assert.deepEqual(
              await eventually("the drop", () =>
                Promise.resolve(reasonsFor(drops, nobody, names).length > 0 && reasonsFor(drops, nobody, names)),
              ),
              ["no_socket"],
            );
          assert.deepEqual(reasonsFor(drops, open, names), []);
          sender.close();
          heard.close();
        }
      } finally {
        attachment.detach();
        object.close();
      }
    });
  }
});

it("names who drops by the kernel's reason, and numbers that it does not know", () => {
  const who = {
    netfilter_drop: "netfilter",
    tc_ingress: "tc",
    xdp: "xdp",
    qdisc_drop: "queue",
    cpu_backlog: "queue",
    socket_filter: "bpf",
    no_socket: "stack",
    tcp_reset: "stack",
  };
  for (const [reason, by] of Object.entries(who)) assert.equal(whoDrops(reason), by, reason);
  assert.equal(new DropReasons().name(0x7fff_ffff), "reason 2147483647");
});
