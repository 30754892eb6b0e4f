/** Reads a packet from options such as `--in eth0 --src 192.0.2.7 --proto tcp --dport 23`. */

import { readAddress } from "../values/address.ts";
import { explainInterface } from "../values/interfaces.ts";
import { protocolNumber, PROTOCOLS, TCP_FLAGS, type TcpFlag } from "../values/names.ts";
import { meansAny } from "../values/meant.ts";
import { nearest } from "../values/nearest.ts";
import type { Direction } from "../values/traffic.ts";
import { explainPacket, PACKET_WORDS, type PacketText } from "../explain/packet.ts";
import { type Call, meant, type OptionSpec, UsageError } from "./arguments.ts";

export const PLACE_OPTIONS: Record<string, OptionSpec> = {
  in: { value: "NAME", about: "the interface on which the packet arrives" },
  out: { value: "NAME", about: "the interface on which the packet leaves" },
  forwarded: { about: "this host forwards the packet, and is not its destination" },
};

export const PACKET_OPTIONS: Record<string, OptionSpec> = {
  src: { value: "ADDRESS", about: "source" },
  dst: { value: "ADDRESS", about: "destination" },
  proto: { value: "NAME|NUMBER", about: "protocol, as tcp, udp, icmp, icmpv6, gre or 89" },
  sport: { value: "PORT", about: "source port (40000)" },
  dport: { value: "PORT", about: "destination port" },
  flags: { value: "FLAG,...", about: "TCP flags, as syn or rst,ack (syn)" },
  icmp: { value: "TYPE[/CODE]", about: "message, as echo-request or 3/1" },
  vlan: { value: "ID", about: "VLAN tag" },
};

/** Returns the interface and the direction. */
export function placeOf(call: Call): { interface: string; direction: Direction } {
  const [inward, outward] = [call.text("in"), call.text("out")];
  if ((inward === undefined) === (outward === undefined)) {
    throw new UsageError(
      inward === undefined ? "name the interface of the packet with --in or --out, as --in eth0" : "--in and --out exclude each other",
    );
  }
  const name = (inward ?? outward)!;
  const wrong = name.includes("*") ? "it is one interface, not a pattern" : explainInterface(name);
  if (wrong !== undefined) throw new UsageError(`--${inward === undefined ? "out" : "in"}: ${wrong}`);
  return { interface: name, direction: inward === undefined ? "egress" : "ingress" };
}

export function packetOf(call: Call): PacketText {
  const packet: PacketText = {
    ...placeOf(call),
    source: address(call, "src"),
    destination: address(call, "dst"),
    protocol: protocol(call),
    ...number(call, "sport", "source_port", 65_535),
    ...number(call, "dport", "destination_port", 65_535),
    ...flags(call),
    ...icmp(call),
    ...number(call, "vlan", "vlan", 4094),
  };
  const wrong = explainPacket(packet);
  if (wrong !== undefined) throw new UsageError(`--${PACKET_WORDS[wrong.key]}: ${wrong.message}`);
  return packet;
}

function needed(call: Call, option: string): string {
  const text = call.text(option);
  if (text === undefined) throw new UsageError(`--${option} ${PACKET_OPTIONS[option]!.value} is missing`);
  return text;
}

function address(call: Call, option: string): string {
  const text = needed(call, option);
  const reading = readAddress(text);
  if ("error" in reading) throw new UsageError(`--${option}: ${reading.error}${meant(reading.suggestion)}`);
  return text;
}

function protocol(call: Call): string | number {
  const text = needed(call, "proto").toLowerCase();
  if (/^[0-9]{1,3}$/.test(text) && Number(text) <= 255) return Number(text);
  if (meansAny(text)) throw new UsageError(`--proto: "${text}" is not a protocol; a packet has one, as tcp or udp`);
  if (protocolNumber(text) === undefined)
    throw new UsageError(`--proto: "${text}" is not a protocol${meant(nearest(text, Object.keys(PROTOCOLS)))}`);
  return text;
}

function number<Key extends keyof PacketText>(call: Call, option: string, key: Key, most: number): { [K in Key]?: number } {
  const text = call.text(option);
  if (text === undefined) return {};
  if (!/^[0-9]{1,5}$/.test(text) || Number(text) > most)
    throw new UsageError(`--${option} takes a whole number from 0 to ${most}, not "${text}"`);
  return { [key]: Number(text) } as { [K in Key]?: number };
}

function flags(call: Call): { flags?: TcpFlag[] } {
  const text = call.text("flags");
  if (text === undefined) return {};
  const known = Object.keys(TCP_FLAGS) as TcpFlag[];
  return { flags: text.split(",").map((flag) => call.choice("a flag", flag.trim(), known)) };
}

function icmp(call: Call): Pick<PacketText, "icmp"> {
  const text = call.text("icmp");
  if (text === undefined) return {};
  const [type, code, more] = text.split("/").map((part) => (/^[0-9]{1,3}$/.test(part) ? Number(part) : part.toLowerCase()));
  if (more !== undefined || [type, code].some((part) => typeof part === "number" && part > 255))
    throw new UsageError(`--icmp takes a message as echo-request, 3/1 or time-exceeded/0, not "${text}"`);
  return { icmp: { type: type!, ...(code === undefined ? {} : { code }) } };
}
