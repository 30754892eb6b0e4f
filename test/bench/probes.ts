/** The programs of bench.bpf.c, compiled and loaded. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { u32 } from "../../agent/kernel/maps.ts";
import { type BpfObject, openObject } from "../../agent/kernel/objects.ts";
import type { BpfProgram } from "../../agent/kernel/program.ts";
import { atExit } from "../harness/at-exit.ts";

const SOURCE = join(import.meta.dirname, "bench.bpf.c");

export class Probes implements Disposable {
  readonly #object: BpfObject;

  constructor(values: Partial<Record<"address_offset" | "addresses" | "target" | "sources" | "stride" | "destinations", number>> = {}) {
    this.#object = openObject(compiled(), { rodata: values });
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

let object: string | undefined;

/** Once for all that load it with values of their own. */
function compiled(): string {
  if (object !== undefined) return object;
  const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
  atExit(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "bench.bpf.o");
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  execFileSync("clang", [
    "-O2",
    "-g",
    "-Wall",
    "-Werror",
    "-target",
    "bpf",
    "-mcpu=v3",
    "-I",
    `/usr/include/${machine}-linux-gnu`,
    "-c",
    SOURCE,
    "-o",
    path,
  ]);
  return (object = path);
}
