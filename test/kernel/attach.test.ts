import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { probeFeatures } from "../../agent/kernel/features.ts";
import { u32 } from "../../agent/kernel/maps.ts";
import { type BpfObject, openObject } from "../../agent/kernel/objects.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { compile, inNamespace, pinDirectory } from "./support.ts";

/** Counts frames of the test's own type under the version's key, and drops them; everything else passes. */
const PROBES = compile(`
#include <bpf/bpf_endian.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
const volatile __u32 version = 0;
static __always_inline int ours(void *data, void *end) {
	struct ethhdr *eth = data;
	__u32 key = version;
	__u64 *count;
	if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(0x88b5)) return 0;
	count = bpf_map_lookup_elem(&seen, &key);
	if (count) __sync_fetch_and_add(count, 1);
	return 1;
}
SEC("xdp") int weir_test_xdp(struct xdp_md *ctx) {
	return ours((void *)(long)ctx->data, (void *)(long)ctx->data_end) ? XDP_DROP : XDP_PASS;
}
SEC("tc") int weir_test_tc(struct __sk_buff *ctx) {
	/* A redirect to nowhere drops without telling the sender, who is to go on counting. */
	return ours((void *)(long)ctx->data, (void *)(long)ctx->data_end) ? bpf_redirect(0, 0) : -1;
}
SEC("xdp") int foreigner(struct xdp_md *ctx) { return XDP_PASS; }
`);

/** Whether a kernel should have it is asked in features.test.ts. */
const withoutTcx = probeFeatures().tcx.state !== "available" && "this kernel has no TCX";

function frames(count: number): Uint8Array[] {
  const frame = new Uint8Array(64).fill(0xff, 0, 6);
  frame[6] = 2;
  frame[12] = 0x88;
  frame[13] = 0xb5;
  return new Array<Uint8Array>(count).fill(frame);
}

function isOurs(frame: Uint8Array): boolean {
  return frame[12] === 0x88 && frame[13] === 0xb5;
}

function seen(object: BpfObject): number[] {
  return [0, 1, 2, 3].map((version) => Number(object.maps.get("seen")!.lookup(u32(version))!.readBigUInt64LE()));
}

/** The code that opens the probes in a process inside the namespace, sharing the tables by their pins. */
function opened(directory: string, version: number): string {
  return `
    const pins = ${JSON.stringify(directory)};
    const object = objects.openObject(${JSON.stringify(PROBES)}, { pinDirectory: pins + "/tables", rodata: { version: ${version} } });
    const program = (name) => object.programs.get(name);
    const eth0 = device("eth0");
  `;
}

/** Packet sockets see a frame before TC ingress drops it: `tapped` hooks are judged by their counts alone. */
const HOOKS = [
  {
    name: "native XDP",
    attach: `xdp.attachXdp(program("weir_test_xdp"), eth0, "native", pins + "/links")`,
    wire: "server",
    what: "native XDP on eth0",
  },
  {
    name: "generic XDP",
    attach: `xdp.attachXdp(program("weir_test_xdp"), eth0, "generic", pins + "/links")`,
    wire: "server",
    what: "generic XDP on eth0",
  },
  {
    name: "TCX ingress",
    attach: `tc.attachTcx(program("weir_test_tc"), eth0, "ingress", pins + "/links")`,
    wire: "server",
    what: "TCX ingress on eth0",
    tapped: true,
  },
  {
    name: "TCX egress",
    attach: `tc.attachTcx(program("weir_test_tc"), eth0, "egress", pins + "/links")`,
    wire: "client",
    what: "TCX egress on eth0",
  },
  {
    name: "clsact ingress",
    attach: `tc.attachClsact(program("weir_test_tc"), eth0, "ingress", pins + "/links")`,
    wire: "server",
    what: "clsact ingress on eth0",
    tapped: true,
  },
  {
    name: "clsact egress",
    attach: `tc.attachClsact(program("weir_test_tc"), eth0, "egress", pins + "/links")`,
    wire: "client",
    what: "clsact egress on eth0",
  },
];

/** Native XDP on veth needs NAPI at the receiving end, which an XDP program there or GRO brings. */
async function prepare(): Promise<Lab> {
  const lab = await makeLab();
  await lab.exec("client", "ethtool", "-K", "eth0", "gro", "on");
  return lab;
}

describe("an attachment", () => {
  for (const hook of HOOKS) {
    it(`by ${hook.name} outlives kill -9 and is taken over with no packet unmatched`, {
      skip: hook.name.startsWith("TCX") && withoutTcx,
    }, async () => {
      await using lab = await prepare();
      const directory = pinDirectory();
      const tables = openObject(PROBES, { pinDirectory: `${directory}/tables` });
      const wire = await lab.wire(`${hook.wire}:eth0`);
      const receiver = await lab.wire(hook.wire === "server" ? "client:eth0" : "server:eth0");
      let sent = 0;
      const send = async (count: number) => {
        await wire.send(...frames(count));
        sent += count;
      };

      const first = inNamespace(
        lab,
        "client",
        `${opened(directory, 1)} const a = ${hook.attach}; say([a.what, a.adopted, a.attached()]); setInterval(() => {}, 1000);`,
      );
      assert.deepEqual(await first.next(), [hook.what, false, true]);
      await send(50);
      await first.kill();
      await send(50);

      const second = inNamespace(
        lab,
        "client",
        `${opened(directory, 2)}
        await told();
        const a = ${hook.attach};
        say([a.what, a.adopted, a.attached()]);
        await told();
        a.detach();
        object.close();
        process.stdin.destroy();
      `,
      );
      second.tell();
      const adopted = second.next();
      let done = false;
      void adopted.then(() => (done = true));
      while (!done) {
        await send(20);
        await pause(1);
      }
      assert.deepEqual(await adopted, [hook.what, true, true]);
      await send(50);

      const [, old, replacement] = seen(tables);
      assert.equal(old! + replacement!, sent);
      assert.ok(old! >= 100 && replacement! >= 50);
      if (!hook.tapped) assert.equal(receiver.received.filter(isOurs).length, 0);

      await second.finish();
      assert.deepEqual(existsSync(`${directory}/links`) ? readdirSync(`${directory}/links`) : [], []);
      assert.doesNotMatch(await lab.exec("client", "tc", "qdisc", "show", "dev", "eth0"), /clsact/);
      const before = seen(tables);
      await wire.send(...frames(1));
      assert.ok(await receiver.find(isOurs), "once detached, frames arrive");
      assert.deepEqual(seen(tables), before);
      tables.close();
    });
  }

  for (const hook of HOOKS) {
    it(`by ${hook.name} gets the program of before back when it is undone, and ends where there was none`, {
      skip: hook.name.startsWith("TCX") && withoutTcx,
    }, async () => {
      await using lab = await prepare();
      const directory = pinDirectory();
      const tables = openObject(PROBES, { pinDirectory: `${directory}/tables` });
      const wire = await lab.wire(`${hook.wire}:eth0`);
      const attach = (version: number, then: string): Promise<unknown> => {
        const inside = inNamespace(
          lab,
          "client",
          `${opened(directory, version)} const a = ${hook.attach}; ${then}; say(a.adopted); await told(); process.stdin.destroy();`,
        );
        return inside.next().finally(() => inside.finish());
      };
      const judge = async (): Promise<number[]> => {
        const before = seen(tables);
        await wire.send(...frames(10));
        return seen(tables).map((count, version) => count - before[version]!);
      };
      assert.equal(await attach(3, "a.undo()"), false);
      assert.deepEqual(await judge(), [0, 0, 0, 0], "it ended");
      assert.deepEqual(existsSync(`${directory}/links`) ? readdirSync(`${directory}/links`) : [], []);
      assert.equal(await attach(1, "a.close()"), false);
      assert.deepEqual(await judge(), [0, 10, 0, 0]);
      assert.equal(await attach(2, "a.undo()"), true);
      assert.deepEqual(await judge(), [0, 10, 0, 0], "the program of before is back");
      assert.equal(await attach(2, "a.keep(); a.close()"), true);
      assert.deepEqual(await judge(), [0, 0, 10, 0]);
      tables.close();
    });
  }

  it("by generic XDP is not given up for a question that native XDP has answered before, and the other way round it is", async () => {
    await using lab = await prepare();
    const inside = inNamespace(
      lab,
      "client",
      `${opened(pinDirectory(), 1)}
      const attach = (mode) => xdp.attachXdp(program("weir_test_xdp"), eth0, mode, pins + "/links");
      attach("generic").close();
      try { attach("native"); } catch (error) { say([error.errno, device("eth0").xdp.mode]); }
      const again = attach("generic");
      say(again.adopted);
      again.detach();
      attach("native").close();
      attach("generic").close();
      say([device("eth0").xdp.mode, attachment.pinnedLinks(pins + "/links").length]);
      process.stdin.destroy();
    `,
    );
    assert.deepEqual(await inside.next(), ["EOPNOTSUPP", "generic"]);
    assert.equal(await inside.next(), true);
    assert.deepEqual(await inside.next(), ["generic", 1]);
  });

  it("by clsact that a killed process left behind is found by its note and removed with its qdisc", async () => {
    await using lab = await prepare();
    const directory = pinDirectory();
    const first = inNamespace(
      lab,
      "client",
      `${opened(directory, 1)}
      say(["ingress", "egress"].map((direction) => tc.attachClsact(program("weir_test_tc"), eth0, direction, pins + "/links").pinPath));
      setInterval(() => {}, 1000);
    `,
    );
    const [ingress] = await first.next();
    await first.kill();
    const second = inNamespace(
      lab,
      "client",
      `${opened(directory, 1)}
      tc.detachLeftoverFilters(pins + "/links", new Set([${JSON.stringify(ingress)}]));
      say(links.countFilters(eth0.ifindex));
      tc.detachLeftoverFilters(pins + "/links");
      say(links.countFilters(eth0.ifindex));
      process.stdin.destroy();
    `,
    );
    assert.equal(await second.next(), 1);
    assert.equal(await second.next(), 0);
    assert.doesNotMatch(await lab.exec("client", "tc", "qdisc", "show", "dev", "eth0"), /clsact/);
    assert.deepEqual(readdirSync(`${directory}/links`), []);
  });

  it("notices that its device is gone, and that somebody else detached it", { skip: withoutTcx }, async () => {
    await using lab = await prepare();
    const directory = pinDirectory();
    const inside = inNamespace(
      lab,
      "client",
      `${opened(directory, 1)}
      const one = tc.attachTcx(program("weir_test_tc"), eth0, "ingress", pins + "/links");
      const other = tc.attachTcx(program("weir_test_tc"), eth0, "egress", pins + "/links");
      const filter = tc.attachClsact(program("weir_test_tc"), eth0, "egress");
      attachment.detachPinned(pins + "/links", attachment.pinnedLinks(pins + "/links").find((name) => name.startsWith("tcx-ingress")));
      say([one.attached(), other.attached(), filter.attached()]);
      await told();
      say([other.attached(), filter.attached()]);
      other.detach();
      filter.detach();
    `,
    );
    assert.deepEqual(await inside.next(), [false, true, true]);
    await lab.exec("client", "ip", "link", "delete", "eth0");
    inside.tell();
    assert.deepEqual(await inside.next(), [false, false]);
    await inside.kill();
  });
});

describe("programs of others", () => {
  it("in the XDP slot are named in the refusal and left alone", async () => {
    await using lab = await prepare();
    const foreign = inNamespace(
      lab,
      "client",
      `${opened(pinDirectory(), 0)} xdp.attachXdp(program("foreigner"), eth0, "native"); say(program("foreigner").info().id); setInterval(() => {}, 1000);`,
    );
    const id = await foreign.next();
    const ours = inNamespace(
      lab,
      "client",
      `${opened(pinDirectory(), 1)}
      for (const mode of ["native", "generic"]) {
        try { xdp.attachXdp(program("weir_test_xdp"), eth0, mode, pins + "/links"); } catch (error) { say([error.errno, error.message]); }
      }
      say(xdp.xdpProgram(eth0.ifindex).id);
      say(device("eth0").xdp);
      process.stdin.destroy();
    `,
    );
    for (const errno of ["EBUSY", "EEXIST"]) {
      const [got, text] = await ours.next();
      assert.equal(got, errno);
      assert.match(text, new RegExp(`the program foreigner \\(id ${id}\\) holds the device's only XDP slot and is left alone`));
    }
    assert.equal(await ours.next(), id);
    assert.deepEqual(await ours.next(), { mode: "native", program: id });
    await foreign.kill();
  });

  it("at clsact keep their qdisc and their filters", async () => {
    await using lab = await prepare();
    const directory = pinDirectory();
    await lab.exec("client", "tc", "qdisc", "add", "dev", "eth0", "clsact");
    const run = async (code: string) => inNamespace(lab, "client", `${opened(directory, 1)} ${code} process.stdin.destroy();`).next();
    const attachAndDetach = `tc.attachClsact(program("weir_test_tc"), eth0, "ingress", pins).detach(); say(links.countFilters(eth0.ifindex));`;
    const addForeignFilter = (point: number) => `
      const hook = Buffer.alloc(24), filter = Buffer.alloc(32);
      hook.writeUInt32LE(24, 0); hook.writeUInt32LE(eth0.ifindex, 8); hook.writeUInt32LE(${point}, 12);
      filter.writeUInt32LE(32, 0); filter.writeUInt32LE(program("weir_test_tc").fd, 8); filter.writeUInt32LE(9, 20); filter.writeUInt32LE(1, 24);
      say(libbpf.libbpf().tcAttach(hook, filter));
    `;
    const qdiscs = () => lab.exec("client", "tc", "qdisc", "show", "dev", "eth0");

    assert.equal(await run(attachAndDetach), 0);
    assert.match(await qdiscs(), /clsact/, "a qdisc that was there stays");
    assert.equal(await run(addForeignFilter(1)), 0);
    assert.equal(await run(attachAndDetach), 1);

    await lab.exec("client", "tc", "qdisc", "delete", "dev", "eth0", "clsact");
    await run(`tc.attachClsact(program("weir_test_tc"), eth0, "ingress", pins); say(0);`);
    assert.equal(await run(addForeignFilter(2)), 0);
    assert.equal(await run(attachAndDetach), 1);
    assert.match(await qdiscs(), /clsact/, "a qdisc that somebody else uses stays, although weir made it");
  });

  it("on TCX run behind weir's on ingress and before it on egress", { skip: withoutTcx }, async () => {
    await using lab = await prepare();
    const directory = pinDirectory();
    const tables = openObject(PROBES, { pinDirectory: `${directory}/tables` });
    const inside = inNamespace(
      lab,
      "client",
      `${opened(directory, 1)}
      const foreign = ["ingress", "egress"].map((direction) => tc.attachTcx(program("weir_test_tc"), eth0, direction));
      const next = objects.openObject(${JSON.stringify(PROBES)}, { reuse: object.maps, rodata: { version: 2 } }).programs.get("weir_test_tc");
      const ours = ["ingress", "egress"].map((direction) => tc.attachTcx(next, eth0, direction));
      say("attached");
      setInterval(() => foreign.length + ours.length, 1000);
    `,
    );
    assert.equal(await inside.next(), "attached");
    const server = await lab.wire("server:eth0");
    const client = await lab.wire("client:eth0");
    await server.send(...frames(3));
    await client.send(...frames(5));
    assert.deepEqual(seen(tables), [0, 5, 3, 0], "the other's is version 1, weir's is 2, and whoever is first drops");
    tables.close();
  });
});
