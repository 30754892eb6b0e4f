/**
 * weir knows its own answers by what it writes into their control blocks: the kernel must hand the block on from the program
 * of one direction to that of the other, and give a program a packet of somebody else without it.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { probeFeatures } from "../../agent/kernel/features.ts";
import { u32 } from "../../agent/kernel/maps.ts";
import { openObject } from "../../agent/kernel/objects.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";
import { compile, inNamespace, pinDirectory } from "./support.ts";

/** Frames of type 0x88b5 are written on and turned round at once. counts: signed, unsigned, by direction of arrival. */
const PROBES = compile(`
#include <bpf/bpf_endian.h>
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");
static __always_inline int turn(struct __sk_buff *skb, __u32 arrives, __u64 flags) {
	__u32 signed_here = skb->cb[0] == 0x12345678 && skb->cb[1] == 0x9abcdef0, key = 2 * arrives + !signed_here;
	__u64 *count;
	if (skb->protocol != bpf_htons(0x88b5)) return -1;
	count = bpf_map_lookup_elem(&counts, &key);
	if (count) __sync_fetch_and_add(count, 1);
	if (signed_here) return bpf_redirect(0, 0);
	skb->cb[0] = 0x12345678;
	skb->cb[1] = 0x9abcdef0;
	return bpf_redirect(skb->ifindex, flags);
}
SEC("tc") int turned_in(struct __sk_buff *skb) { return turn(skb, 0, 0); }
SEC("tc") int turned_out(struct __sk_buff *skb) { return turn(skb, 1, BPF_F_INGRESS); }
`);

const withoutTcx = process.getuid?.() === 0 && probeFeatures().tcx.state === "available" ? undefined : "this kernel has no TCX";
const FRAMES = 50;

describe("the control block of a packet", requires(root()), () => {
  for (const [how, reason] of [
    ["attachTcx", withoutTcx],
    ["attachClsact", undefined],
  ] as const) {
    it(`reaches the program of the other direction and is empty in others' packets (${how})`, requires(reason), async () => {
      await using lab = await makeLab();
      const directory = pinDirectory();
      const object = openObject(PROBES, { pinDirectory: `${directory}/tables` });
      const inside = inNamespace(
        lab,
        "client",
        `
        const object = objects.openObject(${JSON.stringify(PROBES)}, { pinDirectory: ${JSON.stringify(directory)} + "/tables" });
        const attached = [["turned_in", "ingress"], ["turned_out", "egress"]].map(([name, direction]) => tc.${how}(object.programs.get(name), device("eth0"), direction, ${JSON.stringify(directory)} + "/links"));
        say("attached");
        await told();
        for (const one of attached) one.detach();
        object.close();
        process.stdin.destroy();
      `,
      );
      assert.equal(await inside.next(), "attached");
      const frame = new Uint8Array(64).fill(0xff, 0, 6);
      frame.set([2, 0, 0, 0, 0, 1, 0x88, 0xb5], 6);
      const counts = (): number[] => [0, 1, 2, 3].map((key) => Number(object.maps.get("counts")!.lookup(u32(key))!.readBigUInt64LE()));
      // From outside: judged on ingress, turned, signed on egress. From here the other way.
      await (await lab.wire("server:eth0")).send(...Array.from({ length: FRAMES }, () => frame));
      await eventually("all that came in", () => counts().every((count, key) => count === [0, FRAMES, FRAMES, 0][key]));
      await (await lab.wire("client:eth0")).send(...Array.from({ length: FRAMES }, () => frame));
      await eventually("all that went out", () => counts().every((count) => count === FRAMES));
      await inside.finish();
      object.close();
    });
  }
});
