/**
 * Reads frames of a capture file: pcap in both byte orders and resolutions, and pcapng. The file may come from anybody, so no
 * length in it is used before it is compared with the size of the file.
 */

import { etherFrame } from "./ethernet.ts";

export const LARGEST_CAPTURE = 256 * 1024 * 1024;
const MOST_FRAMES = 1_000_000;
/** The most that capture programs write (tcpdump's MAXIMUM_SNAPLEN). */
const LARGEST_FRAME = 262_144;

/** The file is no capture, or it is broken. The message tells where. */
export class CaptureError extends Error {
  override name = "CaptureError";
}

/** A frame with an Ethernet header, whatever link it was captured on. */
export interface CapturedFrame {
  /** The number of the frame from 1, as capture programs count. */
  number: number;
  /** Milliseconds since 1970; 0 if the capture does not tell. */
  time: number;
  frame: Uint8Array;
}

const ETHERNET = 1;

/** Links without Ethernet: the place of the ethertype, and the place where the packet begins. */
const LINKS: Readonly<Record<number, { header: number; etherType?: number }>> = {
  0: { header: 4 }, // the loopback of BSD
  101: { header: 0 }, // raw IP
  228: { header: 0 }, // raw IPv4
  229: { header: 0 }, // raw IPv6
  113: { header: 16, etherType: 14 }, // "cooked" frames, as tcpdump -i any writes them
  276: { header: 20, etherType: 0 }, // "cooked" frames, version 2
};

export function* readCapture(bytes: Uint8Array): Generator<CapturedFrame> {
  if (bytes.length < 4) throw new CaptureError("the file is too short to be a capture");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = view.getUint32(0);
  const packets = magic === SECTION ? readPcapng(view) : readPcap(view, magic);
  let number = 0;
  for (const { link, time, at, captured, original } of packets) {
    if (++number > MOST_FRAMES) throw new CaptureError(`the capture has more than ${MOST_FRAMES} frames`);
    if (captured > LARGEST_FRAME)
      throw new CaptureError(`frame ${number} claims to have ${captured} bytes, at most ${LARGEST_FRAME} are possible`);
    if (captured > bytes.length - at)
      throw new CaptureError(`frame ${number} ends after ${bytes.length - at} of ${captured} bytes; the capture is cut off`);
    if (captured < original)
      throw new CaptureError(
        `of frame ${number} only ${captured} of ${original} bytes were captured; capture whole frames, as with tcpdump -s 0`,
      );
    yield { number, time, frame: toEthernet(bytes.subarray(at, at + captured), link, number) };
  }
}

function toEthernet(packet: Uint8Array, link: number, number: number): Uint8Array {
  if (link === ETHERNET) return packet;
  const form = LINKS[link];
  if (form === undefined)
    throw new CaptureError(
      `frame ${number} was captured on a link of type ${link}; known are Ethernet (1), raw IP (101), Linux "cooked" (113, 276) and the loopback of BSD (0)`,
    );
  if (packet.length <= form.header) throw new CaptureError(`frame ${number} is shorter than the header of its link`);
  const etherType =
    form.etherType === undefined ? ipOf(packet.subarray(form.header)) : (packet[form.etherType]! << 8) | packet[form.etherType + 1]!;
  return etherFrame(etherType, packet.subarray(form.header));
}

function ipOf(packet: Uint8Array): number {
  return packet[0]! >> 4 === 6 ? 0x86dd : 0x0800;
}

interface Found {
  link: number;
  time: number;
  at: number;
  captured: number;
  original: number;
}

/** The first four bytes, read from the left, tell the byte order and the resolution. */
const PCAP_FORMS = new Map([
  [0xa1b2c3d4, { little: false, perMillisecond: 1e3 }],
  [0xa1b23c4d, { little: false, perMillisecond: 1e6 }],
  [0xd4c3b2a1, { little: true, perMillisecond: 1e3 }],
  [0x4d3cb2a1, { little: true, perMillisecond: 1e6 }],
]);
const PCAP_HEADER = 24;
const RECORD_HEADER = 16;

function* readPcap(view: DataView, magic: number): Generator<Found> {
  const form = PCAP_FORMS.get(magic);
  if (form === undefined) throw new CaptureError("this is neither pcap nor pcapng");
  const { little, perMillisecond } = form;
  if (view.byteLength < PCAP_HEADER) throw new CaptureError("the capture ends within its header");
  const link = view.getUint32(20, little) & 0x0fff_ffff; // the other bits tell the length of the frame checksums
  for (let at = PCAP_HEADER; at < view.byteLength; ) {
    if (view.byteLength - at < RECORD_HEADER) throw new CaptureError(`the capture ends within the header of a frame, at byte ${at}`);
    const captured = view.getUint32(at + 8, little);
    const time = view.getUint32(at, little) * 1000 + view.getUint32(at + 4, little) / perMillisecond;
    yield { link, time, at: at + RECORD_HEADER, captured, original: view.getUint32(at + 12, little) };
    at += RECORD_HEADER + captured;
  }
}

const SECTION = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const INTERFACE_BLOCK = 1;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const SMALLEST_BLOCK = 12;
const LEAST_BODY: Readonly<Record<number, number>> = { [SECTION]: 16, [INTERFACE_BLOCK]: 8, [SIMPLE_PACKET]: 4, [ENHANCED_PACKET]: 20 };

function* readPcapng(view: DataView): Generator<Found> {
  let little = false;
  let links: PcapngInterface[] = [];
  for (let at = 0; at < view.byteLength; ) {
    if (view.byteLength - at < SMALLEST_BLOCK) throw new CaptureError(`the capture ends within a block, at byte ${at}`);
    // A section tells its own byte order.
    if (view.getUint32(at) === SECTION) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER;
      if (!little && view.getUint32(at + 8) !== BYTE_ORDER) throw new CaptureError(`the section at byte ${at} has no byte order`);
      links = [];
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    if (length % 4 !== 0 || length < SMALLEST_BLOCK + (LEAST_BODY[type] ?? 0) || length > view.byteLength - at) {
      throw new CaptureError(`the block at byte ${at} claims ${length} bytes, which is impossible`);
    }
    const body = at + 8;
    const room = length - SMALLEST_BLOCK;
    if (type === INTERFACE_BLOCK)
      links.push({ link: view.getUint16(body, little), perMillisecond: resolutionOf(view, body + 8, body + room, little) });
    if (type === ENHANCED_PACKET) {
      const captured = view.getUint32(body + 12, little);
      const from = links[view.getUint32(body, little)];
      const units = view.getUint32(body + 4, little) * 2 ** 32 + view.getUint32(body + 8, little);
      const time = units / (from?.perMillisecond ?? 1);
      yield packetIn(from?.link, time, body + 20, captured, view.getUint32(body + 16, little), room - 20);
    }
    if (type === SIMPLE_PACKET) {
      const original = view.getUint32(body, little);
      yield packetIn(links[0]?.link, 0, body + 4, Math.min(original, room - 4), original, room - 4);
    }
    at += length;
  }
}

interface PcapngInterface {
  link: number;
  /** How many units of time stamps a millisecond has. */
  perMillisecond: number;
}

const END_OF_OPTIONS = 0;
const RESOLUTION = 9;

/** Reads the option if_tsresol among the options of an interface: a power of ten, or of two if its highest bit is set. */
function resolutionOf(view: DataView, from: number, end: number, little: boolean): number {
  for (let at = from; end - at >= 4; ) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === END_OF_OPTIONS || length > end - at - 4) break;
    if (code === RESOLUTION && length === 1) {
      const power = view.getUint8(at + 4);
      return (power & 0x80 ? 2 ** (power & 0x7f) : 10 ** power) / 1000;
    }
    at += 4 + length + (-length & 3);
  }
  return 1000;
}

function packetIn(link: number | undefined, time: number, at: number, captured: number, original: number, room: number): Found {
  if (link === undefined) throw new CaptureError(`the packet at byte ${at} names an interface that the capture does not have`);
  if (captured > room) throw new CaptureError(`the packet at byte ${at} claims ${captured} bytes where ${room} are`);
  return { link, time, at, captured, original };
}
