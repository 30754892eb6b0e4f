/** Writes a transaction of layer 7 as a line for people. */

import type { Dns, Http, Quic, Ssh, Tls, Transaction } from "../inspect/transaction.ts";
import { UNDECIDED } from "../inspect/undecided.ts";
import { printable } from "../values/quote.ts";

const LONGEST = 1000;

export function transactionText({ http, tls, dns, ssh, quic, undecided }: Transaction): string {
  const said = [
    ...(http === undefined ? [] : httpText(http)),
    ...(tls === undefined ? [] : tlsText(tls)),
    ...(dns === undefined ? [] : dnsText(dns)),
    ...(ssh === undefined ? [] : sshText(ssh)),
    ...(quic === undefined ? [] : quicText(quic)),
    ...(undecided === undefined ? [] : [`undecided: ${UNDECIDED[undecided]}`]),
  ];
  return printable(said.filter((part) => part !== undefined).join(" "), LONGEST);
}

type Parts = (string | undefined)[];

function httpText({ method, host, path, status, upgrade }: Http): Parts {
  return [
    method,
    host === undefined && path === undefined ? undefined : `${host ?? ""}${path ?? ""}`,
    status === undefined ? undefined : `-> ${status}`,
    upgrade === undefined ? undefined : `upgraded to ${upgrade}`,
  ];
}

function tlsText({ server_name, hidden_name, version, offered_version, alpn, certificate }: Tls): Parts {
  return [
    nameText(server_name, hidden_name),
    version === undefined ? offered_version && `offers up to TLS ${offered_version}` : `TLS ${version}`,
    alpn?.join("/"),
    certificate && `certificate of ${certificate.common_name ?? certificate.subject}`,
  ];
}

function dnsText({ question, rcode, answers }: Dns): Parts {
  return [
    question && `${question.name} ${question.type}`,
    rcode === undefined ? undefined : `-> ${rcode}`,
    answers === undefined || answers.length === 0 ? undefined : answers.map(({ data }) => data).join(", "),
  ];
}

function sshText({ client, server, host_key }: Ssh): Parts {
  return [client, server && `-> ${server}`, host_key && `${host_key.type} ${host_key.sha256}`];
}

function quicText({ version, server_name, hidden_name, alpn }: Quic): Parts {
  return [nameText(server_name, hidden_name), version && `QUIC ${version}`, alpn?.join("/")];
}

function nameText(name: string | undefined, hidden: "ech" | "absent" | undefined): string | undefined {
  if (name !== undefined) return name;
  return hidden === "ech" ? "(name is encrypted)" : hidden === "absent" ? "(no name)" : undefined;
}
