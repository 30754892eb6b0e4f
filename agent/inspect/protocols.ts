/** The protocols that weir reads, in the order in which they are tried. */

import type { DatagramProtocol, StreamProtocol } from "./parser.ts";

export const STREAM_PROTOCOLS: readonly StreamProtocol[] = [];

export const DATAGRAM_PROTOCOLS: readonly DatagramProtocol[] = [];
