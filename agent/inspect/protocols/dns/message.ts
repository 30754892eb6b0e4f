/** Reads a DNS message (RFC 1035) whole. */

import { bufferOf } from "../../cursor.ts";
import type { DnsAnswer } from "../../transaction.ts";
import { NotDecided } from "../../undecided.ts";
import { readName } from "./names.ts";
import { dataOf, OPT, typeName } from "./records.ts";

export const HEADER = 12;
const LAST_OPCODE = 6;
/** A name can have hundreds of addresses. */
const MOST_ANSWERS = 1024;

export interface DnsMessage {
  id: number;
  isAnswer: boolean;
  opcode: number;
  truncated: boolean;
  rcode: number;
  questions: { name: string; type: string }[];
  answers: DnsAnswer[];
}

export function readMessage(bytes: Uint8Array): DnsMessage {
  const message = bufferOf(bytes);
  if (message.length < HEADER) throw new NotDecided("malformed");
  const flags = message.readUInt16BE(2);
  const opcode = (flags >> 11) & 15;
  const counts = [4, 6, 8, 10].map((at) => message.readUInt16BE(at)) as [number, number, number, number];
  if (opcode > LAST_OPCODE) throw new NotDecided("malformed");
  const questions: DnsMessage["questions"] = [];
  let at = HEADER;
  for (let count = counts[0]; count > 0; count--) {
    const { name, end } = readName(message, at);
    if (end + 4 > message.length) throw new NotDecided("malformed");
    questions.push({ name, type: typeName(message.readUInt16BE(end)) });
    at = end + 4;
  }
  const answers: DnsAnswer[] = [];
  let rcode = flags & 15;
  for (const [section, records] of counts.slice(1).entries())
    for (let count = records; count > 0; count--) {
      const { name, end } = readName(message, at);
      if (end + 10 > message.length) throw new NotDecided("malformed");
      const type = message.readUInt16BE(end);
      const ttl = message.readUInt32BE(end + 4);
      const data = end + 10;
      at = data + message.readUInt16BE(end + 8);
      if (at > message.length) throw new NotDecided("malformed");
      if (type === OPT) rcode |= (ttl >>> 24) << 4;
      else if (section === 0) {
        if (answers.length === MOST_ANSWERS) throw new NotDecided("too_many");
        answers.push({ name, type: typeName(type), data: dataOf(message, type, data, at), ttl });
      }
    }
  if (at !== message.length) throw new NotDecided("malformed");
  return { id: message.readUInt16BE(0), isAnswer: flags >> 15 === 1, opcode, truncated: (flags & 0x200) !== 0, rcode, questions, answers };
}
