/** A file system of a test that does not answer, and processes whose arguments lie in it. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { atExit } from "./at-exit.ts";

/** The operation that is never answered. */
export type Silence = "lookup" | "open" | "read";

export class SilentFiles implements AsyncDisposable {
  readonly folder: string;
  readonly #above: string;
  readonly #server: ChildProcess;
  readonly #callOff: () => void;

  private constructor(above: string, server: ChildProcess) {
    this.#above = above;
    this.folder = join(above, "mounted");
    this.#server = server;
    this.#callOff = atExit(() => this.#server.kill("SIGKILL"));
  }

  /** `content`: the path of another file. The file holds the same, and everything is answered, until `fallSilent`. */
  static async mount(silence: Silence, content?: string): Promise<SilentFiles> {
    const above = mkdtempSync(join(tmpdir(), "weir-silent-"));
    const program = join(above, "silent-files");
    execFileSync("cc", ["-O2", "-Wall", "-Werror", "-o", program, join(import.meta.dirname, "silent-files.c")]);
    mkdirSync(join(above, "mounted"));
    const server = spawn(program, [join(above, "mounted"), silence, ...(content === undefined ? [] : [content])], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = (await Promise.race([once(server.stdout!, "data"), once(server, "exit")])) as [unknown];
    if (!Buffer.isBuffer(said)) throw new Error(`the file system cannot be mounted: its server ended with ${said}`);
    return new SilentFiles(above, server);
  }

  /** Whoever reads it waits. */
  get file(): string {
    return join(this.folder, "file");
  }

  /** From now on whoever looks at the file waits, if the silence is that of a look, or else whoever reads it. */
  fallSilent(): void {
    this.#server.kill("SIGUSR1");
  }

  /** Whoever waited goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.exitCode === null && this.#server.signalCode === null) {
      const gone = once(this.#server, "exit");
      this.#server.kill("SIGKILL");
      await gone;
    }
    execFileSync("umount", ["--lazy", this.folder]);
    this.#callOff();
    rmSync(this.#above, { recursive: true });
  }
}
