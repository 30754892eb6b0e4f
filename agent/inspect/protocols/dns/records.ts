/** Types of records, and what a record says as text. */

import { formatAddress, fromIPv4 } from "../../../values/address.ts";
import { NotDecided } from "../../undecided.ts";
import { escaped, readName } from "./names.ts";

const TYPES: Readonly<Record<number, string>> = {
  1: "A",
  2: "NS",
  5: "CNAME",
  6: "SOA",
  12: "PTR",
  13: "HINFO",
  15: "MX",
  16: "TXT",
  28: "AAAA",
  33: "SRV",
  35: "NAPTR",
  39: "DNAME",
  41: "OPT",
  43: "DS",
  46: "RRSIG",
  47: "NSEC",
  48: "DNSKEY",
  50: "NSEC3",
  52: "TLSA",
  64: "SVCB",
  65: "HTTPS",
  251: "IXFR",
  252: "AXFR",
  255: "ANY",
  257: "CAA",
};

const RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"];

export const OPT = 41;

export function typeName(type: number): string {
  return TYPES[type] ?? `TYPE${type}`;
}

export function rcodeName(rcode: number): string {
  return rcode === 16 ? "BADVERS" : (RCODES[rcode] ?? `RCODE${rcode}`);
}

/** Returns what the record from `at` to `end` says. Types without a form of their own are written as RFC 3597 does. */
export function dataOf(message: Buffer, type: number, at: number, end: number): string {
  const data = message.subarray(at, end);
  const number = (from: number, size: 2 | 4): number => {
    if (from + size > end) throw new NotDecided("malformed");
    return message.readUIntBE(from, size);
  };
  const name = (from: number): { name: string; end: number } => {
    const read = readName(message, from);
    if (read.end > end) throw new NotDecided("malformed");
    return { name: read.name === "" ? "." : read.name, end: read.end };
  };
  const last = (read: { name: string; end: number }): string => {
    if (read.end !== end) throw new NotDecided("malformed");
    return read.name;
  };
  switch (TYPES[type]) {
    case "A":
      if (data.length !== 4) throw new NotDecided("malformed");
      return formatAddress(fromIPv4(data.readUInt32BE()));
    case "AAAA":
      if (data.length !== 16) throw new NotDecided("malformed");
      return formatAddress(data);
    case "NS":
    case "CNAME":
    case "PTR":
    case "DNAME":
      return last(name(at));
    case "MX":
      return `${number(at, 2)} ${last(name(at + 2))}`;
    case "SRV":
      return `${number(at, 2)} ${number(at + 2, 2)} ${number(at + 4, 2)} ${last(name(at + 6))}`;
    case "SOA": {
      const [server, mailbox] = [name(at), name(name(at).end)];
      if (mailbox.end + 20 !== end) throw new NotDecided("malformed");
      const numbers = [0, 4, 8, 12, 16].map((from) => number(mailbox.end + from, 4));
      return [server.name, mailbox.name, ...numbers].join(" ");
    }
    case "TXT":
      return textsOf(data).join(" ");
    default:
      return `\\# ${data.length} ${data.toString("hex")}`.trim();
  }
}

function textsOf(data: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < data.length; at += 1 + data[at]!) {
    if (at + 1 + data[at]! > data.length) throw new NotDecided("malformed");
    const text = data.toString("latin1", at + 1, at + 1 + data[at]!);
    texts.push(`"${text.replace(/[^ !#-[\]-~]/g, (one) => escaped(one.charCodeAt(0)))}"`);
  }
  return texts;
}
