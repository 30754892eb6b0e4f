/** Converts tunnel devices and addresses of this host between the bytes of the kernel and the text that the reference reads. */

import { formatAddress, parseAddress } from "../../values/address.ts";
import { UsualPort } from "../../generated/layout.ts";
import type { InterfaceAddress, Link } from "../../kernel/netlink.ts";
import type { TunnelDevice } from "../../kernel/tunnel-device.ts";
import type { TunnelKind } from "../../values/traffic.ts";
import type { OwnEnds } from "../../policy/reference.ts";

/** The first bytes of an IPv4 address that is written as an IPv6 one. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

const USUAL_KINDS: ReadonlyMap<number, TunnelKind> = new Map([
  [UsualPort.VXLAN, "vxlan"],
  [UsualPort.VXLAN_GPE, "vxlan"],
  [UsualPort.VXLAN_LINUX, "vxlan"],
  [UsualPort.GENEVE, "geneve"],
]);

/** Returns the tunnel ends. A device that is down decapsulates nothing. */
export function ownEndsOf(links: readonly Link[], addresses: readonly InterfaceAddress[]): OwnEnds {
  return {
    tunnels: links.filter(({ up }) => up).flatMap(({ tunnels = [] }) => tunnels.map(textOfDevice)),
    addresses: addresses.map(({ bytes }) => textOfAddress(bytes)),
  };
}

/** Returns one device that stands for all of these tunnels, with the addresses on it. */
export function listedEnds({ tunnels = [], addresses = [] }: Partial<OwnEnds>): [Link[], InterfaceAddress[]] {
  const link: Link = { ifindex: 1, name: "tunnels", type: 1, up: true, mtu: 1500, tunnels: tunnels.map(deviceOf) };
  return [
    tunnels.length === 0 ? [] : [link],
    addresses.map((text) => ({ ifindex: 1, family: 6, prefixLength: 128, bytes: parseAddress(text).bytes })),
  ];
}

/** Returns whether packets are recognised as tunnels of this kind by their port alone, if there is one. */
export function isAtUsualPort({ kind, port }: Pick<TunnelDevice, "kind" | "port">): boolean {
  return kind === USUAL_KINDS.get(port);
}

/** Returns whether packets for this device are mistaken for another kind of tunnel, because its port is the usual one of that kind. */
export function isMissed({ kind, port }: Pick<TunnelDevice, "kind" | "port">): boolean {
  return (USUAL_KINDS.get(port) ?? kind) !== kind;
}

export function textOfDevice({ kind, id, local, remote, port }: TunnelDevice): OwnEnds["tunnels"][number] {
  return {
    kind,
    ...(id === undefined ? {} : { id }),
    ...(local === undefined ? {} : { local: textOfAddress(local) }),
    ...(remote === undefined ? {} : { remote: textOfAddress(remote) }),
    ...(port === 0 ? {} : { port }),
  };
}

export function textOfAddress(bytes: Uint8Array): string {
  return formatAddress(mapped(bytes));
}

/** Returns the 16 bytes that stand for an address in the tables. */
export function mapped(bytes: Uint8Array): Uint8Array {
  return bytes.length === 4 ? Uint8Array.from([...MAPPED, ...bytes]) : bytes;
}

function deviceOf({ kind, id, local, remote, port = 0 }: OwnEnds["tunnels"][number]): TunnelDevice {
  return {
    kind,
    port,
    ...(id === undefined ? {} : { id }),
    ...(local === undefined ? {} : { local: parseAddress(local).bytes }),
    ...(remote === undefined ? {} : { remote: parseAddress(remote).bytes }),
  };
}
