/**
 * Finds out by trying what this kernel can do. An attempt that fails for another reason, such as missing rights, tells nothing
 * about the kernel: its answer is "inconclusive".
 */

import { closeSync } from "node:fs";

import { createLink } from "./attachment.ts";
import { adviceFor, errnoName, KernelError, missingBtf } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import { BpfMap, MapType } from "./maps.ts";
import { BpfProgram, ProgramType } from "./program.ts";
import { BPF_TRACE_RAW_TP } from "./trace.ts";
import { attachXdp, type Device } from "./xdp.ts";

export interface Feature {
  state: "available" | "missing" | "inconclusive";
  /** The reason why the feature is missing or inconclusive; empty if it is available. */
  reason: string;
}

export interface Features {
  btf: Feature;
  ring_buffer: Feature;
  mapped_arrays: Feature;
  batch_operations: Feature;
  tcx: Feature;
  tp_btf: Feature;
}

const BPF_TCX_INGRESS = 46;
const BPF_F_MMAPABLE = 1024;
const NO_SUCH_DEVICE = 0x7fffffff;
const AVAILABLE: Feature = { state: "available", reason: "" };

export function probeFeatures(): Features {
  const btf = missingBtf();
  return {
    btf: btf === undefined ? AVAILABLE : missing(btf),
    ring_buffer: probeMap(MapType.RINGBUF, 0, 0, 65536, 0, "BPF ring buffers (5.8)"),
    mapped_arrays: probeMap(MapType.ARRAY, 4, 8, 1, BPF_F_MMAPABLE, "BPF arrays that can be mapped into memory (5.5)", (map) => map.mmap()),
    batch_operations: probeMap(MapType.HASH, 4, 8, 1, 0, "reading BPF tables in batches (5.6)", (map) => [...map.batches()]),
    tcx: probeTcx(),
    tp_btf: btf === undefined ? probeTpBtf() : missing(btf),
  };
}

/**
 * Tests whether the device's driver runs XDP itself. The test attaches a program for a moment, which makes some drivers reset
 * their queues.
 */
export function probeNativeXdp(device: Device): Feature {
  return withProgram(ProgramType.XDP, 2 /* XDP_PASS */, (program) => {
    try {
      attachXdp(program, device, "native").detach();
      return AVAILABLE;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return ["EOPNOTSUPP", "ENOTSUP", "EINVAL", "ERANGE", "E2BIG"].includes(error.errno)
        ? missing(error.message)
        : inconclusive(error.message);
    }
  });
}

/** A kernel with TCX looks for the device before it refuses. A kernel without it does not know the attach type. */
function probeTcx(): Feature {
  return withProgram(ProgramType.SCHED_CLS, 0, (program) => {
    const result = createLink(program, NO_SUCH_DEVICE, BPF_TCX_INGRESS, 0);
    const errno = errnoName(result);
    if (errno === "ENODEV") return AVAILABLE;
    if (errno === "EINVAL") return missing("this kernel has no TCX (6.6 and later have)");
    return inconclusive(adviceFor(errno));
  });
}

function probeTpBtf(): Feature {
  const id = libbpf().vmlinuxBtfId("inet_sock_set_state", BPF_TRACE_RAW_TP);
  if (id >= 0) return AVAILABLE;
  const errno = errnoName(id);
  return errno === "ENOENT" || errno === "ESRCH"
    ? missing("the kernel's type information does not name the tracepoint inet_sock_set_state")
    : inconclusive(adviceFor(errno));
}

function probeMap(
  type: number,
  keySize: number,
  valueSize: number,
  entries: number,
  flags: number,
  what: string,
  use: (map: BpfMap) => unknown = () => {},
): Feature {
  // struct bpf_map_create_opts: map_flags is at byte 28
  const options = Buffer.alloc(48);
  options.writeBigUInt64LE(48n, 0);
  options.writeUInt32LE(flags, 28);
  const fd = libbpf().mapCreate(type, "weir_probe", keySize, valueSize, entries, options);
  if (fd < 0) return verdict(errnoName(fd), what);
  const map = new BpfMap("weir_probe", fd);
  try {
    use(map);
    return AVAILABLE;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return verdict(error.errno, what);
  } finally {
    map.close();
  }
}

/** Loads a program that only returns a number. */
function withProgram(type: number, answer: number, use: (program: BpfProgram) => Feature): Feature {
  const instructions = Buffer.alloc(16);
  instructions[0] = 0xb7; // r0 = answer
  instructions.writeInt32LE(answer, 4);
  instructions[8] = 0x95; // exit
  const fd = libbpf().programLoad(type, "weir_probe", "GPL", instructions, 2, null);
  if (fd < 0) return inconclusive(`a program could not be loaded: ${adviceFor(errnoName(fd))}`);
  try {
    return use(new BpfProgram({ name: "weir_probe", section: "", type, attachType: 0, fd }));
  } finally {
    closeSync(fd);
  }
}

function verdict(errno: string, what: string): Feature {
  return ["EINVAL", "EOPNOTSUPP", "ENOTSUP", "ENOTSUPP"].includes(errno)
    ? missing(`this kernel lacks ${what}`)
    : inconclusive(adviceFor(errno));
}

function missing(reason: string): Feature {
  return { state: "missing", reason };
}

function inconclusive(reason: string): Feature {
  return { state: "inconclusive", reason };
}
