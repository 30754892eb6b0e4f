/** The states of sockets, as `weir sockets` shows them. */

/** The kernel's TCP_* states, from 1. UDP sockets have only the first and the seventh. */
export const KERNEL_STATES = [
  "established",
  "syn-sent",
  "syn-received",
  "fin-wait-1",
  "fin-wait-2",
  "time-wait",
  "close",
  "close-wait",
  "last-ack",
  "listen",
  "closing",
] as const;

/** A `bound` socket has a local end and no remote end. */
export const SOCKET_STATES = [...KERNEL_STATES, "bound"] as const;

export type SocketState = (typeof SOCKET_STATES)[number];
