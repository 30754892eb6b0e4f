/** Says that a file is no capture. */

import { CaptureError } from "../inspect/capture/pcap.ts";
import { Refusal } from "../values/refusal.ts";

/** Returns the refusal to throw instead of an error that came while this file was read. */
export function captureRefusal(path: string, error: unknown): unknown {
  if (!(error instanceof CaptureError)) return error;
  return new Refusal(`${path}: ${error.message}.`, { kind: "invalid", next: "Name a capture as tcpdump -w writes it." });
}
