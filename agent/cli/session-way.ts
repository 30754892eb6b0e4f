/**
 * Finds the device through which the operator's session comes. Packets of a VPN travel inside others, which arrive at another
 * device: weir sees only the outer packets, and no failsafe applies to them.
 */

import { parseAddress } from "../values/address.ts";
import { isMissed } from "../enforce/interfaces/own-ends.ts";
import { listLinks } from "../kernel/links.ts";
import type { Link } from "../kernel/netlink.ts";
import { deviceTowards } from "../kernel/routes.ts";
import type { OperatorSession } from "../values/session.ts";

/** Devices that encrypt, or pass packets to a program, so that weir cannot look into the outer packets. */
const HIDING = ["tun", "wireguard", "ovpn", "ppp", "xfrm", "vti", "vti6", "l2tp", "l2tpeth", "amt", "bareudp", "gtp", "macsec"];
const TUNNELS = ["vxlan", "geneve", "gre", "gretap", "erspan", "ip6gre", "ip6gretap", "ip6erspan", "ipip", "sit", "ip6tnl"];

/**
 * Warns of what a switch to prevent may do to the session; undefined if the session passes whatever the rules are, or nobody can
 * tell.
 */
export function warnOfWay(session: OperatorSession): string | undefined {
  let links: Link[], device: number | undefined;
  try {
    const { family, bytes } = parseAddress(session.address);
    device = deviceTowards(family === 4 ? bytes.subarray(12) : bytes);
    links = listLinks();
  } catch {
    return undefined; // without a route there is nothing to warn of
  }
  if (device === undefined) return undefined;
  const hiding = links.find((link) => (link.ifindex === device || link.master === device) && hides(link));
  if (hiding === undefined) return undefined;
  return `Your session from ${session.address} comes by ${hiding.name} (${hiding.kind}). The failsafe holds for the packets inside it, but not for the packets around them: if a rule, a ban or a default blocks those, your session is cut. Put the address of the other end of ${hiding.name} in failsafe.addresses.`;
}

function hides({ kind = "", tunnels = [] }: Link): boolean {
  if (TUNNELS.includes(kind)) return tunnels.some(isMissed);
  return HIDING.includes(kind);
}
