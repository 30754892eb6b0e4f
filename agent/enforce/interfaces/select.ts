/** Chooses which interfaces weir watches, and through which hook their ingress goes. Both choices come with a reason. */

import { someInterfaceMatches } from "../../values/interfaces.ts";
import { fits } from "../../values/pattern.ts";
import type { InterfacesConfig } from "../../../config/types.ts";

/** The facts about a device that the choice depends on. */
export interface DeviceFacts {
  ifindex: number;
  name: string;
  loopback: boolean;
  /** True if frames start with an Ethernet header. */
  ethernet: boolean;
  /** The kind of a software device, such as `veth`, `bridge` or `bond`. */
  kind: string | undefined;
  /** The kind of the bridge or bond that it is a part of. */
  masterKind: string | undefined;
  hasAddress: boolean;
  /** The driver as ethtool names it. */
  driver: string | undefined;
  /** True if it merges received segments in hardware, or the hypervisor hands it merged ones. */
  mergesOnReceive: boolean;
}

export type Choice = { watch: true } | { watch: false; reason: string };

/**
 * Chooses whether to watch a device. A device whose name the operator wrote out is always watched. `*` leaves out devices whose
 * packets would be counted twice.
 */
export function chooseInterface(device: DeviceFacts, config: InterfacesConfig): Choice {
  if (someInterfaceMatches(config.exclude, device.name)) return { watch: false, reason: "excluded" };
  const patterns = config.include.filter((pattern) => fits(pattern, device.name));
  if (patterns.length === 0) return { watch: false, reason: "not included" };
  if (patterns.some((pattern) => pattern !== "*")) return { watch: true };
  if (device.loopback) return { watch: false, reason: "loopback" };
  if (device.masterKind === "bridge") return { watch: false, reason: "port of a bridge, which is watched itself" };
  if (device.masterKind === "bond" || device.masterKind === "team")
    return { watch: false, reason: "member of a bond, which is watched itself" };
  if (device.kind === "ifb")
    return { watch: false, reason: "an ifb device carries packets that another device redirects to it, and weir sees them there" };
  if (device.kind === "veth" && !device.hasAddress)
    return { watch: false, reason: "a veth without an address carries a container's traffic, and weir sees it at another device" };
  return { watch: true };
}

export interface IngressChoice {
  hook: "xdp" | "tc";
  reason: string;
}

/** Chooses the ingress hook. `auto` takes XDP only if it costs neither an offload nor a reset of the device's rings. */
export function chooseIngress(device: DeviceFacts, config: InterfacesConfig): IngressChoice {
  const wanted = config.overrides.find((override) => fits(override.name, device.name))?.ingress ?? config.ingress;
  if (wanted === "tcx") return { hook: "tc", reason: "asked for" };
  if (!device.ethernet) return { hook: "tc", reason: "XDP needs Ethernet frames" };
  if (device.loopback) return { hook: "tc", reason: "loopback traffic does not pass XDP" };
  if (wanted === "xdp") return { hook: "xdp", reason: "asked for" };
  if (device.kind === "veth") return { hook: "tc", reason: "native XDP would cost veth its segmentation offload" };
  if (device.kind !== undefined) return { hook: "tc", reason: `${device.kind} devices have no native XDP` };
  if (device.driver === "virtio_net") {
    return device.mergesOnReceive
      ? { hook: "tc", reason: "XDP would switch off the receive offload of virtio_net" }
      : { hook: "xdp", reason: "virtio_net takes XDP without losing an offload" };
  }
  return { hook: "tc", reason: `the driver ${device.driver ?? "of this device"} may reset its rings when XDP attaches` };
}
