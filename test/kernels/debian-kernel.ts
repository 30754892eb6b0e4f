/** Kernels of Debian 12 and its backports, fetched with apt into the cache. The machine's own sources stay as they are. */

import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { cached } from "../../collector/cache.ts";

const run = promisify(execFile);
const HUGE = { maxBuffer: 64 << 20 };

export type Version = "6.1" | "6.12";

/** The Debian suite that has the kernel. */
const SUITES: Record<Version, string> = { "6.1": "bookworm", "6.12": "bookworm-backports" };

/** What the tests use and the cloud kernels do not have built in. */
const MODULES = [
  "veth",
  "sch_ingress",
  "cls_bpf",
  "bridge",
  "tun",
  "vxlan",
  "nft_chain_nat",
  "nft_masq",
  "nft_nat",
  "nf_conntrack_netlink",
  "tcp_diag",
];

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

export interface Kernel {
  image: string;
  /** Files to insert, each behind what it depends on. */
  modules: string[];
}

export async function debianKernel(version: Version): Promise<Kernel> {
  const directory = await cached(`kernel-${version}`, [SUITES[version], ...MODULES].join(), (made) => fetchKernel(version, made));
  const modules = (await readdir(directory)).filter((name) => name.endsWith(".ko")).sort();
  return { image: join(directory, "vmlinuz"), modules: modules.map((name) => join(directory, name)) };
}

async function fetchKernel(version: Version, made: string): Promise<void> {
  const work = join(made, "work");
  const options = await privateApt(join(work, "apt"), SUITES[version]);
  await run("apt-get", [...options, "-q", "update"], HUGE);
  const depends = await run("apt-cache", [...options, "depends", "linux-image-cloud-amd64"], HUGE);
  const name = /Depends: (linux-image-\S+)/.exec(depends.stdout)?.[1];
  if (name?.startsWith(`linux-image-${version}.`) !== true)
    throw new Error(`${SUITES[version]} has no ${version} kernel any more, but ${name}`);
  await run("apt-get", [...options, "-q", "download", name], { ...HUGE, cwd: work });

  const tree = join(work, "tree");
  await run("dpkg-deb", ["-x", ...globSync(join(work, "*.deb")), tree]);
  await copyFile(globSync(join(tree, "boot/vmlinuz-*"))[0] ?? "", join(made, "vmlinuz"));
  const order: string[] = [];
  for (const module of MODULES) await unpackModule(tree, module, order, made);
  await rm(work, { recursive: true });
}

/** Options that make apt use directories and sources of its own. */
async function privateApt(directory: string, suite: string): Promise<string[]> {
  await mkdir(join(directory, "lists/partial"), { recursive: true });
  await mkdir(join(directory, "cache/archives/partial"), { recursive: true });
  await writeFile(join(directory, "sources.list"), `deb [signed-by=${KEYRING}] ${await mirror()} ${suite} main\n`);
  return [
    `Dir::Etc::sourcelist=${join(directory, "sources.list")}`,
    "Dir::Etc::sourceparts=-",
    `Dir::State::lists=${join(directory, "lists")}`,
    `Dir::Cache=${join(directory, "cache")}`,
    "APT::Sandbox::User=root",
    "Acquire::Languages=none",
  ].flatMap((option) => ["-o", option]);
}

/** Where this machine gets Debian from. */
async function mirror(): Promise<string> {
  const { stdout } = await run("apt-get", ["indextargets", "--format", "$(ORIGIN) $(REPO_URI)"], HUGE);
  const ours = stdout.split("\n").find((line) => /^Debian \S+\/debian\/$/.test(line));
  return ours?.split(" ")[1] ?? "http://deb.debian.org/debian";
}

/** Puts a module and what it needs into `made`, numbered in the order to insert them. */
async function unpackModule(tree: string, module: string, order: string[], made: string): Promise<void> {
  if (order.includes(module)) return;
  const path = globSync(join(tree, `lib/modules/*/kernel/**/${module.replaceAll("_", "[-_]")}.ko{,.xz}`))[0];
  if (path === undefined) throw new Error(`the kernel package has no module ${module}`);
  const content = path.endsWith(".xz")
    ? (await run("busybox", ["unxz", "-c", path], { ...HUGE, encoding: "buffer" })).stdout
    : await readFile(path);
  const depends = /\0depends=([^\0]*)\0/.exec(content.toString("latin1"))?.[1] ?? "";
  for (const needed of depends.split(",").filter(Boolean)) await unpackModule(tree, needed, order, made);
  order.push(module);
  await writeFile(join(made, `${String(order.length).padStart(2, "0")}-${basename(path).replace(".xz", "")}`), content);
}

/** Why the kernels cannot be fetched or unpacked here, if so. */
export function missingForKernels(): string | undefined {
  if (process.arch !== "x64") return "the kernels under test are for amd64";
  return existsSync(KEYRING) ? undefined : `this is not Debian: there is no ${KEYRING}`;
}
