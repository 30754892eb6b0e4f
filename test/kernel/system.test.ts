import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";

import { adviceFor, errnoName, KernelError } from "../../agent/kernel/errors.ts";
import { cgroupRoot, ensureMounted, isMounted } from "../../agent/kernel/mounts.ts";
import { inFirstNetns, netnsCookie, peerOf } from "../../agent/kernel/sockets.ts";
import { libc } from "../../agent/kernel/syscall.ts";
import { makeLab } from "../harness/netns.ts";
import { inNamespace, temporaryDirectory } from "./support.ts";

describe("the other end of a Unix socket", () => {
  it("is known by its process and user", async () => {
    const path = join(temporaryDirectory(), "socket");
    const server = createServer().listen(path);
    await once(server, "listening");
    const client = connect(path);
    const [socket] = (await once(server, "connection")) as [Socket];
    try {
      const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
      assert.deepEqual(peerOf(fd), { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() });
    } finally {
      client.destroy();
      server.close();
    }
  });
});

describe("a network namespace's cookie", () => {
  it("is the same each time, and another one in another namespace", async () => {
    await using lab = await makeLab({ namespaces: ["one"], links: [] });
    const inside = inNamespace(lab, "one", `say(String(sockets.netnsCookie()));`);
    assert.equal(netnsCookie(), netnsCookie());
    assert.notEqual(await inside.next(), String(netnsCookie()));
  });
});

describe("the first network namespace", () => {
  it("is no one that was made later", async () => {
    await using lab = await makeLab({ namespaces: ["one"], links: [] });
    const inside = inNamespace(lab, "one", `say(sockets.inFirstNetns());`);
    assert.equal(await inside.next(), false);
    assert.equal(
      inFirstNetns(),
      existsSync("/proc/2/comm") &&
        readFileSync("/proc/2/comm", "utf8") === "kthreadd\n" &&
        statSync("/proc/2/ns/net").ino === statSync("/proc/self/ns/net").ino,
    );
  });
});

describe("a kernel file system", () => {
  it("is mounted where it is missing, and only there", () => {
    const path = join(temporaryDirectory(), "bpf");
    assert.equal(isMounted("bpf", path), false);
    assert.equal(ensureMounted("bpf", path), true);
    try {
      assert.equal(isMounted("bpf", path), true);
      assert.equal(ensureMounted("bpf", path), false);
    } finally {
      libc().umount(path, 0);
    }
  });

  it("of control groups is found in every layout, also under a name with spaces", () => {
    const unified = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n";
    const hybrid =
      "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
    assert.equal(cgroupRoot(unified), "/sys/fs/cgroup");
    assert.equal(cgroupRoot(hybrid), "/sys/fs/cgroup/unified");
    assert.equal(cgroupRoot("none /my\\040groups cgroup2 rw 0 0"), "/my groups");
    assert.equal(cgroupRoot("tmpfs / tmpfs rw 0 0"), undefined);
  });
});

describe("an error of the kernel", () => {
  it("has its name whether it came negated, from libbpf, or is one only the kernel knows", () => {
    assert.equal(errnoName(-1), "EPERM");
    assert.equal(errnoName(16), "EBUSY");
    assert.equal(errnoName(-524), "ENOTSUPP");
    assert.equal(errnoName(-4005), "LIBBPF_RELOC");
  });

  it("says what was tried and what to do next", () => {
    const error = new KernelError("attach native XDP on eth0", -12);
    assert.equal(error.errno, "ENOMEM");
    assert.match(error.message, /^attach native XDP on eth0: out of memory \(ENOMEM\): raise the memory limit/);
    assert.match(adviceFor("EPERM"), /although running as root/);
  });
});
