/** What a process is part of, as runtimes and people name it. */

import type { ContainerReference, PodReference, Workload } from "../../values/workload.ts";

/** Letters of a container's identifier that tell it apart. */
const SHORT_ID = 12;

/** A container by the first letters of its identifier and its name, a pod by its name, as far as they are known. */
export function shortNames({ container, pod, unit }: Workload): { container?: string; pod?: string; unit?: string } {
  return {
    ...(container === undefined ? {} : { container: shortContainer(container) }),
    ...(pod === undefined ? {} : { pod: shortPod(pod) }),
    ...(unit === undefined ? {} : { unit }),
  };
}

function shortContainer({ id, name }: ContainerReference): string {
  if (name === id) return id;
  return name === undefined ? id.slice(0, SHORT_ID) : `${id.slice(0, SHORT_ID)}/${name}`;
}

/** As `shop/web-0`. */
export function shortPod({ uid, name, namespace }: PodReference): string {
  return name === undefined ? uid : `${namespace}/${name}`;
}
