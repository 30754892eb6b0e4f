/** Attaches the programs to one device, in the best way that this kernel, this driver and its other users allow. */

import type { HookState } from "../../observe/events/snapshot.ts";
import type { Attachment } from "../../kernel/attachment.ts";
import { KernelError } from "../../kernel/errors.ts";
import type { BpfProgram } from "../../kernel/program.ts";
import { attachClsact, attachTcx, type TcDirection } from "../../kernel/tc.ts";
import { attachXdp } from "../../kernel/xdp.ts";
import type { IngressChoice } from "./select.ts";

export interface HookPrograms {
  tc(direction: TcDirection): BpfProgram;
  xdp(): BpfProgram;
}

export interface Attached {
  attachment: Attachment;
  state: HookState;
}

interface Target {
  ifindex: number;
  name: string;
}

/** Set once an attempt has shown that this kernel has no TCX. */
let tcxMissing = false;

export function attachTc(programs: HookPrograms, device: Target, direction: TcDirection, pins: string, reason: string): Attached {
  if (!tcxMissing) {
    try {
      const attachment = attachTcx(programs.tc(direction), device, direction, pins);
      return { attachment, state: { hook: "tcx", mode: "link", reason } };
    } catch (error) {
      if (!(error instanceof KernelError) || error.errno !== "EINVAL") throw error;
      tcxMissing = true;
    }
  }
  const attachment = attachClsact(programs.tc(direction), device, direction, pins);
  return { attachment, state: { hook: "clsact", mode: "filter", reason: `${reason}; this kernel has no TCX` } };
}

export function attachIngress(programs: HookPrograms, device: Target, choice: IngressChoice, offload: boolean, pins: string): Attached {
  const reason = offload
    ? `${choice.reason}; hardware offload is not possible: a device cannot hold the flow table and the ring buffer`
    : choice.reason;
  if (choice.hook === "tc") return attachTc(programs, device, "ingress", pins, reason);
  try {
    return { attachment: attachXdp(programs.xdp(), device, "native", pins), state: { hook: "xdp", mode: "native", reason } };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    if (error.errno === "EOPNOTSUPP" || error.errno === "ENOTSUP") {
      const attachment = attachXdp(programs.xdp(), device, "generic", pins);
      return { attachment, state: { hook: "xdp", mode: "generic", reason: `${reason}; the driver has no native XDP` } };
    }
    return attachTc(programs, device, "ingress", pins, error.message);
  }
}
