/** Ways to write one UDP datagram so that a filter and a receiver may read it differently, as data. */

import type { End } from "../harness/netns.ts";
import {
  AH,
  BROADCAST,
  DestinationOptions,
  Ethernet,
  Fragment,
  frame,
  GRE,
  HopByHop,
  inside,
  IPv4,
  IPv6,
  type Layer,
  payload,
  Routing,
  UDP,
  VLAN,
  VXLAN,
} from "../harness/packet.ts";

export interface Aim {
  /** Of this datagram alone: it makes its source port and, where it is cut, the number of its pieces. */
  id: number;
  port: number;
  text: string;
}

export interface Trick {
  name: string;
  /** Whether Linux hands such a datagram to a socket; the kind of device where it takes one for that. */
  arrives: boolean | string;
  /** What weir says it cannot decide; absent where the rules decide. */
  undecided?: string;
  frames(aim: Aim): Uint8Array[];
}

/** The receiver's VXLAN device. */
export const VXLAN_DEVICE = { vni: 7, mac: "02:00:00:00:07:07" };
/** The receiver's VLAN devices, each on the one before. */
export const TAGS = [5, 6, 7];

interface Family {
  name: string;
  ethernet: Layer;
  /** Of the packet, whatever it carries. */
  ip(protocol?: number): Layer;
  /** What weir says of a packet that is longer than its frame. */
  tooLong: string;
  /** The headers of one piece of a UDP datagram. */
  piece(id: number, offset: number, more: boolean): Layer[];
}

export function tricks(from: End, to: End): Trick[] {
  const ethernet = Ethernet({ src: from.mac, dst: to.mac });
  const v4 = { src: from.ipv4, dst: to.ipv4 };
  const v6 = { src: from.ipv6, dst: to.ipv6 };
  const families: Family[] = [
    {
      name: "IPv4",
      ethernet,
      ip: (protocol) => IPv4({ ...v4, ...(protocol !== undefined && { protocol }) }),
      tooLong: "ipv4_total_length",
      piece: (id, offset, more) => [IPv4({ ...v4, protocol: 17, fragment: { id, offset, more } })],
    },
    {
      name: "IPv6",
      ethernet,
      ip: (protocol) => IPv6({ ...v6, ...(protocol !== undefined && { nextHeader: protocol }) }),
      tooLong: "ipv6_payload_length",
      piece: (id, offset, more) => [IPv6(v6), Fragment({ nextHeader: 17, id, offset, more })],
    },
  ];
  return [
    ...families.flatMap((family) => over(family.name, [...plain(family), ...cut(family)])),
    ...ofIPv4(ethernet, v4),
    ...ofIPv6(ethernet, v6),
    ...tunnelled(ethernet, families, v4),
  ];
}

function over(family: string, list: Trick[]): Trick[] {
  return list.map((trick) => ({ ...trick, name: `${family}, ${trick.name}` }));
}

const udp = ({ id, port, text }: Aim, more = {}): Layer[] => [UDP({ sport: 20_000 + id, dport: port, ...more }), payload(text)];

function plain({ ethernet, ip, tooLong }: Family): Trick[] {
  const behind =
    (...layers: Layer[]) =>
    (aim: Aim): Uint8Array[] => [frame(ethernet, ...layers, ip(), ...udp(aim))];
  const saying =
    (more: object) =>
    (aim: Aim): Uint8Array[] => [frame(ethernet, ip(), ...udp(aim, more))];
  /** An IP packet of these bytes of UDP. */
  const carrying =
    (bytes: (whole: Uint8Array) => Uint8Array) =>
    (aim: Aim): Uint8Array[] => [frame(ethernet, ip(17), payload(bytes(inside(ip(), ...udp(aim)))))];
  const tags = (count: number): Layer[] => TAGS.slice(0, count).map((id) => VLAN(id));
  return [
    { name: "nothing", arrives: true, frames: behind() },
    { name: "a priority tag", arrives: true, frames: behind(VLAN({ id: 0, priority: 7 })) },
    { name: "two priority tags", arrives: true, frames: behind(VLAN(0), VLAN({ id: 0, tpid: 0x88a8 })) },
    { name: "three priority tags", arrives: true, undecided: "vlan_depth", frames: behind(VLAN(0), VLAN(0), VLAN(0)) },
    { name: "a tag", arrives: "vlan", frames: behind(...tags(1)) },
    { name: "two tags", arrives: "vlan", frames: behind(...tags(2)) },
    { name: "three tags", arrives: "vlan", undecided: "vlan_depth", frames: behind(...tags(3)) },
    { name: "a trailer", arrives: true, frames: (aim) => [Buffer.concat([...behind()(aim), new Uint8Array(20)])] },
    {
      name: "the last byte missing",
      arrives: false,
      undecided: tooLong,
      frames: (aim) => behind()(aim).map((bytes) => bytes.subarray(0, -1)),
    },
    { name: "half a UDP header", arrives: false, undecided: "udp_truncated", frames: carrying((whole) => whole.subarray(0, 4)) },
    { name: "a UDP length beyond the packet", arrives: false, undecided: "udp_length", frames: saying({ length: 1000 }) },
    { name: "a UDP length within the packet", arrives: true, frames: carrying((whole) => Buffer.concat([whole, new Uint8Array(9)])) },
    { name: "a source port of DHCP", arrives: true, frames: saying({ sport: 67 }) },
    { name: "a wrong UDP checksum", arrives: false, frames: saying({ checksum: 1 }) },
  ];
}

/** Of pieces. The datagram is 8 bytes of UDP header and a text that is longer than 8 bytes. */
function cut({ ethernet, ip, piece }: Family): Trick[] {
  const datagram = (aim: Aim): Uint8Array => inside(ip(), ...udp(aim));
  const part = (aim: Aim, start: number, end?: number, tags: Layer[] = []): Uint8Array => {
    const bytes = datagram(aim);
    const stop = end ?? bytes.length;
    return frame(ethernet, ...tags, ...piece(aim.id, start, stop < bytes.length), payload(bytes.subarray(start, stop)));
  };
  /** Says another port than the datagram. */
  const liar = (aim: Aim): Uint8Array =>
    frame(ethernet, ...piece(aim.id, 0, true), payload(datagram({ ...aim, port: aim.port + 1000 }).subarray(0, 16)));
  const eights = (aim: Aim): Uint8Array[] =>
    Array.from({ length: Math.ceil(datagram(aim).length / 8) }, (_, n) => part(aim, 8 * n, Math.min(8 * n + 8, datagram(aim).length)));
  return [
    { name: "a first piece of 8 bytes", arrives: true, frames: (aim) => [part(aim, 0, 8), part(aim, 8)] },
    { name: "pieces of 8 bytes", arrives: true, frames: eights },
    {
      name: "two pieces in reversed order",
      arrives: true,
      undecided: "fragment_without_first",
      frames: (aim) => [part(aim, 8), part(aim, 0, 8)],
    },
    {
      name: "pieces of 8 bytes in reversed order",
      arrives: true,
      undecided: "fragment_without_first",
      frames: (aim) => eights(aim).reverse(),
    },
    {
      name: "the same piece twice",
      arrives: true,
      undecided: "fragment_overlap",
      frames: (aim) => [part(aim, 0, 16), part(aim, 0, 16), part(aim, 16)],
    },
    { name: "pieces that overlap", arrives: false, undecided: "fragment_overlap", frames: (aim) => [part(aim, 0, 16), part(aim, 8)] },
    {
      name: "another port before its own",
      arrives: false,
      undecided: "fragment_overlap",
      frames: (aim) => [liar(aim), part(aim, 0, 16), part(aim, 16)],
    },
    {
      name: "another port behind its own",
      arrives: true,
      undecided: "fragment_overlap",
      frames: (aim) => [part(aim, 0, 16), liar(aim), part(aim, 16)],
    },
    {
      name: "pieces with tags that differ",
      arrives: "vlan",
      undecided: "fragment_without_first",
      frames: (aim) => [part(aim, 0, 16), part(aim, 16, undefined, [VLAN(TAGS[0]!)])],
    },
  ];
}

function ofIPv4(ethernet: Layer, ends: { src: string; dst: string }): Trick[] {
  const options =
    (...bytes: number[]) =>
    (aim: Aim): Uint8Array[] => [frame(ethernet, IPv4({ ...ends, options: bytes }), ...udp(aim))];
  const RECORD_ROUTE = [7, 39, 4, ...new Array<number>(36).fill(0)];
  return over("IPv4", [
    { name: "an option", arrives: true, frames: options(1) },
    { name: "the longest options", arrives: true, frames: options(1, ...RECORD_ROUTE) },
    { name: "a router alert", arrives: true, frames: options(148, 4, 0, 0) },
    { name: "an option longer than the header", arrives: false, frames: options(7, 39, 4, 0) },
    {
      name: "a header length behind the packet",
      arrives: false,
      undecided: "ipv4_header_length",
      frames: (aim) => [frame(ethernet, IPv4({ ...ends, ihl: 4 }), ...udp(aim))],
    },
    { name: "no UDP checksum", arrives: true, frames: (aim) => [frame(ethernet, IPv4(ends), ...udp(aim, { checksum: 0 }))] },
    {
      name: "everybody as its receiver",
      arrives: true,
      frames: (aim) => [frame(Ethernet({ dst: BROADCAST }), IPv4({ ...ends, dst: "255.255.255.255" }), ...udp(aim))],
    },
    { name: "the reserved flag", arrives: true, frames: (aim) => [frame(ethernet, IPv4({ ...ends, reserved: true }), ...udp(aim))] },
  ]);
}

function ofIPv6(ethernet: Layer, ends: { src: string; dst: string }): Trick[] {
  const behind =
    (...layers: Layer[]) =>
    (aim: Aim): Uint8Array[] => [frame(ethernet, IPv6(ends), ...layers, ...udp(aim))];
  const saying =
    (more: object) =>
    (aim: Aim): Uint8Array[] => [frame(ethernet, IPv6(ends), ...udp(aim, more))];
  return over("IPv6", [
    { name: "an atomic fragment", arrives: true, frames: behind(Fragment()) },
    { name: "two fragment headers", arrives: false, undecided: "fragment_nested", frames: behind(Fragment(), Fragment()) },
    { name: "hop-by-hop options", arrives: true, frames: behind(HopByHop()) },
    { name: "one of each header", arrives: true, frames: behind(HopByHop(), DestinationOptions(), Routing(), DestinationOptions()) },
    {
      name: "long options",
      arrives: true,
      frames: behind(DestinationOptions({ body: [0x1e, 250, ...new Array<number>(250).fill(0), 1, 0] })),
    },
    {
      name: "nine option headers",
      arrives: true,
      undecided: "extension_depth",
      frames: behind(...Array.from({ length: 9 }, () => DestinationOptions())),
    },
    { name: "a UDP length of zero", arrives: true, frames: saying({ length: 0 }) },
    {
      name: "everybody as its receiver",
      arrives: true,
      frames: (aim) => [frame(Ethernet({ dst: "33:33:00:00:00:01" }), IPv6({ ...ends, dst: "ff02::1" }), ...udp(aim))],
    },
    { name: "an authentication header", arrives: false, frames: behind(AH()) },
    { name: "hop-by-hop options that are not first", arrives: false, frames: behind(DestinationOptions(), HopByHop()) },
    {
      name: "options that end behind the packet",
      arrives: false,
      undecided: "extension_truncated",
      frames: behind(DestinationOptions({ length: 200 })),
    },
    {
      name: "a UDP header that is not in the first piece",
      arrives: false,
      undecided: "fragment_tiny",
      frames: (aim) => [
        frame(ethernet, IPv6(ends), Fragment({ nextHeader: 60, id: aim.id, more: true }), DestinationOptions({ nextHeader: 17 })),
        frame(ethernet, IPv6(ends), Fragment({ nextHeader: 60, id: aim.id, offset: 8 }), payload(inside(IPv6(ends), ...udp(aim)))),
      ],
    },
    { name: "no UDP checksum", arrives: false, frames: saying({ checksum: 0 }) },
  ]);
}

function tunnelled(ethernet: Layer, families: Family[], ends: { src: string; dst: string }): Trick[] {
  const outer = IPv4(ends);
  const vxlan = [UDP({ sport: 50_000, checksum: 0 }), VXLAN({ vni: VXLAN_DEVICE.vni }), Ethernet({ dst: VXLAN_DEVICE.mac })];
  return families.flatMap(({ name, ip, piece }) => {
    const behind =
      (...layers: Layer[]) =>
      (aim: Aim): Uint8Array[] => [frame(ethernet, outer, ...layers, ip(), ...udp(aim))];
    /** The outer packet in two pieces. */
    const cutAt =
      (place: number) =>
      (aim: Aim): Uint8Array[] => {
        const bytes = inside(outer, ...vxlan, ip(), ...udp(aim));
        const part = (offset: number, content: Uint8Array): Uint8Array =>
          frame(ethernet, IPv4({ ...ends, protocol: 17, fragment: { id: aim.id, offset, more: offset === 0 } }), payload(content));
        return [part(0, bytes.subarray(0, place)), part(place, bytes.subarray(place))];
      };
    const cutInside = (aim: Aim): Uint8Array[] => {
      const bytes = inside(ip(), ...udp(aim));
      return [
        frame(ethernet, outer, ...vxlan, ...piece(aim.id, 0, true), payload(bytes.subarray(0, 16))),
        frame(ethernet, outer, ...vxlan, ...piece(aim.id, 16, false), payload(bytes.subarray(16))),
      ];
    };
    return over(name, [
      ...(name === "IPv4" ? [{ name: "inside GRE, as for a cache", arrives: "gre", frames: behind(GRE({ type: 0x883e })) }] : []),
      { name: "inside VXLAN", arrives: "vxlan", frames: behind(...vxlan) },
      { name: "inside VXLAN, with a priority tag there", arrives: "vxlan", frames: behind(...vxlan, VLAN(0)) },
      { name: "inside VXLAN, in pieces there", arrives: "vxlan", frames: cutInside },
      { name: "inside VXLAN in pieces", arrives: "vxlan", frames: cutAt(96) },
      { name: "inside VXLAN in pieces, the first of 8 bytes", arrives: "vxlan", undecided: "tunnel_truncated", frames: cutAt(8) },
      { name: "inside IP", arrives: name === "IPv4" ? "ipip" : "sit", frames: behind() },
      { name: "inside GRE", arrives: "gre", frames: behind(GRE()) },
      { name: "inside GRE, with a priority tag there", arrives: "gre", frames: behind(GRE({ type: 0x8100 }), VLAN(0)) },
      {
        name: "inside GRE, as for a cache of the second version",
        ...(name === "IPv4" ? { arrives: "gre" } : { arrives: false, undecided: "ipv4_version" }),
        frames: behind(GRE({ type: 0x883e }), payload([0, 0, 0, 0])),
      },
      { name: "inside GRE, as something else", arrives: false, undecided: "tunnel_payload", frames: behind(GRE({ type: 0x88b5 })) },
      {
        name: "inside VXLAN-GPE",
        arrives: "vxlan-gpe",
        frames: behind(UDP({ sport: 50_000, dport: 4790, checksum: 0 }), VXLAN({ vni: 7, protocol: name === "IPv4" ? 1 : 2 })),
      },
      { name: "inside VXLAN inside IP", arrives: "ipip", undecided: "tunnel_depth", frames: behind(IPv4(ends), ...vxlan) },
    ]);
  });
}
