/** Bits of a TCP header. */

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const ACK = 0x10;

/** A SYN without ACK: it opens, whatever else it says. */
export function isBareSyn(tcpFlags: number | null | undefined): boolean {
  return tcpFlags != null && (tcpFlags & (SYN | ACK)) === SYN;
}
