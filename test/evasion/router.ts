/** An attacker, a router that weir guards, and a host behind it. The attacker sends raw frames; the inner host's device says what arrived. */

import type { Lab } from "../harness/netns.ts";
import { makeLab } from "../harness/netns.ts";
import { Ethernet, frame } from "../harness/packet.ts";
import type { Layer } from "../harness/packet/layer.ts";

export interface Street extends AsyncDisposable {
  lab: Lab;
  attacker: { ipv4: string; ipv6: string };
  /** The router's address on the attacker's side. */
  router: { ipv4: string; ipv6: string };
  inner: { ipv4: string; ipv6: string };
  /** From the attacker to the router, in a frame of its own. */
  send(...layers: Layer[]): Promise<void>;
  /** From the inner host to the router. */
  sendFromInside(...layers: Layer[]): Promise<void>;
  /** Did a frame with this text reach the inner host, or does it within a second? */
  reached(text: string, milliseconds?: number): Promise<boolean>;
  /** The same for the attacker. */
  returned(text: string, milliseconds?: number): Promise<boolean>;
}

export async function makeStreet(): Promise<Street> {
  const lab = await makeLab({
    namespaces: ["attacker", "router", "inner"],
    links: [
      { from: "attacker:eth0", to: "router:eth0" },
      { from: "router:eth1", to: "inner:eth0" },
    ],
  });
  const ends = {
    attacker: lab.end("attacker:eth0"),
    router: lab.end("router:eth0"),
    inside: lab.end("router:eth1"),
    inner: lab.end("inner:eth0"),
  };
  await lab.exec("router", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward && echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
  for (const [namespace, via] of [
    ["attacker", ends.router],
    ["inner", ends.inside],
  ] as const) {
    await lab.exec(namespace, "ip", "route", "add", "default", "via", via.ipv4);
    await lab.exec(namespace, "ip", "-6", "route", "add", "default", "via", via.ipv6);
  }
  // The router knows its neighbours, so that no question of its own waits for an answer that a rule drops.
  for (const [end, device] of [
    [ends.attacker, "eth0"],
    [ends.inner, "eth1"],
  ] as const) {
    for (const address of [end.ipv4, end.ipv6])
      await lab.exec("router", "ip", "neighbour", "replace", address, "lladdr", end.mac, "dev", device, "nud", "permanent");
  }
  const outside = await lab.wire("attacker:eth0");
  const inside = await lab.wire("inner:eth0");
  const has =
    (text: string) =>
    (bytes: Uint8Array): boolean =>
      Buffer.from(bytes).includes(text);
  return {
    lab,
    attacker: ends.attacker,
    router: ends.router,
    inner: ends.inner,
    send: (...layers) => outside.send(frame(Ethernet({ src: ends.attacker.mac, dst: ends.router.mac }), ...layers)),
    sendFromInside: (...layers) => inside.send(frame(Ethernet({ src: ends.inner.mac, dst: ends.inside.mac }), ...layers)),
    reached: async (text, milliseconds = 1000) => (await inside.find(has(text), milliseconds)) !== undefined,
    returned: async (text, milliseconds = 1000) => (await outside.find(has(text), milliseconds)) !== undefined,
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}
