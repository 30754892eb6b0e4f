/** Hellos of TLS clients and servers, made byte by byte, so that tests can make wrong ones. */

export type Extension = readonly [type: number, content: Uint8Array];

export function vector(size: 1 | 2 | 3, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(size);
  length.writeUIntBE(content.length, 0, size);
  return Buffer.concat([length, content]);
}

export function u16(...values: readonly number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 0xff])));
}

export const serverName = (...names: readonly (string | Buffer)[]): Extension => [
  0,
  vector(2, ...names.flatMap((name) => [Buffer.from([0]), vector(2, Buffer.from(name as string))])),
];
export const alpn = (...names: readonly (string | Buffer)[]): Extension => [
  16,
  vector(2, ...names.map((name) => vector(1, Buffer.from(name as string)))),
];
export const versions = (...offered: readonly number[]): Extension => [43, vector(1, u16(...offered))];
export const groups = (...offered: readonly number[]): Extension => [10, vector(2, u16(...offered))];
export const pointFormats = (...offered: readonly number[]): Extension => [11, vector(1, Buffer.from(offered))];
export const signatures = (...offered: readonly number[]): Extension => [13, vector(2, u16(...offered))];

interface ClientHello {
  version?: number;
  ciphers?: readonly number[];
  extensions?: readonly Extension[];
}

function extensionsOf(extensions: readonly Extension[]): Buffer {
  return vector(2, ...extensions.map(([type, content]) => Buffer.concat([u16(type), vector(2, content)])));
}

function message(type: number, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from([type]), vector(3, ...parts)]);
}

export function clientHello({ version = 0x0303, ciphers = [0x1301], extensions = [serverName("example.com")] }: ClientHello = {}): Buffer {
  const random = Buffer.alloc(32, 7);
  return message(1, u16(version), random, vector(1), vector(2, u16(...ciphers)), vector(1, Buffer.from([0])), extensionsOf(extensions));
}

export function serverHello({
  version = 0x0303,
  cipher = 0x1301,
  random = Buffer.alloc(32, 8),
  extensions = [[43, u16(0x0304)]] as readonly Extension[],
} = {}): Buffer {
  return message(2, u16(version), random, vector(1), u16(cipher), Buffer.from([0]), extensionsOf(extensions));
}

/** The random number with which a server asks for another hello. */
export const RETRY = Buffer.from("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c", "hex");

/** Handshake messages in records of at most `size` bytes. */
export function records(messages: Uint8Array, size = 16_384, type = 22): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < messages.length; at += size)
    parts.push(Buffer.concat([Buffer.from([type, 3, 1]), vector(2, messages.subarray(at, at + size))]));
  return Buffer.concat(parts);
}
