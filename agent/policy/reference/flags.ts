/** The bits of the flags in a TCP header. */

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const ACK = 0x10;

/** Returns whether the segment is a SYN without ACK. It opens a connection whatever other flags it has. */
export function isBareSyn(tcpFlags: number | null | undefined): boolean {
  return tcpFlags != null && (tcpFlags & (SYN | ACK)) === SYN;
}
