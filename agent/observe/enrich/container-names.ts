/**
 * Looks up the names of containers and pods, when a control group is made and at the first event of a container. Events do not
 * wait: those before the answer have no names. Every source is limited in time and size.
 */

import type { ContainerReference, PodReference, Workload } from "../../values/workload.ts";
import { userOf } from "./cgroup-path.ts";
import { Recent } from "./recent.ts";

const CAPACITY = 4096;
const ASKED_AT_ONCE = 4;
const WAITING = 256;
/** A name that nobody knew may be known a little later, and a known one may have changed. */
const UNKNOWN_MS = 3000;
const KNOWN_MS = 300_000;

/** The names and labels that a source adds to the identifiers. */
export interface FoundNames {
  container?: Omit<Partial<ContainerReference>, "id">;
  pod?: Omit<PodReference, "uid">;
}

/** The names by the container's identifier, or by the pod's in the form of `podKey`. */
export type NamesFound = Map<string, FoundNames>;

export interface NameSource {
  /**
   * Returns the names of one container, and of others that come along; of all containers if none is given. Rejects when nobody
   * answers.
   */
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
  named?: FoundNames;
  /** The time from which it is worth asking again. */
  again: number;
}

export class ContainerNames {
  readonly #sources: NameSources;
  readonly #now: () => number;
  readonly #known = new Recent<string, Known>(CAPACITY);
  readonly #waiting = new Map<string, Workload>();
  readonly #asking = new Set<string>();
  readonly #end = new AbortController();

  /** Called when there are more names. */
  onLearned: () => void = () => {};

  constructor(sources: NameSources, now: () => number = () => performance.now()) {
    this.#sources = sources;
    this.#now = now;
  }

  /** Asks for all containers that run already. */
  async start(): Promise<void> {
    for (const source of Object.values(this.#sources)) this.#learn(await this.#ask(source, undefined));
  }

  /** Returns the workload with the names that are known by now. */
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

  /** Stops all requests and answers. */
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

  /** Asks a source. A source that is missing, slow or broken knows nothing. */
  #ask(source: NameSource, container: string | undefined): Promise<NamesFound> {
    return source.ask(container, this.#end.signal).catch(() => new Map());
  }

  #learn(found: NamesFound): void {
    for (const [key, named] of found) this.#known.set(key, { named, again: this.#now() + KNOWN_MS });
    if (found.size > 0) this.onLearned();
  }
}

/** Returns undefined if there is nothing to name, or if the names are a user's own choice. */
function keyOf(workload: Workload): string | undefined {
  if (userOf(workload) !== undefined || workload.container?.name !== undefined) return undefined;
  return workload.container?.id ?? (workload.pod && podKey(workload.pod.uid));
}
