/**
 * Asks netfilter about connections to a socket of this host that nobody answers, such as those of a log receiver. No packet
 * leaves that would show whether NAT translates their destination. Once that is known, the next packet of such a connection, and
 * each packet for the same socket, has a process again.
 */

import { isMapped } from "../../values/address.ts";
import { FlowFlag, Flow, Receiver, LocalEnd } from "../../generated/layout.ts";
import { type Arrived, Conntrack } from "../../kernel/conntrack.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import { type FlowEntry, readFlow } from "./collect.ts";

/** At most this many are asked for in one walk over the table; each takes some ten microseconds. */
const ASKED_AT_ONCE = 64;

export class Unanswered {
  readonly #localEnds: BpfMap;

  constructor(localEnds: BpfMap) {
    this.#localEnds = localEnds;
  }

  /** Begins a walk. Call `stays` for each connection that stays in the table, and then `finish`. */
  walk(): { stays(entry: FlowEntry): void; finish(): void } {
    const uncertain = new Map<string, Arrived>();
    return {
      stays(entry) {
        if ((entry.value.readUInt32LE(Flow.flags) & FlowFlag.RECEIVER_UNCERTAIN) === 0 || uncertain.size === ASKED_AT_ONCE) return;
        const { source, destination, sourcePort, destinationPort, protocol, ifindex } = readFlow(entry);
        const end = Buffer.alloc(LocalEnd.size);
        end.set(destination, LocalEnd.address_be.at);
        end.writeUInt32LE(ifindex, LocalEnd.ifindex);
        end.writeUInt16LE(destinationPort, LocalEnd.port);
        end.writeUInt16LE(protocol, LocalEnd.protocol);
        uncertain.set(end.toString("hex"), { source: bare(source), destination: bare(destination), sourcePort, destinationPort, protocol });
      },
      finish: () => this.#ask(uncertain),
    };
  }

  #ask(uncertain: ReadonlyMap<string, Arrived>): void {
    if (uncertain.size === 0) return;
    try {
      using conntrack = new Conntrack();
      for (const [end, connection] of uncertain) {
        const translated = conntrack.isDestinationTranslated(connection);
        if (translated !== undefined)
          this.#localEnds.update(Buffer.from(end, "hex"), Uint8Array.of(translated ? Receiver.REDIRECTED : Receiver.LOCAL));
      }
    } catch {
      // This kernel answers nobody about its connections, so that they stay uncertain.
    }
  }
}

/** Makes a copy, because the table is read into the same buffer again. */
function bare(address: Buffer): Buffer {
  return Buffer.from(isMapped(address) ? address.subarray(12) : address);
}
