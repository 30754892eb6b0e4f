/**
 * What layer 7 sees of a connection. A transaction is a request with its answer, or what both ends of a connection say of themselves
 * before they encrypt. The members are those of `weir inspect --json`; a member that is not known is absent.
 */

import type { Undecided } from "./undecided.ts";

export type Protocol = "http" | "http2" | "tls" | "dns" | "ssh" | "quic";

export interface Http {
  method?: string;
  /** In lower case, without the port. */
  host?: string;
  /** As it was sent, with its query. */
  path?: string;
  /** Such as 1.1 or 2. */
  version?: string;
  status?: number;
  /** The headers of the request, by names in lower case. Values of the same name are joined by a comma. */
  headers?: Record<string, string>;
  /** The protocol that the server has switched to, such as websocket. */
  upgrade?: string;
}

export interface Certificate {
  subject: string;
  common_name?: string;
  issuer: string;
  /** The alternative names. */
  names: string[];
  not_before: string;
  not_after: string;
  serial: string;
  fingerprint_sha256: string;
  /** Such as rsa 2048 or ec prime256v1. */
  key: string;
}

export interface Tls {
  /** What the client claims. With hidden_name ech, the name that it means may be another one, which is encrypted. */
  server_name?: string;
  /** The version that the server chose: 1.0 to 1.3. */
  version?: string;
  /** The highest version that the client offers. */
  offered_version?: string;
  /** What the server chose, or the client offers as long as that is not known or is encrypted. */
  alpn?: string[];
  /** The name of the cipher suite that the server chose. */
  cipher?: string;
  ja3?: string;
  ja4?: string;
  hidden_name?: "ech" | "absent";
  /** The server's, which TLS 1.3 encrypts. */
  certificate?: Certificate;
}

export interface DnsAnswer {
  name: string;
  type: string;
  data: string;
  ttl: number;
}

export interface Dns {
  question?: { name: string; type: string };
  answers?: DnsAnswer[];
  /** Such as NOERROR or NXDOMAIN. */
  rcode?: string;
  /** True if the answer did not fit into the datagram. */
  truncated?: true;
  /** True if this answers no question that weir has seen. */
  unasked?: true;
  over: "udp" | "tcp";
}

export interface Ssh {
  /** The line with which the client begins, without its line end. */
  client?: string;
  server?: string;
  host_key?: { type: string; sha256: string };
}

export interface Quic {
  version?: string;
  server_name?: string;
  alpn?: string[];
  ja4?: string;
  hidden_name?: "ech" | "absent";
}

export interface Transaction {
  protocol: Protocol | "unknown";
  http?: Http;
  tls?: Tls;
  dns?: Dns;
  ssh?: Ssh;
  quic?: Quic;
  /** Why no rule can be sure of it. */
  undecided?: Undecided;
}
