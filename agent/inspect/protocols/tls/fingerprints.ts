/** JA3 and JA4 of a client's hello. */

import { createHash } from "node:crypto";

export interface HelloFacts {
  legacyVersion: number;
  /** From supported_versions, or only the legacy version. */
  versions: readonly number[];
  ciphers: readonly number[];
  extensions: readonly number[];
  groups: readonly number[];
  pointFormats: readonly number[];
  signatures: readonly number[];
  /** The first protocol that ALPN offers, as it was sent. */
  firstAlpn?: Uint8Array;
}

export const SERVER_NAME = 0;
export const ALPN = 16;
const VERSIONS: Record<number, string> = { 772: "13", 771: "12", 770: "11", 769: "10", 768: "s3" };

function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

function real(values: readonly number[]): number[] {
  return values.filter((value) => !isGrease(value));
}

export function ja3(hello: HelloFacts): string {
  const lists = [hello.ciphers, hello.extensions, hello.groups].map((values) => real(values).join("-"));
  return createHash("md5")
    .update([hello.legacyVersion, ...lists, hello.pointFormats.join("-")].join(","))
    .digest("hex");
}

function hex(values: readonly number[]): string[] {
  return values.map((value) => value.toString(16).padStart(4, "0"));
}

function short(text: string): string {
  return text === "" ? "000000000000" : createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function ends(alpn: Uint8Array | undefined): string {
  if (alpn === undefined || alpn.length === 0) return "00";
  const both = Buffer.from([alpn[0] ?? 0, alpn[alpn.length - 1] ?? 0]);
  const text = both.toString("latin1");
  if (/^[0-9A-Za-z]{2}$/.test(text)) return text;
  const digits = both.toString("hex");
  return `${digits[0]}${digits[3]}`;
}

function count(values: readonly number[]): string {
  return String(Math.min(values.length, 99)).padStart(2, "0");
}

export function ja4(hello: HelloFacts, transport: "t" | "q"): string {
  const ciphers = real(hello.ciphers);
  const extensions = real(hello.extensions);
  const version = VERSIONS[Math.max(0, ...real(hello.versions))] ?? "00";
  const name = extensions.includes(SERVER_NAME) ? "d" : "i";
  const named = hex(extensions.filter((type) => type !== SERVER_NAME && type !== ALPN)).sort();
  const signatures = hex(real(hello.signatures));
  const third = named.join(",") + (signatures.length > 0 ? `_${signatures.join(",")}` : "");
  const first = `${transport}${version}${name}${count(ciphers)}${count(extensions)}${ends(hello.firstAlpn)}`;
  return `${first}_${short(hex(ciphers).sort().join(","))}_${named.length === 0 ? short("") : short(third)}`;
}
