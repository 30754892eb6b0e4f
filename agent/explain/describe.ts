/** Describes a packet in one line, as the rules see it. */

import { formatAddress, fromInteger } from "../values/address.ts";
import { icmpTable, icmpTypeName, protocolName, TCP_FLAGS } from "../values/names.ts";
import type { Arrival } from "../policy/reference.ts";
import { Fragments } from "../policy/reference/fragments.ts";
import type { Packet, TransportHeader } from "../policy/reference/packet.ts";
import { parseFrame } from "../policy/reference/parse.ts";

/** The line looks like: tcp 192.0.2.7:40000 > 198.51.100.1:23 syn, in by eth0 */
export function describePacket(arrival: Arrival): string {
  return `${contentOf(arrival)}, ${arrival.hook === "ingress" ? "in" : "out"} by ${arrival.interface}`;
}

function contentOf(arrival: Arrival): string {
  const seen = parseFrame(arrival, new Fragments());
  if ("etherType" in seen) return `a frame of ethertype 0x${seen.etherType.toString(16).padStart(4, "0")}`;
  if (seen.packet === undefined) return "a frame without readable addresses";
  const { packet } = seen;
  const transport = packet.transport;
  const protocol =
    transport === undefined
      ? packet.headerProtocol === null
        ? "IPv6"
        : protocolName(packet.headerProtocol)
      : protocolName(transport.protocol);
  const ends = `${endOf(packet.source, transport?.ports?.source)} > ${endOf(packet.destination, transport?.ports?.destination)}`;
  return [protocol, ends, ...detailsOf(packet, transport)].join(" ");
}

function detailsOf({ fragment }: Packet, transport: TransportHeader | undefined): string[] {
  const details: string[] = [];
  if (transport?.tcpFlags != null) {
    const flags = Object.entries(TCP_FLAGS).filter(([, bit]) => transport.tcpFlags! & bit);
    details.push(flags.length === 0 ? "without flags" : flags.map(([name]) => name).join(","));
  }
  if (transport?.icmp != null) {
    const { type, code } = transport.icmp;
    details.push(`${icmpTypeName(icmpTable(transport.protocol) ?? {}, type)}${code === 0 ? "" : ` code ${code}`}`);
  }
  if (fragment !== null) details.push(fragment.offset > 0 ? "(a later fragment)" : "(a first fragment)");
  return details;
}

function endOf(address: bigint, port: number | undefined): string {
  const text = formatAddress(fromInteger(address));
  if (port === undefined) return text;
  return text.includes(":") ? `[${text}]:${port}` : `${text}:${port}`;
}
