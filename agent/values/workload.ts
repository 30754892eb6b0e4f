/** The container, pod, unit and network namespace that a process is part of. */

export interface ContainerReference {
  /** The id that the container runtime uses, or the name if the runtime has no id. */
  id: string;
  /**
   * The runtime: `docker`, `containerd`, `cri-o`, `podman`, `lxc` or `systemd-nspawn`. Absent where the path of the control group
   * does not tell.
   */
  runtime?: string;
  name?: string;
  /** The image as the runtime names it, such as `nginx:1.27`. */
  image?: string;
  /** A few well-known labels. */
  labels?: Record<string, string>;
}

export interface PodReference {
  uid: string;
  name?: string;
  namespace?: string;
}

export interface NetworkNamespace {
  /** The number that `lsns -t net` shows. */
  id: number;
  /** The name under which `ip netns` mounted it; absent if it is not mounted. */
  name?: string;
}

/** The workload of a process. A process without one belongs to the host. */
export interface Workload {
  container?: ContainerReference;
  pod?: PodReference;
  /** The unit of systemd, such as `nginx.service`, or `user@1000.service/app.scope` for a unit of a user. */
  unit?: string;
}
