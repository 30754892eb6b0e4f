/** Capture files, written as they should be; tests then break them. */

interface Written {
  little?: boolean;
  nanoseconds?: boolean;
  link?: number;
}

export function pcap(frames: readonly Uint8Array[], { little = true, nanoseconds = false, link = 1 }: Written = {}): Buffer {
  const header = words([nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, little ? 0x0004_0002 : 0x0002_0004, 0, 0, 262_144, link], little);
  return Buffer.concat([header, ...frames.flatMap((frame) => [words([1, 2, frame.length, frame.length], little), frame])]);
}

export function pcapng(frames: readonly Uint8Array[], { little = true, link = 1 }: Written = {}): Buffer {
  const section = block(0x0a0d0d0a, words([0x1a2b3c4d, little ? 0x0000_0001 : 0x0001_0000, 0xffff_ffff, 0xffff_ffff], little), little);
  const face = block(1, words([little ? link : link << 16, 0], little), little);
  const packets = frames.map((frame) => block(6, Buffer.concat([words([0, 1, 2, frame.length, frame.length], little), frame]), little));
  return Buffer.concat([section, face, ...packets]);
}

/** With a block between that nobody knows, and packets without a time. */
export function simplePcapng(frames: readonly Uint8Array[]): Buffer {
  const [section, face] = [pcapng([]), block(0x0bad, Buffer.from("of no concern"), true)];
  return Buffer.concat([section, face, ...frames.map((frame) => block(3, Buffer.concat([words([frame.length], true), frame]), true))]);
}

function block(type: number, body: Buffer, little: boolean): Buffer {
  const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
  const length = padded.length + 12;
  return Buffer.concat([words([type, length], little), padded, words([length], little)]);
}

function words(values: readonly number[], little: boolean): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries())
    little ? bytes.writeUInt32LE(value >>> 0, index * 4) : bytes.writeUInt32BE(value >>> 0, index * 4);
  return bytes;
}
