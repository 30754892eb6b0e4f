/** What the flow table knows of sockets: by both ends where they are connected, else by the local port. */

import { formatAddress } from "../../config/address.ts";
import { type FlowEntry, readFlow } from "../flows/collect.ts";
import type { KernelSocket } from "./diag.ts";

export interface SocketTraffic {
  connections: number;
  sent: number;
  received: number;
}

/** Of one connection. */
export interface Connection extends SocketTraffic {
  slot: number;
  generation: number;
  openedJiffies: bigint;
}

const PROTOCOLS: Record<number, KernelSocket["protocol"]> = { 6: "tcp", 17: "udp" };

export class TrafficOfSockets {
  readonly #connections = new Map<string, Connection>();
  readonly #ports = new Map<string, SocketTraffic>();

  /** A flow inside a tunnel is none of a socket here. */
  add(entry: FlowEntry): void {
    const flow = readFlow(entry);
    const protocol = PROTOCOLS[flow.protocol];
    if (protocol === undefined || flow.tunnel !== 0) return;
    const fromHere = flow.direction === "egress";
    const [own, other] = fromHere ? [0, 1] : [1, 0];
    const [local, localPort, remote, remotePort] = fromHere ? [flow.source, flow.sourcePort, flow.destination, flow.destinationPort] : [flow.destination, flow.destinationPort, flow.source, flow.sourcePort];
    const [sent, received] = [Number(flow.bytes[own]), Number(flow.bytes[other])];
    this.#connections.set(keyOf(protocol, formatAddress(local), localPort, formatAddress(remote), remotePort), { connections: 1, sent, received, slot: flow.slot, generation: flow.generation, openedJiffies: flow.openedJiffies });
    if (!fromHere || protocol === "udp") addTo(this.#ports, `${protocol} ${localPort}`, sent, received);
  }

  of({ protocol, local, remote }: KernelSocket): { traffic: SocketTraffic; connection?: Connection } {
    if (remote === undefined) return { traffic: this.#ports.get(`${protocol} ${local.port}`) ?? NONE };
    const connection = this.#connections.get(keyOf(protocol, local.address, local.port, remote.address, remote.port));
    return connection === undefined ? { traffic: NONE } : { traffic: connection, connection };
  }
}

const NONE: SocketTraffic = { connections: 0, sent: 0, received: 0 };

function keyOf(protocol: string, local: string, localPort: number, remote: string, remotePort: number): string {
  return `${protocol} ${local} ${localPort} ${remote} ${remotePort}`;
}

function addTo(ports: Map<string, SocketTraffic>, key: string, sent: number, received: number): void {
  const before = ports.get(key) ?? NONE;
  ports.set(key, { connections: before.connections + 1, sent: before.sent + sent, received: before.received + received });
}
