/** A weir of another version: the same sources with members added to the structs of the tables, built in a folder of its own. */

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CHECKOUT = join(import.meta.dirname, "../..");
const PARTS = ["agent", "audit", "config", "otel", "probes", "package.json"];
/** Everything behind these moves. Keys stay: the programs of this version would leave a new member of theirs unset. */
const ADDED: readonly [file: string, struct: string][] = [
  ["flows.h", "flow"],
  ["flows.h", "decision"],
  ["flows.h", "owner"],
  ["common.h", "control"],
  ["rules.h", "rule"],
];

export class OtherBuild implements Disposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static make(): OtherBuild {
    const folder = mkdtempSync(join(tmpdir(), "weir-other-"));
    for (const part of PARTS) cpSync(join(CHECKOUT, part), join(folder, part), { recursive: true });
    symlinkSync(join(CHECKOUT, "node_modules"), join(folder, "node_modules"));
    for (const [file, struct] of ADDED) {
      const path = join(folder, "probes/wire", file);
      const text = readFileSync(path, "utf8");
      const changed = text.replace(`struct ${struct} {\n`, `struct ${struct} {\n\t__u64 only_here;\n`);
      if (changed === text) throw new Error(`${file} has no struct ${struct}`);
      writeFileSync(path, changed);
    }
    execFileSync(process.execPath, [join(folder, "agent/kernel/generate-layout.ts")]);
    execFileSync("sh", [join(folder, "probes/build.sh")], { stdio: ["ignore", "ignore", "inherit"] });
    return new OtherBuild(folder);
  }

  get launcher(): string {
    return join(this.#folder, "agent/weir");
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
