/** Runs in the guest only: it is the kernel we asked for, with what the suite relies on. */

import assert from "node:assert/strict";
import { accessSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { test } from "node:test";

test("this is the kernel under test", () => {
  assert.ok(release().startsWith(`${process.env["WEIR_KERNEL"]}.`), release());
});

test("it has BTF, bpffs, cgroup v2 and the modules", () => {
  accessSync("/sys/kernel/btf/vmlinux");
  accessSync("/sys/fs/cgroup/cgroup.procs");
  assert.match(readFileSync("/proc/mounts", "utf8"), /^bpf \/sys\/fs\/bpf bpf /m);
  const modules = readFileSync("/proc/modules", "utf8");
  for (const module of ["veth", "sch_ingress", "cls_bpf"]) assert.match(modules, new RegExp(`^${module} `, "m"));
});
