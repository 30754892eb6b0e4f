/** Assigns flows to sockets: by both ends if they are connected, else by the local port, or by their cookies. */

import { endpointOf, natOf } from "../events/decode.ts";
import type { Endpoint } from "../../values/traffic.ts";
import { type FlowEntry, readFlow } from "../flows/collect.ts";

interface Listed {
  protocol: string;
  local?: Endpoint;
  remote?: Endpoint;
  cookie: bigint;
}

export interface SocketTraffic {
  connections: number;
  sent: number;
  received: number;
}

/** The facts about one connection. */
export interface Connection extends SocketTraffic {
  slot: number;
  generation: number;
  openedJiffies: bigint;
}

const PROTOCOLS: Record<number, string> = { 6: "tcp", 17: "udp" };

export class TrafficOfSockets {
  readonly #connections = new Map<string, Connection>();
  readonly #ports = new Map<string, SocketTraffic>();
  readonly #cookies: ReadonlySet<bigint>;
  readonly #raw = new Map<bigint, SocketTraffic>();

  /** `cookies` are those of sockets that are neither TCP nor UDP. */
  constructor(cookies: ReadonlySet<bigint>) {
    this.#cookies = cookies;
  }

  /** Adds a flow. A flow inside a tunnel does not belong to a socket of this host. */
  add(entry: FlowEntry): void {
    const flow = readFlow(entry);
    if (flow.tunnel !== 0) return;
    const protocol = PROTOCOLS[flow.protocol];
    const fromHere = flow.direction === "egress";
    const [own, other] = fromHere ? [0, 1] : [1, 0];
    const [sent, received] = [Number(flow.bytes[own]), Number(flow.bytes[other])];
    if (this.#cookies.has(flow.cookie)) addTo(this.#raw, flow.cookie, sent, received);
    if (protocol === undefined) return;
    const wire = {
      source: endpointOf(flow.source, flow.sourcePort, flow.protocol),
      destination: endpointOf(flow.destination, flow.destinationPort, flow.protocol),
    };
    // The ends of a socket are those behind NAT.
    const [here, there] = fromHere ? (["source", "destination"] as const) : (["destination", "source"] as const);
    const ends = natOf(flow.nat, flow.protocol) ?? wire;
    this.#connections.set(keyOf(protocol, ends[here], ends[there]), {
      connections: 1,
      sent,
      received,
      slot: flow.slot,
      generation: flow.generation,
      openedJiffies: flow.openedJiffies,
    });
    const elsewhere = ends[here].address !== wire[here].address;
    if (!elsewhere && (!fromHere || protocol === "udp")) addTo(this.#ports, `${protocol} ${ends[here].port}`, sent, received);
  }

  of({ protocol, local, remote, cookie }: Listed): { traffic: SocketTraffic; connection?: Connection } {
    if (this.#cookies.has(cookie)) return { traffic: this.#raw.get(cookie) ?? NONE };
    if (local === undefined) return { traffic: NONE };
    if (remote === undefined) return { traffic: this.#ports.get(`${protocol} ${local.port}`) ?? NONE };
    const connection = this.#connections.get(keyOf(protocol, local, remote));
    return connection === undefined ? { traffic: NONE } : { traffic: connection, connection };
  }
}

const NONE: SocketTraffic = { connections: 0, sent: 0, received: 0 };

function keyOf(protocol: string, local: Endpoint, remote: Endpoint): string {
  return `${protocol} ${local.address} ${local.port} ${remote.address} ${remote.port}`;
}

function addTo<Key>(sums: Map<Key, SocketTraffic>, key: Key, sent: number, received: number): void {
  const before = sums.get(key) ?? NONE;
  sums.set(key, { connections: before.connections + 1, sent: before.sent + sent, received: before.received + received });
}
