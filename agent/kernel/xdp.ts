/** Attaches programs to the one XDP slot of a device. */

import { closeSync } from "node:fs";
import { join } from "node:path";

import { type Attachment, attachLink, createLink, detachPinned, linkInfo, LinkType } from "./attachment.ts";
import { adviceFor, errnoName, KernelError } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import { listLinks } from "./links.ts";
import { type BpfProgram, programById, type ProgramInfo } from "./program.ts";

export type XdpMode = "native" | "generic";

const BPF_XDP = 37;
const MODE_FLAGS = { generic: 2, native: 4 } as const;

export interface Device {
  ifindex: number;
  name: string;
}

/**
 * Attaches to the slot. Generic XDP is for devices without native XDP: a generic link of weir's own says that native XDP was
 * refused before, so asking for native XDP again is refused without removing that link.
 */
export function attachXdp(program: BpfProgram, device: Device, mode: XdpMode, pinDirectory?: string): Attachment {
  const what = `${mode} XDP on ${device.name}`;
  const operation = `attach ${what}`;
  const holdsSlot = (own: XdpMode): boolean => pinDirectory !== undefined && isAlive(join(pinDirectory, pinName(own, device)), device);
  if (mode === "native" && holdsSlot("generic")) {
    throw new KernelError(operation, "EOPNOTSUPP", { reason: "generic XDP is attached, because the driver had no native XDP before" });
  }
  return attachLink(
    {
      hook: "xdp",
      what,
      type: LinkType.XDP,
      pinName: pinName(mode, device),
      updatable: true,
      alive: (info) => info.ifindex === device.ifindex,
      create(wanted) {
        if (mode === "generic" && holdsSlot("native")) detachPinned(pinDirectory!, pinName("native", device));
        const fd = createLink(wanted, device.ifindex, BPF_XDP, MODE_FLAGS[mode]);
        if (fd < 0) throw refusal(operation, errnoName(fd), device);
        return fd;
      },
    },
    program,
    pinDirectory,
  );
}

function isAlive(path: string, device: Device): boolean {
  const fd = libbpf().get(path);
  if (fd < 0) return false;
  try {
    return linkInfo(fd).ifindex === device.ifindex;
  } finally {
    closeSync(fd);
  }
}

function pinName(mode: XdpMode, device: Device): string {
  return `xdp-${mode}-${device.ifindex}`;
}

/** Returns the program in the slot, whoever attached it. */
export function xdpProgram(ifindex: number): ProgramInfo | undefined {
  const id = new Uint32Array(1);
  if (libbpf().xdpQueryId(ifindex, 0, new Uint8Array(id.buffer)) < 0 || id[0] === 0) return undefined;
  return programById(id[0]!);
}

function refusal(operation: string, errno: string, device: Device): KernelError {
  switch (errno) {
    case "EBUSY":
    case "EEXIST": {
      const other = xdpProgram(device.ifindex);
      const name = other === undefined ? "a program of another owner" : `the program ${other.name} (id ${other.id})`;
      return new KernelError(operation, errno, {
        reason: `${name} holds the device's only XDP slot and is left alone; set ingress: tcx for this interface, or remove it: ip link set dev ${device.name} xdp off`,
      });
    }
    case "EOPNOTSUPP":
    case "ENOTSUP":
      return new KernelError(operation, errno, { reason: `the driver has no native XDP (${errno}); set ingress: tcx for this interface` });
    case "EINVAL":
    case "ERANGE":
    case "E2BIG":
      // The kernel refuses a device that is gone with EINVAL, too.
      if (!listLinks().some((link) => link.ifindex === device.ifindex)) return new KernelError(operation, "ENODEV");
      return new KernelError(operation, errno, {
        reason: `the driver refuses XDP as the device is set up now (${errno}), often because of its MTU, its queues or LRO; dmesg may say more; set ingress: tcx for this interface`,
      });
    default:
      return new KernelError(operation, errno, { reason: adviceFor(errno) });
  }
}
