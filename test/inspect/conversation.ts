/** Frames of a TCP connection, from the SYN to the last FIN. */

import { Ethernet, frame, IPv4, IPv6, payload, TCP, type TCPFlag } from "../harness/packet.ts";
import type { Said } from "./driver.ts";

export interface Ends {
  client: string;
  server: string;
  ports: readonly [client: number, server: number];
}

export function conversation({ client, server, ports }: Ends, said: readonly Said[]): Uint8Array[] {
  const next = { client: 1000, server: 9000 };
  const segment = (side: "client" | "server", flags: TCPFlag[], bytes: Uint8Array = new Uint8Array(0)): Uint8Array => {
    const [src, dst, sport, dport] = side === "client" ? [client, server, ...ports] : [server, client, ports[1], ports[0]];
    const other = side === "client" ? "server" : "client";
    const ip = src.includes(":") ? IPv6({ src, dst }) : IPv4({ src, dst });
    const tcp = TCP({ sport, dport, seq: next[side], ...(flags.includes("ack") ? { ack: next[other] } : {}), flags });
    next[side] += bytes.length + (flags.includes("syn") || flags.includes("fin") ? 1 : 0);
    return frame(Ethernet({}), ip, tcp, ...(bytes.length === 0 ? [] : [payload(bytes)]));
  };
  return [
    segment("client", ["syn"]),
    segment("server", ["syn", "ack"]),
    segment("client", ["ack"]),
    ...said.flatMap(([side, bytes]) => (bytes === null ? [] : [segment(side, ["psh", "ack"], Buffer.from(bytes as string, "latin1"))])),
    segment("client", ["fin", "ack"]),
    segment("server", ["fin", "ack"]),
    segment("client", ["ack"]),
  ];
}
