/** What the kernel tests share: compiled probe snippets, directories, network namespaces, and taking it all away again. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

const PRELUDE = `
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
`;
const BPF_FS_MAGIC = 0xcafe4a11;

let counter = 0;

export function unique(prefix: string): string {
  return `${prefix}${process.pid}-${counter++}`;
}

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
  const flags = ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-idirafter", `/usr/include/${machine}-linux-gnu`, "-Wno-missing-declarations"];
  execFileSync("clang", [...flags, "-c", "-x", "c", "-o", path, "-"], { input: PRELUDE + source });
  return path;
}

/** A directory of its own on the BPF file system, which is mounted if need be and then stays so. */
export function pinDirectory(): string {
  if (statfsSync("/sys/fs/bpf").type !== BPF_FS_MAGIC) execFileSync("mount", ["-t", "bpf", "bpf", "/sys/fs/bpf"]);
  const directory = `/sys/fs/bpf/${unique("weir-test-")}`;
  mkdirSync(directory, { mode: 0o700 });
  after(() => {
    if (existsSync(directory)) rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

export interface Pair {
  /** Name of the namespace that holds `device`; the other end is in `peerNamespace`. */
  namespace: string;
  peerNamespace: string;
  device: string;
  peer: string;
}

/** Two network namespaces joined by a veth pair: 198.18.0.1 on `device`, 198.18.0.2 on `peer`. */
export function vethPair(): Pair {
  const namespace = unique("weirk");
  const peerNamespace = `${namespace}p`;
  const ip = (...words: string[]) => execFileSync("ip", words);
  after(() => {
    for (const name of [namespace, peerNamespace]) {
      if (existsSync(`/var/run/netns/${name}`)) ip("netns", "delete", name);
    }
  });
  ip("netns", "add", namespace);
  ip("netns", "add", peerNamespace);
  ip("-n", namespace, "link", "add", "dev0", "type", "veth", "peer", "name", "dev1", "netns", peerNamespace);
  ip("-n", namespace, "address", "add", "198.18.0.1/24", "dev", "dev0");
  ip("-n", peerNamespace, "address", "add", "198.18.0.2/24", "dev", "dev1");
  ip("-n", namespace, "link", "set", "dev0", "up");
  ip("-n", peerNamespace, "link", "set", "dev1", "up");
  return { namespace, peerNamespace, device: "dev0", peer: "dev1" };
}

/** The words that start a command inside a namespace while keeping this process's mounts, and so its pins. */
export function inside(namespace: string, ...command: string[]): [string, string[]] {
  return ["nsenter", [`--net=/var/run/netns/${namespace}`, ...command]];
}
