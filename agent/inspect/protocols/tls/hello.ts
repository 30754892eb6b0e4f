/** The hello of a client, which TLS and QUIC share. */

import { Cursor } from "../../cursor.ts";
import type { Tls } from "../../transaction.ts";
import { NotDecided } from "../../undecided.ts";
import { ALPN, type HelloFacts, SERVER_NAME } from "./fingerprints.ts";
import { numbersIn, read } from "./vectors.ts";

const GROUPS = 10;
const POINT_FORMATS = 11;
const SIGNATURES = 13;
export const SUPPORTED_VERSIONS = 43;
const ENCRYPTED_HELLO = 0xfe0d;
export const VERSIONS: Record<number, string> = { 769: "1.0", 770: "1.1", 771: "1.2", 772: "1.3" };
const HOST = /^[0-9a-z_-]+(\.[0-9a-z_-]+)*\.?$/i;
const LONGEST_NAME = 255;

function readName(cursor: Cursor): string {
  const list = new Cursor(cursor.vector(2));
  if (list.number(1) !== 0) throw new NotDecided("malformed");
  const name = list.vector(2).toString("latin1");
  if (list.left > 0) throw new NotDecided("ambiguous");
  if (name.length > LONGEST_NAME || !HOST.test(name)) throw new NotDecided("malformed");
  return name.toLowerCase().replace(/\.$/, "");
}

export function readAlpn(cursor: Cursor): Buffer[] {
  const list = new Cursor(cursor.vector(2));
  const names: Buffer[] = [];
  while (list.left > 0) names.push(list.vector(1));
  return names;
}

/** Bytes that cannot be printed are written as \xHH, as is a backslash. */
export function nameOfProtocol(bytes: Buffer): string {
  return bytes.toString("latin1").replace(/[^!-[\]-~]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

export function readExtensions(cursor: Cursor): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  if (cursor.left === 0) return found;
  const list = new Cursor(cursor.vector(2));
  while (list.left > 0) {
    const type = list.number(2);
    if (found.has(type)) throw new NotDecided("ambiguous");
    found.set(type, list.vector(2));
  }
  return found;
}

export interface Hello {
  facts: HelloFacts;
  said: Pick<Tls, "server_name" | "alpn" | "hidden_name" | "offered_version">;
}

/** Reads the body of a ClientHello. */
export function readHello(body: Uint8Array): Hello {
  const cursor = new Cursor(body);
  const legacyVersion = cursor.number(2);
  cursor.take(32);
  cursor.vector(1);
  const ciphers = numbersIn(cursor.vector(2), 2);
  cursor.vector(1);
  const extensions = readExtensions(cursor);
  cursor.done();
  const versions = read(extensions.get(SUPPORTED_VERSIONS), [legacyVersion], (list) => numbersIn(list.vector(1), 2));
  const name = read<string | undefined>(extensions.get(SERVER_NAME), undefined, readName);
  const alpn = read(extensions.get(ALPN), [], readAlpn);
  const offered = VERSIONS[Math.max(0, ...versions.filter((version) => version in VERSIONS))];
  if (offered === undefined) throw new NotDecided("unknown_version");
  const isEncrypted = extensions.has(ENCRYPTED_HELLO);
  return {
    facts: {
      legacyVersion,
      versions,
      ciphers,
      extensions: [...extensions.keys()],
      groups: read(extensions.get(GROUPS), [], (list) => numbersIn(list.vector(2), 2)),
      pointFormats: read(extensions.get(POINT_FORMATS), [], (list) => numbersIn(list.vector(1), 1)),
      signatures: read(extensions.get(SIGNATURES), [], (list) => numbersIn(list.vector(2), 2)),
      ...(alpn[0] !== undefined && { firstAlpn: alpn[0] }),
    },
    said: {
      offered_version: offered,
      ...(name !== undefined && { server_name: name }),
      ...(isEncrypted ? { hidden_name: "ech" as const } : name === undefined && { hidden_name: "absent" as const }),
      ...(alpn.length > 0 && { alpn: alpn.map(nameOfProtocol) }),
    },
  };
}
