/** The programs of bench.bpf.c, compiled and loaded. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { u32 } from "../../agent/kernel/maps.ts";
import { type BpfObject, openObject } from "../../agent/kernel/objects.ts";
import type { BpfProgram } from "../../agent/kernel/program.ts";

const SOURCE = join(import.meta.dirname, "bench.bpf.c");

export class Probes implements Disposable {
  readonly #object: BpfObject;

  constructor(values: { address_offset?: number; addresses?: number; target?: number } = {}) {
    const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
    try {
      const path = join(folder, "bench.bpf.o");
      const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
      execFileSync("clang", ["-O2", "-g", "-Wall", "-Werror", "-target", "bpf", "-mcpu=v3", "-I", `/usr/include/${machine}-linux-gnu`, "-c", SOURCE, "-o", path]);
      this.#object = openObject(path, { rodata: values });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  program(name: string): BpfProgram {
    return this.#object.programs.get(name)!;
  }

  /** A program that varies an address of the packet and then runs the given one. */
  varying(kind: "xdp" | "tc", next: BpfProgram): BpfProgram {
    this.#object.maps.get(`next_${kind}`)!.update(u32(0), u32(next.fd));
    return this.program(`vary_${kind}`);
  }

  [Symbol.dispose](): void {
    this.#object.close();
  }
}
