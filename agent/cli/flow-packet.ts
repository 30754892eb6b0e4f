/** Makes the packet that opened a live connection. The connection is named as `weir flows` shows it. */

import { isIP } from "node:net";
import type { FlowRow } from "../observe/flows/row.ts";
import type { PacketText } from "../explain/packet.ts";
import type { LocalProcess } from "../policy/subject.ts";
import { type Call, UsageError } from "./arguments.ts";
import { Refusal } from "../values/refusal.ts";
import { duration, endpoint } from "./format.ts";
import { clientFor } from "./paths.ts";
import { note } from "./print.ts";
import { FLOWS } from "../service/requests/observation.ts";

export async function packetOfFlow(call: Call): Promise<PacketText & { process?: LocalProcess }> {
  const [protocol, source, destination] = call.words as [string, string, string];
  for (const end of [source, destination]) {
    if (isIP(addressOf(end)) === 0) throw new UsageError(`"${end}" is not an end of a connection, as 192.0.2.7:40000 or [2001:db8::1]:443`);
  }
  const asked = { protocol: protocol.toLowerCase(), address: addressOf(source), limit: FLOWS.properties.limit.maximum };
  const rows = await (await clientFor(call)).flows(asked);
  const ends = (row: FlowRow): string => `${endpoint(row.source)} ${endpoint(row.destination)}`;
  const found =
    rows.find((row) => ends(row) === `${source} ${destination}`) ?? rows.find((row) => ends(row) === `${destination} ${source}`);
  if (found === undefined) {
    throw new Refusal(`There is no live connection ${protocol} ${source} ${destination}.`, {
      next: "`weir flows` shows those there are; describe the packet with options if it has ended.",
    });
  }
  if (found.tunnel !== undefined) {
    throw new Refusal(`This connection is inside a tunnel (${found.tunnel.kind} ${found.tunnel.id}).`, {
      next: "Capture a packet of it, and give it with --pcap.",
    });
  }
  note(
    `The rule that decided the connection is ${found.rule}; its last packet came ${duration(found.idle_s)} ago. The lines below are about its first packet, if it came now.`,
  );
  return { ...packetOfRow(found), ...(found.process === undefined ? {} : { process: processOfRow(found) }) };
}

function packetOfRow({ direction, interface: device, protocol, source, destination, icmp, vlan }: FlowRow): PacketText {
  return {
    direction,
    interface: device,
    source: source.address,
    destination: destination.address,
    protocol: /^[0-9]+$/.test(protocol) ? Number(protocol) : protocol,
    ...(source.port === undefined ? {} : { source_port: source.port }),
    ...(destination.port === undefined ? {} : { destination_port: destination.port }),
    ...(icmp === undefined ? {} : { icmp }),
    ...(vlan?.[0] === undefined ? {} : { vlan: vlan[0] }),
  };
}

/** Only the names of the parent processes are known. */
function processOfRow({ process, container, pod, unit }: FlowRow): LocalProcess {
  const { executable, arguments: words, uid, user } = process!;
  return {
    ...(executable === undefined ? {} : { executable }),
    ...(words === undefined ? {} : { command: words.join(" ") }),
    user: { uid, ...(user === undefined ? {} : { name: user }) },
    workload: {
      ...(container === undefined ? {} : { container }),
      ...(pod === undefined ? {} : { pod }),
      ...(unit === undefined ? {} : { unit }),
    },
  };
}

function addressOf(end: string): string {
  if (end.startsWith("[")) return end.slice(1, end.indexOf("]"));
  return isIP(end) === 0 ? end.slice(0, Math.max(0, end.lastIndexOf(":"))) : end;
}
