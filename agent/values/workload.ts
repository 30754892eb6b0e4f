/** The container, pod, unit and network namespace that a process is part of. */

export interface ContainerReference {
  /** As its runtime writes it, or its name where the runtime knows no other. */
  id: string;
  /** `docker`, `containerd`, `cri-o`, `podman`, `lxc`, `systemd-nspawn`; absent where the path of its control group does not tell. */
  runtime?: string;
  name?: string;
  /** As the runtime writes it, as `nginx:1.27`. */
  image?: string;
  /** A few well-known ones. */
  labels?: Record<string, string>;
}

export interface PodReference {
  uid: string;
  name?: string;
  namespace?: string;
}

export interface NetworkNamespace {
  /** As `lsns -t net` shows it. */
  id: number;
  /** Where it is mounted by one. */
  name?: string;
}

/** What a process is part of; its own process apart from that is the host's. */
export interface Workload {
  container?: ContainerReference;
  pod?: PodReference;
  /** Of systemd, as `nginx.service`; `user@1000.service/app.scope` for one of a user's own. */
  unit?: string;
}
