/** Writes the workload of a process in the short form that runtimes and people use. */

import type { ContainerReference, PodReference, Workload } from "../../values/workload.ts";

/** This many letters of a container's identifier are enough to recognise it. */
const SHORT_ID = 12;

/** Names a container by the first letters of its identifier and its name, and a pod by its name, as far as these are known. */
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

/** Writes a pod as `shop/web-0`. */
export function shortPod({ uid, name, namespace }: PodReference): string {
  return name === undefined ? uid : `${namespace}/${name}`;
}
