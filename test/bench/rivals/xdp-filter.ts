/**
 * xdp-filter of xdp-tools: addresses or ports, one by one, in maps of a fixed size. It pins them below /sys/fs/bpf, so
 * it gets a mount of its own there.
 */

import { once } from "node:events";

import { ANOTHER_ADDRESS, addresses } from "./entries.ts";
import { commandRival, type Contestant } from "./rival.ts";

export const XDP_FILTER: Contestant = {
  name: "xdp-filter",
  namespace: "xdp-filter",
  most: 10_000,
  async open(site) {
    const holder = site.lab.spawn(
      site.namespace,
      ["unshare", "--mount", "sh", "-c", "mount -t bpf bpf /sys/fs/bpf && echo mounted && exec sleep infinity"],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(holder.stdout!, "data");
    const inside = (command: string): string => `nsenter --mount=/proc/${holder.pid}/ns/mnt sh -c '${command}'`;
    const unload = inside("xdp-filter unload --all || true");
    const load = inside("xdp-filter load eth0 --mode native --policy allow --features ipv4");
    const commands = commandRival(site, {
      // There is no command for many at once.
      load: (count) =>
        `${unload}; ${load} && ${inside(`while read -r address; do xdp-filter ip --mode src $address || exit; done < ${site.write("addresses", `${addresses(count).join("\n")}\n`)}`)}`,
      add: inside(`xdp-filter ip --mode src ${ANOTHER_ADDRESS}`),
      remove: inside(`xdp-filter ip --mode src --remove ${ANOTHER_ADDRESS}`),
      unload,
    });
    return {
      ...commands,
      async [Symbol.asyncDispose]() {
        await site.timed(unload);
        const gone = once(holder, "exit");
        holder.kill();
        await gone;
      },
    };
  },
};
