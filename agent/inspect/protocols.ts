/** The protocols that weir reads, in the order in which they are tried. */

import type { DatagramProtocol, StreamProtocol } from "./parser.ts";
import { DNS_OVER_TCP, DNS_OVER_UDP } from "./protocols/dns/dns.ts";
import { HTTP1 } from "./protocols/http/http1.ts";
import { HTTP2 } from "./protocols/http/http2.ts";
import { QUIC } from "./protocols/quic/quic.ts";
import { SSH } from "./protocols/ssh.ts";
import { TLS } from "./protocols/tls/tls.ts";

export const STREAM_PROTOCOLS: readonly StreamProtocol[] = [TLS, SSH, HTTP2, HTTP1, DNS_OVER_TCP];

export const DATAGRAM_PROTOCOLS: readonly DatagramProtocol[] = [QUIC, DNS_OVER_UDP];
