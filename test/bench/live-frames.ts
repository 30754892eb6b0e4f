/** Frames that a program makes out of one, as fast as one core goes, and sends on into a device (BPF_F_TEST_XDP_LIVE_FRAMES). */

import { errnoName, KernelError } from "../../agent/kernel/errors.ts";
import { libbpf } from "../../agent/kernel/libbpf.ts";
import type { BpfProgram } from "../../agent/kernel/program.ts";

const BPF_F_TEST_XDP_LIVE_FRAMES = 2;

/** False when a signal cut it short: then nobody knows how many were sent. */
export function sendFrames(generator: BpfProgram, frame: Uint8Array, count: number): boolean {
  const result = libbpf().testRun(generator.fd, {
    sz: 80,
    data_in: frame,
    data_size_in: frame.length,
    data_out: null,
    data_size_out: 0,
    ctx_in: null,
    ctx_size_in: 0,
    ctx_out: null,
    ctx_size_out: 0,
    retval: 0,
    duration: 0,
    repeat: count,
    flags: BPF_F_TEST_XDP_LIVE_FRAMES,
    cpu: 0,
    batch_size: 0,
  });
  if (result >= 0) return true;
  const errno = errnoName(result);
  if (errno === "EINTR") return false;
  throw new KernelError(`send ${count} frames by the program ${generator.name}`, errno);
}
