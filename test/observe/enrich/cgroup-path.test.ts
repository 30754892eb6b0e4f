/** Paths as each runtime writes them, with identifiers made up. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { isOfSystem, userOf, withUser, workloadOf } from "../../../agent/observe/enrich/cgroup-path.ts";
import type { Workload } from "../../../agent/values/workload.ts";

const ID = "3f2a1bc4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f80";
const OTHER = "b".repeat(64);
const UID = "74c13223-5a00-11e9-b385-42010a80018d";
const UID_IN_SLICE = UID.replaceAll("-", "_");
/** Of a pod that a file on the node describes. */
const STATIC_UID = "89f4f2cb511c3b0b7e5272cff5ec37bf";

const pod = { uid: UID };
const docker = { id: ID, runtime: "docker" };
const podman = { id: ID, runtime: "podman" };
const containerd = { id: ID, runtime: "containerd" };
const crio = { id: ID, runtime: "cri-o" };

const PATHS: Record<string, Record<string, Workload>> = {
  "the host's own": {
    "/": {},
    "": {},
    "/system.slice": {},
    "/init.scope": { unit: "init.scope" },
    "/system.slice/nginx.service": { unit: "nginx.service" },
    "/system.slice/system-getty.slice/getty@tty1.service": { unit: "getty@tty1.service" },
    "/system.slice/ssh.service/inner": { unit: "ssh.service" },
    "/system.slice/dev-disk-by\\x2duuid-1.swap": { unit: "dev-disk-by\\x2duuid-1.swap" },
    "/system.slice/_cpu.service": { unit: "cpu.service" },
    "/user.slice/user-1000.slice/session-3.scope": { unit: "session-3.scope" },
    "/user.slice/user-1000.slice/user@1000.service/init.scope": { unit: "user@1000.service/init.scope" },
    "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-42.scope": {
      unit: "user@1000.service/app-gnome-firefox-42.scope",
    },
    "/system.slice/docker.service": { unit: "docker.service" },
    "/system.slice/containerd.service": { unit: "containerd.service" },
  },
  Docker: {
    [`/docker/${ID}`]: { container: docker },
    [`/docker/${ID}/init.scope`]: { container: docker },
    [`/system.slice/docker-${ID}.scope`]: { container: docker },
    [`/system.slice/docker-${ID}.scope/system.slice/cron.service`]: { container: docker },
    [`/batch/${ID}`]: { container: { id: ID } }, // with --cgroup-parent
    [`/${ID}`]: { container: { id: ID } },
    [`/batch.slice/docker-${ID}.scope`]: { container: docker },
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${ID}.scope`]: { unit: "user@1000.service", container: docker },
    [`/ecs/0f1e2d3c4b5a69788796a5b4c3d2e1f0/${ID}`]: { container: { id: ID } },
    [`/../../docker/${ID}`]: { container: docker }, // seen from another namespace
  },
  Podman: {
    [`/machine.slice/libpod-${ID}.scope`]: { container: podman },
    [`/machine.slice/libpod-${ID}.scope/container`]: { container: podman },
    [`/machine.slice/machine-libpod_pod_${OTHER}.slice/libpod-${ID}.scope/container`]: { container: podman },
    [`/libpod_parent/libpod-${ID}`]: { container: podman },
    [`/system.slice/web.service/libpod-payload-${ID}`]: { unit: "web.service", container: podman },
    "/system.slice/web.service/runtime": { unit: "web.service" },
    [`/machine.slice/libpod-conmon-${ID}.scope`]: { unit: `libpod-conmon-${ID}.scope` },
    [`/libpod_parent/libpod-${ID}/supervisor`]: { container: podman },
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`]: {
      unit: "user@1000.service",
      container: podman,
    },
    [`/user.slice/user-1000.slice/user@1000.service/app.slice/web.service/libpod-payload-${ID}`]: {
      unit: "user@1000.service/web.service",
      container: podman,
    },
  },
  "Kubernetes with the driver cgroupfs": {
    [`/kubepods/pod${UID}/${ID}`]: { pod, container: { id: ID } },
    [`/kubepods/burstable/pod${UID}/${ID}`]: { pod, container: { id: ID } },
    [`/kubepods/besteffort/pod${UID}/${ID}`]: { pod, container: { id: ID } },
    [`/kubepods/burstable/pod${STATIC_UID}/${ID}`]: { pod: { uid: STATIC_UID }, container: { id: ID } },
    [`/kubepods/burstable/pod${UID}/crio-${ID}`]: { pod, container: crio },
    [`/kubepods/burstable/pod${UID}`]: { pod },
    [`/kubelet/kubepods/burstable/pod${UID}/${ID}`]: { pod, container: { id: ID } },
  },
  "Kubernetes with the driver systemd": {
    [`/kubepods.slice/kubepods-pod${UID_IN_SLICE}.slice/cri-containerd-${ID}.scope`]: { pod, container: containerd },
    [`/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_IN_SLICE}.slice/cri-containerd-${ID}.scope`]: {
      pod,
      container: containerd,
    },
    [`/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_IN_SLICE}.slice/crio-${ID}.scope`]: { pod, container: crio },
    [`/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_IN_SLICE}.slice/crio-${ID}.scope/container`]: {
      pod,
      container: crio,
    },
    [`/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_IN_SLICE}.slice/crio-conmon-${ID}.scope`]: {
      pod,
      unit: `crio-conmon-${ID}.scope`,
    },
    [`/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC_UID}.slice/docker-${ID}.scope`]: {
      pod: { uid: STATIC_UID },
      container: docker,
    },
    [`/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${UID_IN_SLICE}.slice/cri-containerd-${ID}.scope`]:
      { pod, container: containerd },
    [`/system.slice/containerd.service/kubepods-burstable-pod${UID_IN_SLICE}.slice:cri-containerd:${ID}`]: {
      unit: "containerd.service",
      pod,
      container: containerd,
    },
    [`/kubepods-burstable-pod${UID_IN_SLICE}.slice:cri-containerd:${ID}`]: { pod, container: containerd },
  },
  "containerd without Kubernetes": {
    [`/default/${ID}`]: { container: { id: ID } },
    [`/system.slice/nerdctl-${ID}.scope`]: { container: containerd },
  },
  "systems in containers": {
    "/lxc.payload.web-1": { container: { id: "web-1", name: "web-1", runtime: "lxc" } },
    "/lxc.payload.web-1/system.slice/cron.service": { container: { id: "web-1", name: "web-1", runtime: "lxc" } },
    "/lxc/101/ns/system.slice/cron.service": { container: { id: "101", name: "101", runtime: "lxc" } },
    "/lxc.monitor.web-1": {},
    "/machine.slice/systemd-nspawn@web-1.service/payload/system.slice/cron.service": {
      container: { id: "web-1", name: "web-1", runtime: "systemd-nspawn" },
    },
    "/machine.slice/systemd-nspawn@web-1.service/supervisor": { unit: "systemd-nspawn@web-1.service" },
    "/machine.slice/machine-web\\x2d1.scope/payload": { container: { id: "web-1", name: "web-1", runtime: "systemd-nspawn" } },
    "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator": { unit: "machine-qemu\\x2d1\\x2dvm.scope" },
  },
  "containers in containers, which are told as the outer one": {
    [`/docker/${ID}/docker/${OTHER}`]: { container: docker },
    [`/system.slice/docker-${ID}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UID_IN_SLICE}.slice/cri-containerd-${OTHER}.scope`]:
      { container: docker },
    [`/kubepods/burstable/pod${UID}/${ID}/docker/${OTHER}`]: { pod, container: { id: ID } },
    [`/lxc.payload.web-1/docker/${OTHER}`]: { container: { id: "web-1", name: "web-1", runtime: "lxc" } },
  },
  "names that only look like one": {
    [`/docker/${ID.slice(1)}`]: {},
    [`/docker/${ID}0`]: {},
    [`/docker/${ID.toUpperCase()}`]: {},
    [`/system.slice/docker-${ID}.service`]: { unit: `docker-${ID}.service` },
    [`/system.slice/pod${UID}`]: {},
    "/system.slice/podman.service": { unit: "podman.service" },
    "/lxc.payload.": {},
    "/lxc/": {},
  },
};

describe("a control group tells whose it is by its path", () => {
  for (const [of, paths] of Object.entries(PATHS)) {
    it(of, () => {
      for (const [path, workload] of Object.entries(paths)) assert.deepEqual(workloadOf(path), workload, path);
    });
  }
});

it("what a user's own runtime or a container calls itself does not pass for anything of the system", () => {
  const below = "/user.slice/user-1000.slice/user@1000.service";
  assert.deepEqual(workloadOf(`${below}/ssh.service`).unit, "user@1000.service/ssh.service");
  assert.equal(userOf(workloadOf(`${below}/docker-${ID}.scope`)), 1000);
  assert.equal(userOf(workloadOf(`${below}/app.slice/web.service/libpod-payload-${ID}`)), 1000);
  assert.equal(userOf(workloadOf(`/docker/${ID}/user.slice${below}/x.service`)), undefined);
  assert.equal(userOf(workloadOf("/system.slice/nginx.service")), undefined);
  assert.deepEqual(workloadOf(`/docker/${ID}/system.slice/docker-${OTHER}.scope`), { container: docker });
});

it("rules find the user before what a user's own runtime calls itself", () => {
  const below = "/user.slice/user-1000.slice/user@1000.service";
  assert.deepEqual(withUser(workloadOf(`${below}/lxc.payload.web`)).container, {
    id: "user@1000.service/web",
    name: "user@1000.service/web",
    runtime: "lxc",
  });
  assert.deepEqual(withUser(workloadOf(`${below}/kubepods/pod${UID}/${ID}`)).pod, {
    uid: UID,
    name: `user@1000.service/${UID}`,
    namespace: `user@1000.service/${UID}`,
  });
  assert.deepEqual(withUser(workloadOf(`/docker/${ID}`)), workloadOf(`/docker/${ID}`));
});

it("a path of any length is read at once", () => {
  for (const path of [
    "/pod".repeat(50_000),
    "-pod".repeat(50_000),
    `/kubepods${"-pod0_".repeat(50_000)}`,
    "/a:b:c".repeat(50_000),
    "a-".repeat(50_000),
  ]) {
    assert.deepEqual(workloadOf(path), {});
  }
});

it("tells what root set up from what a user can have begun", () => {
  const ofSystem = [
    "/system.slice/otelcol.service",
    "/observability.slice/otelcol.service/inner",
    `/docker/${ID}`,
    `/system.slice/docker-${ID}.scope`,
    `/machine.slice/libpod-${ID}.scope/container`,
    `/kubepods/burstable/pod${UID}/${ID}`,
    `/docker/${ID}/system.slice/web.service`,
  ];
  for (const path of ofSystem) assert.ok(isOfSystem(path), path);
  const user = "/user.slice/user-1000.slice";
  const others = [
    "/",
    "",
    "/system.slice",
    "/init.scope",
    `${user}/session-3.scope`,
    `${user}/user@1000.service/app.slice/otelcol.service`,
    `${user}/user@1000.service/system.slice/otelcol.service`,
    `${user}/user@1000.service/user.slice/libpod-${ID}.scope`,
    `${user}/user@1000.service/docker/${ID}`,
    "/system.slice/ssh.service",
    "/system.slice/system-sshd.slice/sshd@3-10.0.0.1:22.service",
    "/system.slice/cron.service",
    "/system.slice/crond.service/job",
    "/system.slice/atd.service",
    "/system.slice/system-getty.slice/getty@tty1.service",
    "/system.slice/run-1.scope",
    "/lab/elsewhere",
  ];
  for (const path of others) assert.ok(!isOfSystem(path), path);
});
