/** What the kernel tests share: compiled probe snippets, directories, code inside a namespace, and taking it all away again. */

import { execFileSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { ensureMounted } from "../../agent/kernel/mounts.ts";
import type { Lab } from "../harness/netns.ts";

const PRELUDE = `
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
`;
const KERNEL = new URL("../../agent/kernel/", import.meta.url).href;

let counter = 0;

/** A directory that is gone after the tests of the file. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "weir-kernel-test-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Compiles BPF C, with the usual headers in front, and answers the object's path. */
export function compile(source: string): string {
  const path = join(temporaryDirectory(), "probe.bpf.o");
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const flags = ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-idirafter", `/usr/include/${machine}-linux-gnu`];
  execFileSync("clang", [...flags, "-c", "-x", "c", "-o", path, "-"], { input: PRELUDE + source });
  return path;
}

/** A directory of its own on the BPF file system, which is mounted if need be and then stays so. */
export function pinDirectory(): string {
  ensureMounted("bpf", "/sys/fs/bpf");
  const directory = `/sys/fs/bpf/weir-test-${process.pid}-${counter++}`;
  mkdirSync(directory, { mode: 0o700 });
  after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Starts code in a process inside a namespace. It is a module's text that may use what agent/kernel exports, and
 * `say(value)`, which becomes an answer to `next`.
 */
export function inNamespace(lab: Lab, namespace: string, code: string): Inside {
  return new Inside(
    lab.spawn(namespace, [process.execPath, "--input-type=module", "-e", modulesFor(code) + code], { stdio: ["pipe", "pipe", "inherit"] }),
  );
}

const NAMES = ["attachment", "ethtool", "features", "libbpf", "links", "objects", "sockets", "tc", "xdp"];

/** Imports only what the code names: on an emulated machine every module takes its time. */
function modulesFor(code: string): string {
  const used = NAMES.filter((name) => code.includes(`${name}.`) || (name === "links" && code.includes("device(")));
  return `
    ${used.map((name) => `import * as ${name} from "${KERNEL}${name}.ts";`).join("\n")}
    import { once } from "node:events";
    const say = (value) => process.stdout.write(JSON.stringify(value) + "\\n");
    const told = () => once(process.stdin, "data");
    const device = (name) => links.listLinks().find((link) => link.name === name);
  `;
}

export class Inside {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(child: ChildProcess) {
    this.child = child;
    this.#lines = lines(child);
  }

  /** What the code said next. */
  async next(): Promise<any> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the process inside the namespace ended without an answer");
    return JSON.parse(value);
  }

  /** Lets `await told()` go on. */
  tell(): void {
    this.child.stdin!.write("go\n");
  }

  async kill(): Promise<void> {
    const gone = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await gone;
  }

  /** Lets the code go on, and waits for its process to end by itself. */
  async finish(): Promise<void> {
    const gone = once(this.child, "exit");
    this.tell();
    await gone;
  }
}

async function* lines(child: ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of child.stdout!.setEncoding("utf8")) {
    rest += chunk;
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      yield rest.slice(0, end);
      rest = rest.slice(end + 1);
    }
  }
}
