/** What a process is part of, as runtimes and people name it. */

import type { ContainerReference, Workload } from "./event.ts";

/** Letters of a container's identifier that tell it apart. */
const SHORT_ID = 12;

/** A container by the first letters of its identifier and its name. */
export function shortNames({ container, pod, unit }: Workload): { container?: string; pod?: string; unit?: string } {
  return {
    ...(container === undefined ? {} : { container: shortContainer(container) }),
    ...(pod === undefined ? {} : { pod: pod.uid }),
    ...(unit === undefined ? {} : { unit }),
  };
}

function shortContainer({ id, name }: ContainerReference): string {
  if (name === id) return id;
  return name === undefined ? id.slice(0, SHORT_ID) : `${id.slice(0, SHORT_ID)}/${name}`;
}
