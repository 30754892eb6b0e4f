/** Asks netfilter's connection tracking (ctnetlink) about a single connection. */

import { closeSync } from "node:fs";

import { attribute, attributes, getRequest, messages, NESTED, NLMSG_ERROR, viewOf } from "./netlink.ts";
import { DATAGRAM, NETLINK_NETFILTER, openNetlink } from "./netlink-socket.ts";
import { check, libc } from "./syscall.ts";

/** The addresses and ports of a connection's first packet, as it arrived. */
export interface Arrived {
  /** The address has 4 or 16 bytes. */
  source: Uint8Array;
  destination: Uint8Array;
  sourcePort: number;
  destinationPort: number;
  protocol: number;
}

const CONNTRACK = 1 << 8;
const GET = CONNTRACK | 1;
const FOUND = CONNTRACK | 0;
const AF_INET = 2;
const AF_INET6 = 10;
const GENERIC_HEADER = 4;
const Attribute = { ORIGINAL: 1 | NESTED, STATUS: 3 } as const;
const Tuple = { IP: 1 | NESTED, PROTOCOL: 2 | NESTED } as const;
const Ip = { 4: { SOURCE: 1, DESTINATION: 2 }, 6: { SOURCE: 3, DESTINATION: 4 } } as const;
const Protocol = { NUMBER: 1, SOURCE_PORT: 2, DESTINATION_PORT: 3 } as const;
/** IPS_DST_NAT: the destination of the connection was translated (DNAT). */
const STATUS_DNAT = 1 << 5;

export class Conntrack implements Disposable {
  readonly #fd = openNetlink("ask netfilter about connections", NETLINK_NETFILTER);
  readonly #answer = Buffer.allocUnsafe(DATAGRAM);
  #sequence = 0;

  /** Returns whether the destination of the connection is translated; undefined if netfilter does not know the connection. */
  isDestinationTranslated(connection: Arrived): boolean | undefined {
    const sequence = ++this.#sequence;
    const request = getRequest(GET, sequence, questionOf(connection));
    const operation = "ask netfilter about a connection";
    check(operation, libc().send(this.#fd, request, request.length, 0));
    const length = check(operation, libc().recv(this.#fd, this.#answer, this.#answer.length, 0));
    for (const message of messages(this.#answer.subarray(0, length))) {
      if (message.type === NLMSG_ERROR || message.type !== FOUND || message.sequence !== sequence) continue;
      const status = attributes(message.body.subarray(GENERIC_HEADER)).get(Attribute.STATUS);
      if (status !== undefined && status.length >= 4) return (viewOf(status).getUint32(0) & STATUS_DNAT) !== 0;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

function questionOf({ source, destination, sourcePort, destinationPort, protocol }: Arrived): Buffer {
  const ipv4 = source.length === 4;
  const types = ipv4 ? Ip[4] : Ip[6];
  const tuple = attribute(
    Attribute.ORIGINAL,
    attribute(Tuple.IP, attribute(types.SOURCE, source), attribute(types.DESTINATION, destination)),
    attribute(
      Tuple.PROTOCOL,
      attribute(Protocol.NUMBER, Uint8Array.of(protocol)),
      attribute(Protocol.SOURCE_PORT, port(sourcePort)),
      attribute(Protocol.DESTINATION_PORT, port(destinationPort)),
    ),
  );
  return Buffer.concat([Uint8Array.of(ipv4 ? AF_INET : AF_INET6, 0, 0, 0), tuple]);
}

function port(number: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(number);
  return bytes;
}
