/** A process of another user that has CAP_NET_RAW and no other capability, and the packets that it makes itself. */

import type { Lab, Outcome } from "../harness/netns.ts";

export const ONLY_NET_RAW = [
  "setpriv",
  "--reuid=65534",
  "--regid=65534",
  "--clear-groups",
  "--inh-caps=-all,+net_raw",
  "--ambient-caps=-all,+net_raw",
  "--bounding-set=-all,+net_raw",
  "--no-new-privs",
];

/** Perl that puts nothing between the program and the kernel. */
export const PERL = ["perl", "-MSocket", "-e"];

const CONSTANTS = `
use constant { SO_MARK => 36, AF_PACKET => 17, SOL_PACKET => 263, QDISC_BYPASS => 20, AF_XDP => 44, SOL_XDP => 283 };
sub place { pack("S n i S C C a8", AF_PACKET, 0x0800, $_[0], 0, 0, 6, "") }
`;

/** Runs it in the namespace with the one capability. */
export function withNetRaw(lab: Lab, namespace: string, code: string): Promise<Outcome> {
  return lab.attempt(namespace, ...ONLY_NET_RAW, ...PERL, CONSTANTS + code);
}

/** Sends an ICMP packet, from its type on, by a raw socket. */
export function sendByRawSocket(to: string, icmp: Uint8Array, mark?: number): string {
  return `
socket(S, AF_INET, SOCK_RAW, 1) or die "socket: $!";
${mark === undefined ? "" : `setsockopt(S, SOL_SOCKET, SO_MARK, pack("I", ${mark})) or die "mark: $!";`}
send(S, pack("H*", "${hex(icmp)}"), 0, pack_sockaddr_in(0, inet_aton("${to}"))) or die "send: $!";
`;
}

/** Sends a whole frame by a packet socket at the device. */
export function sendByPacketSocket(
  ifindex: number,
  frame: Uint8Array,
  { mark, bypass = false }: { mark?: number | undefined; bypass?: boolean } = {},
): string {
  return `
socket(S, AF_PACKET, SOCK_RAW, 0) or die "socket: $!";
${mark === undefined ? "" : `setsockopt(S, SOL_SOCKET, SO_MARK, pack("I", ${mark})) or die "mark: $!";`}
${bypass ? `setsockopt(S, SOL_PACKET, QDISC_BYPASS, pack("i", 1)) or die "bypass: $!";` : ""}
send(S, pack("H*", "${hex(frame)}"), 0, place(${ifindex})) or die "send: $!";
`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
