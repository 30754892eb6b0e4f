/** Where names of containers and pods are asked for on this host. */

import type { NameSources } from "./container-names.ts";
import { podFiles } from "./pod-files.ts";
import { runtimeSocket } from "./runtime-socket.ts";

/** The variables are those of the runtimes' own commands. */
export function nameSources({ DOCKER_HOST, CONTAINER_HOST }: NodeJS.ProcessEnv = process.env): NameSources {
  return {
    docker: runtimeSocket(socketPath(DOCKER_HOST) ?? "/run/docker.sock"),
    podman: runtimeSocket(socketPath(CONTAINER_HOST) ?? "/run/podman/podman.sock"),
    pods: podFiles(),
  };
}

/** Sockets of other hosts know nothing of this one's containers. */
function socketPath(address = ""): string | undefined {
  return /^unix:\/\/(\/.+)$/.exec(address)?.[1];
}
