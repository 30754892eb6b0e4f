/** The sources for the names of containers and pods on this host. */

import type { NameSources } from "./container-names.ts";
import { podFiles } from "./pod-files.ts";
import { runtimeSocket } from "./runtime-socket.ts";

/** The variables are those that the runtimes' own commands read. */
export function nameSources({ DOCKER_HOST, CONTAINER_HOST }: NodeJS.ProcessEnv = process.env): NameSources {
  return {
    docker: runtimeSocket(socketPath(DOCKER_HOST) ?? "/run/docker.sock"),
    podman: runtimeSocket(socketPath(CONTAINER_HOST) ?? "/run/podman/podman.sock"),
    pods: podFiles(),
  };
}

/** Returns a path only for a socket of this host. Other hosts do not know its containers. */
function socketPath(address = ""): string | undefined {
  return /^unix:\/\/(\/.+)$/.exec(address)?.[1];
}
