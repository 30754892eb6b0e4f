/** Boots another kernel in QEMU and runs test files inside. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "../harness/at-exit.ts";
import { debianKernel, type Version } from "./debian-kernel.ts";
import { writeInitramfs } from "./initramfs.ts";

export interface KernelRun {
  version: Version;
  /** Test files, as paths below the project's directory. */
  files: readonly string[];
  /** One conformance case in so many is judged; without it each is. */
  share?: number;
  /** Of the guest, in MB. */
  memory?: number;
  /** After so many seconds the guest gives up. */
  limit?: number;
}

export interface Tally {
  tests: number;
  pass: number;
  fail: number;
  skipped: number;
  /** What failed, by name. */
  failed: string[];
  output: string;
}

export async function runKernel({ version, files, share = 1, memory = 2048, limit = 1500 }: KernelRun): Promise<Tally> {
  const kernel = await debianKernel(version);
  const directory = await mkdtemp(join(tmpdir(), "weir-kernel-"));
  const callOff = atExit(() => rmSync(directory, { recursive: true, force: true }));
  try {
    const initramfs = await writeInitramfs(
      kernel,
      files,
      { WEIR_KERNEL: version, LIMIT: String(limit), WEIR_SHARE: String(share) },
      directory,
    );
    return tally(await boot(kernel.image, initramfs, memory, limit + 120));
  } finally {
    await rm(directory, { recursive: true });
    callOff();
  }
}

/** Everything the guest wrote to its console. */
async function boot(image: string, initramfs: string, memory: number, limit: number): Promise<string> {
  // cx16=off: QEMU 7.2 emulates cmpxchg16b wrongly, and Linux 6.12 corrupts its memory allocator with it.
  // One CPU: emulated ones do not always see the other's change of kernel text in one piece, and BPF dispatchers live on that.
  const machine = ["-accel", "tcg", "-cpu", "max,cx16=off", "-m", String(memory), "-smp", "1", "-no-reboot"];
  const bare = ["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-monitor", "none"];
  const command = "console=ttyS0 quiet panic=-1 mitigations=off nokaslr";
  const guest = spawn("qemu-system-x86_64", [...machine, ...bare, "-kernel", image, "-initrd", initramfs, "-append", command], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limit * 1000,
    killSignal: "SIGKILL",
  });
  const callOff = atExit(() => guest.kill("SIGKILL"));
  let output = "";
  guest.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  guest.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code, signal] = (await once(guest, "close")) as [number | null, string | null];
  callOff();
  if (code !== 0) throw new Error(`QEMU ended with ${code ?? signal}:\n${output}`);
  return output.replaceAll("\r", "");
}

/** Counts as the guest's test runner gave them. A guest that gave none is an error: it would look like success. */
export function tally(output: string): Tally {
  const count = (name: string): number => Number([...output.matchAll(new RegExp(`^# ${name} (\\d+)$`, "gm"))].at(-1)?.[1] ?? 0);
  const counts = { tests: count("tests"), pass: count("pass"), fail: count("fail") + count("cancelled"), skipped: count("skipped") };
  if (counts.tests === 0) throw new Error(`the guest ran no test, or not to the end:\n${output.slice(-20_000)}`);
  const failed = [...output.matchAll(/^ *not ok \d+ - (.*)$/gm)].map(([, name = ""]) => name);
  return { ...counts, failed, output };
}
