/** Attaches to the one XDP slot of a device. */

import { type Attachment, attachLink, createLink, detachPinned, LinkType } from "./attachment.ts";
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

export function attachXdp(program: BpfProgram, device: Device, mode: XdpMode, pinDirectory?: string): Attachment {
  const what = `${mode} XDP on ${device.name}`;
  return attachLink({
    hook: "xdp",
    what,
    type: LinkType.XDP,
    pinName: pinName(mode, device),
    updatable: true,
    alive: (info) => info.ifindex === device.ifindex,
    create(wanted) {
      // The device has one slot: a link of weir's own in the other mode has to leave it first.
      if (pinDirectory !== undefined) detachPinned(pinDirectory, pinName(mode === "native" ? "generic" : "native", device));
      const fd = createLink(wanted, device.ifindex, BPF_XDP, MODE_FLAGS[mode]);
      if (fd < 0) throw refusal(what, errnoName(fd), device);
      return fd;
    },
  }, program, pinDirectory);
}

function pinName(mode: XdpMode, device: Device): string {
  return `xdp-${mode}-${device.ifindex}`;
}

/** The program in the slot, anybody's. */
export function xdpProgram(ifindex: number): ProgramInfo | undefined {
  const id = new Uint32Array(1);
  if (libbpf().xdpQueryId(ifindex, 0, new Uint8Array(id.buffer)) < 0 || id[0] === 0) return undefined;
  return programById(id[0]!);
}

function refusal(what: string, errno: string, device: Device): KernelError {
  const operation = `attach ${what}`;
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
      // A device that is gone is refused with EINVAL, too.
      if (!listLinks().some((link) => link.ifindex === device.ifindex)) return new KernelError(operation, "ENODEV");
      return new KernelError(operation, errno, {
        reason: `the driver refuses XDP as the device is set up now (${errno}), often because of its MTU, its queues or LRO; dmesg may say more; set ingress: tcx for this interface`,
      });
    default:
      return new KernelError(operation, errno, { reason: adviceFor(errno) });
  }
}
