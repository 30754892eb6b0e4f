/** DNS messages, made byte by byte, so that tests can make wrong ones. */

import { u16, vector } from "./hello.ts";

export const TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33, HTTPS: 65 } as const;

export interface DnsRecord {
  name: Buffer;
  type: number;
  ttl?: number;
  data: Buffer;
}

interface Made {
  id?: number;
  flags?: number;
  questions?: readonly { name: Buffer; type: number }[];
  answers?: readonly DnsRecord[];
  additional?: readonly DnsRecord[];
}

export const ANSWER = 0x8180;

/** A name without pointers; a label may hold any bytes. */
export function nameOf(...labels: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat([...labels.map((label) => vector(1, Buffer.from(label as string, "latin1"))), Buffer.from([0])]);
}

export const pointerTo = (at: number): Buffer => u16(0xc000 | at);

/** Where the name of the first question begins. */
export const QUESTION_AT = 12;

export function dnsMessage({ id = 7, flags = 0x0100, questions = [], answers = [], additional = [] }: Made): Buffer {
  const record = ({ name, type, ttl = 60, data }: DnsRecord): Buffer =>
    Buffer.concat([name, u16(type, 1, ttl >>> 16, ttl & 0xffff), vector(2, data)]);
  return Buffer.concat([
    u16(id, flags, questions.length, answers.length, 0, additional.length),
    ...questions.map(({ name, type }) => Buffer.concat([name, u16(type, 1)])),
    ...answers.map(record),
    ...additional.map(record),
  ]);
}

export const overTcp = (...messages: readonly Uint8Array[]): Buffer => Buffer.concat(messages.map((message) => vector(2, message)));
