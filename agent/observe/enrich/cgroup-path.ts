/**
 * Tells what a control group belongs to, by the path that runtimes and systemd give it:
 *
 *     /system.slice/nginx.service                                    a unit
 *     /user.slice/user-1000.slice/user@1000.service/app.slice/x.scope  a unit of a user's own systemd
 *     /docker/ID  /system.slice/docker-ID.scope                      Docker with its two drivers of control groups
 *     /machine.slice/libpod-ID.scope/container  /system.slice/web.service/libpod-payload-ID   Podman
 *     /kubepods/burstable/podUID/ID                                  Kubernetes, the driver being cgroupfs
 *     /kubepods.slice/…/kubepods-burstable-podU_I_D.slice/cri-containerd-ID.scope     or systemd; crio-ID.scope of CRI-O
 *     /system.slice/containerd.service/kubepods-burstable-podU_I_D.slice:cri-containerd:ID   or the two disagree about it
 *     /lxc.payload.NAME/…  /lxc/NAME/…  /machine.slice/systemd-nspawn@NAME.service/payload
 *
 * The outermost name counts. A container or user to whom a subtree is delegated can make groups in it with any name, also with
 * the name of another container; but nobody can change the names above.
 */

import type { Workload } from "../../values/workload.ts";

/** The prefix before the identifier, and the runtime that writes it. */
const RUNTIMES: Record<string, string> = {
  docker: "docker",
  "cri-containerd": "containerd",
  nerdctl: "containerd",
  crio: "cri-o",
  libpod: "podman",
  "libpod-payload": "podman",
};

const CONTAINER = /^(?:([a-z][a-z0-9-]*)-)?([0-9a-f]{64})(?:\.scope)?$/;
const POD = /(?:^|-)pod([0-9a-f]{32}|[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})(?:\.slice)?$/;
const UNIT = /\.(?:service|scope|socket|mount|swap)$/;
const USER_MANAGER = /^user@(\d+)\.service$/;
const NSPAWN = /^(?:systemd-nspawn@(.+)\.service|machine-(.+)\.scope)$/;
const LXC_PAYLOAD = /^lxc\.payload\.(.+)$/;

export function workloadOf(path: string): Workload {
  const workload: Workload = {};
  // If kubelet and containerd disagree about the driver, three names stand in one.
  const names = path.split("/").flatMap((name) => splitTriple(name));
  for (const [at, name] of names.entries()) {
    const before = names[at - 1] ?? "";
    const container = containerOf(name, before, names[at + 1] ?? "");
    if (container !== undefined) return { ...workload, container };
    const pod = POD.exec(name)?.[1];
    if (pod !== undefined && names.slice(0, at + 1).some((above) => above.includes("kubepods"))) {
      workload.pod ??= { uid: pod.replaceAll("_", "-") };
    } else if (UNIT.test(name)) {
      const unit = name.replace(/^_/, ""); // systemd writes _ before a name that the kernel could take for a file of its own
      if (workload.unit === undefined) workload.unit = unit;
      else if (USER_MANAGER.test(workload.unit)) workload.unit += `/${unit}`;
    }
  }
  return workload;
}

/** Returns the user whose own systemd or runtime made the groups below. Their names are that user's choice. */
export function userOf(workload: Workload): number | undefined {
  const user = USER_MANAGER.exec(workload.unit?.split("/")[0] ?? "")?.[1];
  return user === undefined ? undefined : Number(user);
}

/**
 * Marks names that a user chose with the user, for rules. Names below a user's own systemd are that user's choice, and so is
 * whether anybody knows them. With the user before them, as in units, nobody can mistake them for another's.
 */
export function withUser(workload: Workload): Workload {
  const { container, pod, unit } = workload;
  if (userOf(workload) === undefined) return workload;
  const below = (name: string): string => `${unit!.split("/")[0]}/${name}`;
  return {
    ...workload,
    ...(container === undefined
      ? {}
      : { container: { ...container, id: below(container.id), name: below(container.name ?? container.id) } }),
    ...(pod === undefined ? {} : { pod: { ...pod, name: below(pod.name ?? pod.uid), namespace: below(pod.namespace ?? pod.uid) } }),
  };
}

/** Control groups that contain a user's own systemd and sessions. Only root can make groups beside them. */
const OF_USERS = /^(?:user\.slice|user-\d+\.slice|user@\d+\.service)$/;
/**
 * Units of the system that start programs for any user who logs in or has a timetable. Without logind these programs stay in the
 * unit's group.
 */
const FOR_USERS =
  /^(?:ssh|sshd|dropbear|telnetd?|login|getty|serial-getty|cron|crond|cronie|fcron|anacron|atd?|xrdp|gdm3?|lightdm|sddm|display-manager|user-runtime-dir)(?:[@.-].*)?\.(?:service|socket)$/;

/**
 * Returns whether the group is that of a service of the system, or of a container that root made, and users cannot start programs
 * in it.
 */
export function isOfSystem(path: string): boolean {
  const names = path.split("/");
  if (names.some((name) => OF_USERS.test(name))) return false;
  const { container, pod, unit } = workloadOf(path);
  if (container !== undefined || pod !== undefined) return true;
  return unit !== undefined && unit.endsWith(".service") && !names.some((name) => FOR_USERS.test(name));
}

function containerOf(name: string, before: string, after: string): Workload["container"] {
  const [, prefix, id] = CONTAINER.exec(name) ?? [];
  if (id !== undefined) {
    if (prefix?.endsWith("conmon")) return undefined; // conmon watches the container from outside
    const runtime = RUNTIMES[prefix ?? before];
    return { id, ...(runtime === undefined ? {} : { runtime }) };
  }
  const lxc = before === "lxc" ? name : LXC_PAYLOAD.exec(name)?.[1];
  if (lxc) return named(lxc, "lxc");
  const machine = after === "payload" ? NSPAWN.exec(name) : null;
  return machine === null ? undefined : named(machineName(machine[1] ?? machine[2]!), "systemd-nspawn");
}

/** Makes a container of a runtime that has only names and no identifiers. */
function named(name: string, runtime: string): Workload["container"] {
  return { id: name, name, runtime };
}

function splitTriple(name: string): string[] {
  const parts = name.split(":");
  return parts.length === 3 ? [parts[0]!, `${parts[1]}-${parts[2]}`] : [name];
}

/** systemd writes unusual bytes as \x2d. */
function machineName(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
