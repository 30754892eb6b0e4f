/**
 * The names of containers and pods. They are asked for when a control group is made and when an event is the first of its
 * container, beside the events: those told before the answer is there go without. Whatever answers is held to a bound.
 */

import type { ContainerReference, PodReference, Workload } from "../../values/workload.ts";
import { userOf } from "./cgroup-path.ts";
import { Recent } from "./recent.ts";

const CAPACITY = 4096;
const ASKED_AT_ONCE = 4;
const WAITING = 256;
/** What nobody knew may be known a little later; what somebody knew may have been renamed. */
const UNKNOWN_MS = 3000;
const KNOWN_MS = 300_000;

/** What a source adds to the identifiers. */
export interface Named {
  container?: Omit<Partial<ContainerReference>, "id">;
  pod?: Omit<PodReference, "uid">;
}

/** By the container's identifier, or the pod's as `podKey` writes it. */
export type NamesFound = Map<string, Named>;

export interface NameSource {
  /** What is known of one container, and whatever else comes along; of all without one. Rejects when nobody answers. */
  ask(container: string | undefined, end: AbortSignal): Promise<NamesFound>;
}

export interface NameSources {
  docker: NameSource;
  podman: NameSource;
  pods: NameSource;
}

export function podKey(uid: string): string {
  return `pod:${uid}`;
}

interface Known {
  named?: Named;
  /** When it is worth asking again. */
  again: number;
}

export class ContainerNames {
  readonly #sources: NameSources;
  readonly #now: () => number;
  readonly #known = new Recent<string, Known>(CAPACITY);
  readonly #waiting = new Map<string, Workload>();
  readonly #asking = new Set<string>();
  readonly #end = new AbortController();

  /** Is told when there are more names. */
  onLearned: () => void = () => {};

  constructor(sources: NameSources, now: () => number = () => performance.now()) {
    this.#sources = sources;
    this.#now = now;
  }

  /** Asks for all that run already. */
  async start(): Promise<void> {
    for (const source of Object.values(this.#sources)) this.#learn(await this.#ask(source, undefined));
  }

  /** The same with the names that are known by now. */
  of(workload: Workload): Workload {
    const key = keyOf(workload);
    if (key === undefined) return workload;
    const known = this.#known.get(key);
    if (known === undefined || known.again <= this.#now()) this.#want(key, workload);
    const named = known?.named ?? (workload.pod && this.#known.get(podKey(workload.pod.uid))?.named);
    if (named === undefined) return workload;
    return {
      ...workload,
      ...(workload.container === undefined ? {} : { container: { ...workload.container, ...named.container } }),
      ...(workload.pod === undefined ? {} : { pod: { ...workload.pod, ...named.pod } }),
    };
  }

  /** Nothing is asked or answered any more. */
  close(): void {
    this.#waiting.clear();
    this.#end.abort();
  }

  #want(key: string, workload: Workload): void {
    if (this.#end.signal.aborted || this.#asking.has(key) || this.#waiting.size >= WAITING) return;
    this.#waiting.set(key, workload);
    if (this.#asking.size < ASKED_AT_ONCE) void this.#work();
  }

  async #work(): Promise<void> {
    for (const [key, workload] of this.#waiting) {
      this.#waiting.delete(key);
      this.#asking.add(key);
      const again = this.#now() + UNKNOWN_MS;
      for (const source of this.#sourcesFor(workload)) this.#learn(await this.#ask(source, workload.container?.id));
      const known = this.#known.get(key);
      if (known === undefined || known.again < again) this.#known.set(key, { ...known, again });
      this.#asking.delete(key);
    }
  }

  #sourcesFor({ container, pod }: Workload): NameSource[] {
    const { docker, podman, pods } = this.#sources;
    if (pod !== undefined) return [pods];
    switch (container?.runtime) {
      case "docker":
        return [docker];
      case "podman":
        return [podman];
      case undefined:
        return [docker, podman];
      default:
        return [];
    }
  }

  /** One that is missing, slow or broken knows nothing. */
  #ask(source: NameSource, container: string | undefined): Promise<NamesFound> {
    return source.ask(container, this.#end.signal).catch(() => new Map());
  }

  #learn(found: NamesFound): void {
    for (const [key, named] of found) this.#known.set(key, { named, again: this.#now() + KNOWN_MS });
    if (found.size > 0) this.onLearned();
  }
}

/** Undefined where there is nothing to name, or where the names are a user's own choice. */
function keyOf(workload: Workload): string | undefined {
  if (userOf(workload) !== undefined || workload.container?.name !== undefined) return undefined;
  return workload.container?.id ?? (workload.pod && podKey(workload.pod.uid));
}
