/** The keys of a client's Initial packets. They follow from an identifier that everybody sees (RFC 9001, 5.2; RFC 9369, 3.3). */

import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

import { NotDecided } from "../../undecided.ts";

export interface Version {
  name: string;
  salt: Buffer;
  /** The labels of its keys begin with this. */
  label: string;
  /** The types of its long headers. */
  initial: number;
  retry: number;
}

export const VERSIONS: ReadonlyMap<number, Version> = new Map([
  [0x0000_0001, { name: "1", salt: Buffer.from("38762cf7f55934b34d179ae6a4c80cadccbb7f0a", "hex"), label: "quic", initial: 0, retry: 3 }],
  [0x6b33_43cf, { name: "2", salt: Buffer.from("0dede3def700a6db819381be6e269dcbf9bd2ed9", "hex"), label: "quicv2", initial: 1, retry: 0 }],
]);

const TAG = 16;
const SAMPLE = 16;
const LONGEST_NUMBER = 4;

export interface Keys {
  key: Buffer;
  iv: Buffer;
  header: Buffer;
}

export function clientKeys({ salt, label }: Version, connection: Uint8Array): Keys {
  const secret = expand(hmac(salt, connection), "client in", 32);
  return { key: expand(secret, `${label} key`, 16), iv: expand(secret, `${label} iv`, 12), header: expand(secret, `${label} hp`, 16) };
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const made = createHmac("sha256", key);
  for (const part of parts) made.update(part);
  return made.digest();
}

/** HKDF-Expand-Label of TLS 1.3 for at most 32 bytes. */
function expand(secret: Uint8Array, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  return hmac(secret, Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])).subarray(0, length);
}

/** Decrypts a packet whose protected number begins at `at`. */
export function decrypt({ key, iv, header }: Keys, packet: Buffer, at: number): Buffer {
  if (packet.length < at + LONGEST_NUMBER + SAMPLE) throw new NotDecided("malformed");
  const mask = createCipheriv("aes-128-ecb", header, null).update(packet.subarray(at + LONGEST_NUMBER, at + LONGEST_NUMBER + SAMPLE));
  const first = packet[0]! ^ (mask[0]! & 0x0f);
  const size = (first & 3) + 1;
  const plain = Buffer.from(packet.subarray(0, at + size));
  plain[0] = first;
  const nonce = Buffer.from(iv);
  for (let byte = 0; byte < size; byte++) {
    plain[at + byte]! ^= mask[1 + byte]!;
    nonce[nonce.length - size + byte]! ^= plain[at + byte]!;
  }
  const cipher = createDecipheriv("aes-128-gcm", key, nonce, { authTagLength: TAG });
  cipher.setAAD(plain);
  cipher.setAuthTag(packet.subarray(packet.length - TAG));
  try {
    return Buffer.concat([cipher.update(packet.subarray(at + size, packet.length - TAG)), cipher.final()]);
  } catch {
    throw new NotDecided("malformed");
  }
}
